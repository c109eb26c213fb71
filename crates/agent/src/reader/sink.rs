//! Lines through their job's stages into the batch of their lane.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use wharf_loki::Labels;

use crate::batch::{OpenBatch, Request, Slot};
use crate::budget::{Account, Accounts};
use crate::lines::join::{Joiner, Line, Piece};
use crate::lines::marks::Marks;
use crate::lines::recent::Recent;
use crate::pipeline::{Entry, Now, Origin, Pipeline, TENANT_LABEL};
use crate::position::Skip;
use crate::target::Target;

/// The number of lanes, each with one request under way. All streams of a target are in one lane and so stay in order.
pub const LANES: usize = 4;

/// What the sink knows of a target.
#[derive(Debug)]
pub(super) struct TargetState {
    pub(super) target: Arc<Target>,
    /// The target's number; its remainder by [`LANES`] is the lane.
    pub(super) number: u64,
    pub(super) marks: Marks,
    pub(super) skip: Option<Skip>,
    pub(super) recent: Option<Recent>,
    slots: [Option<Slot>; 2],
    /// Those who paid for its lines last.
    pub(super) accounts: Vec<Account>,
    /// A rotated file was read to its end, and lines of it may be in memory alone.
    pub(super) left_file: bool,
    /// Whether the lane knows that the position has changed.
    touched: bool,
    lines: u64,
    bytes: u64,
}

impl TargetState {
    pub(super) fn new(target: Arc<Target>, number: u64, marks: Marks) -> Self {
        Self {
            target,
            number,
            marks,
            skip: None,
            recent: None,
            slots: [None, None],
            accounts: Vec::new(),
            left_file: false,
            touched: false,
            lines: 0,
            bytes: 0,
        }
    }

    /// Continues with other labels.
    pub(super) fn relabel(&mut self, target: Arc<Target>) {
        self.target = target;
        self.slots = [None, None];
    }

    pub(super) fn lane(&self) -> usize {
        (self.number % LANES as u64) as usize
    }

    /// Publishes the counts.
    pub(super) fn count(&mut self) {
        let state = &self.target.state;
        state.lines.fetch_add(std::mem::take(&mut self.lines), Ordering::Relaxed);
        state.bytes.fetch_add(std::mem::take(&mut self.bytes), Ordering::Relaxed);
        state.last.store(self.marks.newest().moment.time, Ordering::Relaxed);
    }
}

/// A lane: the batch that is filled, and whose positions it will carry.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) open: OpenBatch,
    touched: Vec<u64>,
    /// When the first of them changed.
    pub(super) touched_since: Option<Instant>,
    /// Targets whose position is held back.
    behind: Vec<u64>,
    /// Labels without the tenant's, cached.
    tenants: HashMap<Labels, (Arc<str>, Labels)>,
}

/// The stages of all jobs, and the lanes.
#[derive(Debug)]
pub(super) struct Sink {
    /// A pipeline for each job that has stages.
    pub(super) jobs: Vec<Option<Pipeline>>,
    pub(super) lanes: [Lane; LANES],
    accounts: Accounts,
    /// The time of this turn of the loop.
    pub(super) now: Now,
}

impl Sink {
    pub(super) fn new(jobs: Vec<Option<Pipeline>>) -> Self {
        Self { jobs, lanes: Default::default(), accounts: Accounts::default(), now: now() }
    }

    /// When the next line of a job may be handed on; `None`: now.
    pub(super) fn waits_until(&self, job: usize) -> Option<Instant> {
        let ready = self.jobs.get(job)?.as_ref()?.ready_at()?;
        (ready > self.now.monotonic).then_some(ready)
    }

    /// Hands on the lines that a piece completes.
    pub(super) fn piece(&mut self, joiner: &mut Joiner, state: &mut TargetState, piece: Piece<'_>) {
        let pending = joiner.pending().is_some();
        joiner.push(piece, |line| self.line(state, line, pending));
    }

    /// Hands on a line. `pending`: another line of the target began before it and has not ended.
    pub(super) fn line(&mut self, state: &mut TargetState, line: Line<'_>, pending: bool) {
        if state.skip.as_mut().is_some_and(|skip| !skip.is_new(line.time))
            || state
                .recent
                .as_mut()
                .is_some_and(|recent| !recent.is_new(line.time, line.stream, line.text, self.now.unix))
        {
            return;
        }
        state.lines += 1;
        state.bytes += line.text.len() as u64;
        if line.cut > 0 {
            state.target.state.cut.fetch_add(1, Ordering::Relaxed);
        }
        let lane = state.lane();
        if !state.touched {
            state.touched = true;
            self.lanes[lane].touched.push(state.number);
            self.lanes[lane].touched_since.get_or_insert(self.now.monotonic);
        }
        let stages = self.jobs.get_mut(state.target.job).and_then(Option::as_mut);
        state.marks.add(line.time, line.last, pending || stages.is_some());
        let Some(labels) = state.target.labels[line.stream as usize].as_ref() else { return };
        // Validating is several times as fast as a lossy conversion.
        let text = std::str::from_utf8(line.text).map_or_else(|_| String::from_utf8_lossy(line.text), Cow::Borrowed);
        let Some(stages) = stages else {
            let open = &mut self.lanes[lane].open;
            let slot = &mut state.slots[line.stream as usize];
            let at = slot.filter(|slot| open.has(*slot)).unwrap_or_else(|| open.slot(None, labels, &mut self.accounts));
            *slot = Some(at);
            return open.push::<&str, &str>(at, state.number, self.now.monotonic, line.time, &text, &[]);
        };
        let origin = Origin { target: state.number, first: line.first, last: line.last };
        let entry = Entry::new(line.time, text, labels.clone(), origin);
        let (lanes, accounts, now) = (&mut self.lanes, &mut self.accounts, self.now);
        stages.process(entry, now, &mut |entry| lanes[lane_of(&entry)].push(entry, accounts, now.monotonic));
    }

    /// Hands on what stages have held back for long enough.
    pub(super) fn flush(&mut self) {
        let (lanes, accounts, now) = (&mut self.lanes, &mut self.accounts, self.now);
        for stages in self.jobs.iter_mut().flatten() {
            if stages.next_deadline().is_some_and(|deadline| deadline <= now.monotonic) {
                stages.flush(now, &mut |entry| lanes[lane_of(&entry)].push(entry, accounts, now.monotonic));
            }
        }
    }

    /// When [`flush`](Self::flush) has something to do.
    pub(super) fn next_flush(&self) -> Option<Instant> {
        self.jobs.iter().flatten().filter_map(Pipeline::next_deadline).min()
    }

    /// The start of the first line that the target's stages hold back.
    pub(super) fn held(&self, state: &TargetState) -> Option<u64> {
        self.jobs.get(state.target.job)?.as_ref()?.held(state.number)
    }

    /// Bytes in the batches that are filled.
    pub(super) fn open_bytes(&self) -> usize {
        self.lanes.iter().map(|lane| lane.open.bytes()).sum()
    }

    /// Bytes in the batches that are filled, which an account pays for.
    pub(super) fn open_bytes_of(&self, account: &Account) -> usize {
        self.lanes.iter().map(|lane| lane.open.bytes_of(account)).sum()
    }

    /// After a turn of the target: notes who pays for its lines.
    pub(super) fn note_accounts(&self, state: &mut TargetState) {
        let mut now = self.lanes[state.lane()].open.accounts_of(state.number).peekable();
        if now.peek().is_some() {
            state.accounts.clear();
            state.accounts.extend(now.cloned());
        }
    }

    /// The target's position is in the batch that is closed now; that of held-back lines follows in a later one.
    pub(super) fn settle(&mut self, state: &mut TargetState) {
        state.touched = false;
        if state.marks.is_behind() {
            self.lanes[state.lane()].behind.push(state.number);
        }
    }
}

fn lane_of(entry: &Entry<'_>) -> usize {
    (entry.origin.target % LANES as u64) as usize
}

impl Lane {
    /// Takes the gathered lines, and the targets whose positions change with them.
    /// `key` gives the key of a target by its number.
    pub(super) fn close(&mut self, key: impl Fn(u64) -> Option<Arc<str>>) -> (Vec<Request>, Vec<u64>) {
        let requests = self.open.close(key);
        let mut touched = std::mem::take(&mut self.touched);
        self.touched_since = None;
        if !requests.is_empty() {
            touched.append(&mut self.behind);
            touched.sort_unstable();
            touched.dedup();
        }
        (requests, touched)
    }

    fn push(&mut self, entry: Entry<'_>, accounts: &mut Accounts, now: Instant) {
        let slot = match entry.labels.get(TENANT_LABEL) {
            None => self.open.slot(None, &entry.labels, accounts),
            Some(tenant) => {
                if !self.tenants.contains_key(&entry.labels) {
                    // As many as there are streams, unless a label changes with each line.
                    if self.tenants.len() > 10_000 {
                        self.tenants.clear();
                    }
                    let labels = entry.labels.filtered(|name, _| name != TENANT_LABEL);
                    self.tenants.insert(entry.labels.clone(), (Arc::from(tenant), labels));
                }
                let (tenant, labels) = &self.tenants[&entry.labels];
                self.open.slot(Some(tenant), labels, accounts)
            }
        };
        let target = entry.origin.target;
        self.open.push(slot, target, now, entry.timestamp, &entry.line, &entry.structured_metadata);
    }
}

/// The time by both clocks.
pub(super) fn now() -> Now {
    let unix = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Now { unix: i64::try_from(unix.as_nanos()).unwrap_or(i64::MAX), monotonic: Instant::now() }
}
