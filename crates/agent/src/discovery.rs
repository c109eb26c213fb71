//! Discovers targets, and notices when one appears or disappears.

pub mod docker;
pub mod files;
pub mod meta;
mod silence;

use std::sync::Arc;

use wharf_loki::Labels;

use crate::lines::Stream;
use crate::relabel::Rules;
use crate::target::Target;

/// How the labels of a job's targets are made.
#[derive(Debug, Clone)]
pub enum Labelling {
    /// By Prometheus' rules. Names that start with `__` are removed afterwards.
    Rules(Rules),
    /// Defaults without configuration: `service_name`, `container`, `stream`, `compose_project`, `compose_service`.
    Defaults,
}

impl Labelling {
    /// A target with its labels, which are fixed for both streams. `None` if the rules drop it.
    pub fn target(&self, key: Arc<str>, name: String, job: usize, discovered: Labels) -> Option<Target> {
        let labels = [Stream::Stdout, Stream::Stderr].map(|stream| self.labels(&discovered, stream));
        if labels.iter().all(Option::is_none) {
            return None;
        }
        Some(Target { key, name, job, discovered, labels, state: Default::default() })
    }

    fn labels(&self, discovered: &Labels, stream: Stream) -> Option<Labels> {
        match self {
            Labelling::Rules(rules) => {
                let labels = rules.apply(&discovered.with(meta::STREAM, stream.name()))?;
                Some(labels.filtered(|name, value| !name.starts_with("__") && !value.is_empty()))
            }
            Labelling::Defaults => Some(meta::defaults(discovered, stream)),
        }
    }
}
