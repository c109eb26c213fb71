//! `sampling`: a random share of the entries stays.

use std::hash::{BuildHasher, RandomState};

use super::super::entry::Entry;
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::parts::{DropCounter, Parts};
use super::super::stage::{Edit, Verdict};
use crate::yaml::Node;

#[derive(Debug)]
struct Sampling {
    drops: DropCounter,
    rate: f64,
    /// xorshift64*.
    random: u64,
}

pub(super) fn new(node: &Node, parts: &Parts) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::weak(node);
    let rate = fields.number("rate").unwrap_or_default();
    if !(0.0..=1.0).contains(&rate) {
        fields.fail("rate", "`rate` must be between 0 and 1");
    }
    let reason = fields.text("drop_counter_reason").filter(|reason| !reason.is_empty());
    let drops = parts.drops.counter(reason.as_deref().unwrap_or("sampling_stage"));
    let random = RandomState::new().hash_one(0) | 1;
    fields.complete(Some(Sampling { drops, rate, random }))
}

impl Edit for Sampling {
    fn edit(&mut self, _: &mut Entry<'_>, _: Now) -> Verdict {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        // The upper 53 bits, as a number from 0 up to 1.
        let number = (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64;
        if number < self.rate {
            return Verdict::Keep;
        }
        self.drops.count();
        Verdict::Drop
    }
}
