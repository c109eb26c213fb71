//! The state of a simulated engine. What is done with each kind of thing is in the file of that kind.

use std::collections::BTreeMap;

use super::events::Events;
use super::model::{Container, Image, Network, Volume};
use super::refusal::{Refusal, Result};

/// All that an engine has.
#[derive(Debug, Clone, Default)]
pub(super) struct Daemon {
    pub(super) containers: Vec<Container>,
    pub(super) networks: Vec<Network>,
    pub(super) volumes: Vec<Volume>,
    pub(super) images: Vec<Image>,
    /// Commands for containers, by identifier: the container, and the words.
    pub(super) executions: BTreeMap<String, (String, Vec<String>)>,
    pub(super) events: Events,
    /// Health checks say nothing until the test does.
    pub(super) probes_late: bool,
    identifiers: u64,
}

impl Daemon {
    /// 64 hexadecimal digits that nothing else has.
    pub(super) fn new_id(&mut self) -> String {
        self.identifiers += 1;
        let seed = self.identifiers;
        (1..=4).map(|part| format!("{:016x}", scrambled(4 * seed + part))).collect()
    }

    /// The place of a container, found by identifier, name, or the beginning of the identifier.
    pub(super) fn find(&self, reference: &str) -> Result<usize> {
        let position = |fits: &dyn Fn(&Container) -> bool| self.containers.iter().position(fits);
        position(&|container| container.id == reference)
            .or_else(|| position(&|container| container.name == reference.trim_start_matches('/')))
            .or_else(|| position(&|container| !reference.is_empty() && container.id.starts_with(reference)))
            .ok_or_else(|| Refusal::no_container(reference))
    }

    pub(super) fn container(&self, reference: &str) -> Result<&Container> {
        self.find(reference).map(|at| &self.containers[at])
    }

    pub(super) fn image(&self, reference: &str) -> Option<&Image> {
        let last = reference.rsplit('/').next().unwrap_or_default();
        let tagged = if last.contains(':') { reference.to_owned() } else { format!("{reference}:latest") };
        self.images.iter().find(|image| image.name == tagged || image.id == reference)
    }
}

/// Digits that look random and are the same in each run (SplitMix64).
fn scrambled(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
