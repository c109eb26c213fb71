//! `docker`: the lines of Docker's `json-file` logs. Joins no partial lines, as in Promtail.

use std::time::Instant;

use super::super::entry::Entry;
use super::super::now::Now;
use super::super::parts::Parts;
use super::super::stage::{Chain, Flow, Out};
use crate::yaml;

/// The stages that this one is short for.
const STAGES: &str = "
- json: {expressions: {output: log, stream: stream, timestamp: time}}
- labels: {stream: }
- timestamp: {source: timestamp, format: RFC3339Nano}
- output: {source: output}
";

#[derive(Debug)]
struct Docker(Chain);

pub(super) fn new() -> impl Flow {
    Docker(fixed(STAGES))
}

/// Stages that are part of the program.
pub(super) fn fixed(stages: &str) -> Chain {
    let node = yaml::read(stages).expect("the stages are YAML");
    super::chain(&node, &mut Parts::default()).expect("the stages are right")
}

impl Flow for Docker {
    fn process(&mut self, entry: Entry<'_>, now: Now, out: &mut Out<'_>) {
        self.0.process(entry, now, out);
    }

    fn flush(&mut self, all: bool, now: Now, out: &mut Out<'_>) {
        self.0.flush(all, now, out);
    }

    fn held(&self, target: u64) -> Option<u64> {
        self.0.held(target)
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.0.next_deadline()
    }
}
