//! Label sets that follow from others, remembered: an entry costs a look-up where it would cost a new set.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;
use wharf_loki::Labels;

/// How many steps are remembered; a newer one takes an older one's place.
const SLOTS: usize = 1024;

/// Steps from a set to another: set a label, or keep some.
#[derive(Debug, Default)]
pub(super) struct Interner(Vec<Option<Step>>);

#[derive(Debug, Clone)]
struct Step {
    /// Kept, so that no other set can come to its address.
    from: Labels,
    what: u32,
    text: Box<str>,
    to: Labels,
}

impl Interner {
    /// The set that a step leads to; `make` is called where the step is not remembered, and must depend on `from`, `what`
    /// and `text` alone.
    pub(super) fn step(&mut self, from: &Labels, what: u32, text: &str, make: impl FnOnce() -> Labels) -> Labels {
        if self.0.is_empty() {
            self.0.resize(SLOTS, None);
        }
        let mut hasher = FxHasher::default();
        (from.address(), what, text).hash(&mut hasher);
        let slot = &mut self.0[hasher.finish() as usize % SLOTS];
        match slot {
            Some(step) if step.from.address() == from.address() && step.what == what && *step.text == *text => {
                step.to.clone()
            }
            _ => {
                let to = make();
                *slot = Some(Step { from: from.clone(), what, text: text.into(), to: to.clone() });
                to
            }
        }
    }
}
