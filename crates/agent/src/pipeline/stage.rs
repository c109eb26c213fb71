//! What a stage is, and how stages follow one another.

use std::fmt;
use std::time::Instant;

use super::entry::Entry;
use super::now::Now;

/// Where entries go.
pub(super) type Out<'o> = dyn FnMut(Entry<'_>) + 'o;

/// What becomes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    Drop,
}

/// A stage that changes an entry or drops it, one by one.
pub(super) trait Edit: fmt::Debug + Send {
    fn edit(&mut self, entry: &mut Entry<'_>, now: Now) -> Verdict;

    /// When the next entry may be given.
    fn ready_at(&self) -> Option<Instant> {
        None
    }
}

/// A stage that may hold entries, or has stages inside.
pub(super) trait Flow: fmt::Debug + Send {
    fn process(&mut self, entry: Entry<'_>, now: Now, out: &mut Out<'_>);

    /// Gives out what was held for long enough; all, at the end of the input.
    fn flush(&mut self, all: bool, now: Now, out: &mut Out<'_>);

    /// When [`flush`](Self::flush) has something to do.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// The lowest `Origin::first` that is held of a target.
    fn held(&self, target: u64) -> Option<u64>;

    /// When the next entry may be given.
    fn ready_at(&self) -> Option<Instant> {
        None
    }
}

#[derive(Debug)]
pub(super) enum Stage {
    Edit(Box<dyn Edit>),
    Flow(Box<dyn Flow>),
}

/// Stages one after the other.
#[derive(Debug, Default)]
pub(super) struct Chain(pub(super) Vec<Stage>);

impl Chain {
    /// Runs an entry through all stages, its labels copied into the extracted map first.
    pub(super) fn process(&mut self, mut entry: Entry<'_>, now: Now, out: &mut Out<'_>) {
        entry.extracted.copy_labels(&entry.labels);
        run(&mut self.0, entry, now, out);
    }

    pub(super) fn flush(&mut self, all: bool, now: Now, out: &mut Out<'_>) {
        let mut stages = self.0.as_mut_slice();
        while let Some((stage, rest)) = stages.split_first_mut() {
            if let Stage::Flow(flow) = stage {
                flow.flush(all, now, &mut |entry| run(rest, entry, now, out));
            }
            stages = rest;
        }
    }

    fn flows(&self) -> impl Iterator<Item = &dyn Flow> {
        self.0.iter().filter_map(|stage| match stage {
            Stage::Flow(flow) => Some(&**flow),
            Stage::Edit(_) => None,
        })
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.flows().filter_map(Flow::next_deadline).min()
    }

    pub(super) fn held(&self, target: u64) -> Option<u64> {
        self.flows().filter_map(|flow| flow.held(target)).min()
    }

    pub(super) fn ready_at(&self) -> Option<Instant> {
        let ready = |stage: &Stage| match stage {
            Stage::Edit(edit) => edit.ready_at(),
            Stage::Flow(flow) => flow.ready_at(),
        };
        self.0.iter().filter_map(ready).max()
    }
}

fn run(stages: &mut [Stage], mut entry: Entry<'_>, now: Now, out: &mut Out<'_>) {
    let mut stages = stages;
    while let Some((stage, rest)) = stages.split_first_mut() {
        match stage {
            Stage::Edit(edit) => {
                if edit.edit(&mut entry, now) == Verdict::Drop {
                    return;
                }
            }
            Stage::Flow(flow) => return flow.process(entry, now, &mut |entry| run(rest, entry, now, out)),
        }
        stages = rest;
    }
    out(entry);
}
