//! One loop on its own thread that reads all targets: from disk as the kernel reports changes, and from the
//! engine's streams as they have bytes. It never blocks on a target, and stops reading when its memory is used up.

mod channel;
mod commands;
mod file_turn;
mod sink;
mod source;
mod turn;
mod watch;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub use channel::{Command, Commands, From, Opened, Report, Reports};
pub use sink::LANES;
pub use source::Socket;

use crate::batch::Batch;
use crate::budget::{Account, Budget};
use crate::pipeline::Pipeline;
use crate::position::Position;
use crate::wake::Waker;
use channel::Inbox;
use sink::{Sink, now};
use source::{Input, Source, first};
use turn::{CHUNK, TURN, Turn};
use watch::Watch;

/// The kernel may gather changes for this long: a loop for each line would cost more than the line.
const GATHER: Duration = Duration::from_millis(10);
/// A busy stream of the engine fills its socket faster than that.
const GATHER_BUSY: Duration = Duration::from_millis(1);
/// Bytes in a turn of the loop that make it busy.
const BUSY: usize = 16 * 1024;
/// Files are checked this often even without a report: the kernel may be unable to watch them, or have missed
/// something.
const SWEEP: Duration = Duration::from_secs(1);

/// Limits of the reader.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A batch is closed when its entries take this many bytes.
    pub batch_bytes: usize,
    /// And when its first entry is this old.
    pub batch_wait: Duration,
    /// Longer lines are cut, in bytes.
    pub line_bytes: usize,
    /// Files that were removed are held open for at most this many unread bytes a target.
    pub held_bytes: u64,
}

/// Where batches go. It must not block for long.
pub trait BatchSink: Send {
    /// Takes a batch of a lane.
    fn put(&mut self, lane: usize, batch: Batch);
    /// Moves lines of these accounts to disk, if there is room.
    fn make_room(&mut self, accounts: &[Account]);
    /// A target's file was rotated and is read: the engine deletes it sooner or later. Lines of the target that wait for an
    /// endpoint move to disk, if there is room. False: some are in memory alone, and this is to be asked again.
    fn rotated(&mut self, target: &Arc<str>) -> bool;
}

/// Reads all targets.
pub struct Reader<O> {
    limits: Limits,
    budget: Arc<Budget>,
    outlet: O,
    inbox: Inbox,
    sources: HashMap<u64, Source>,
    numbers: HashMap<Arc<str>, u64>,
    next_number: u64,
    ready: VecDeque<u64>,
    /// What could be read if its tenant had memory left.
    held_back: Vec<u64>,
    waiting: Vec<(Instant, u64)>,
    sink: Sink,
    watch: Watch,
    chunk: Vec<u8>,
    scratch: Vec<u8>,
    next_sweep: Instant,
    /// How long to let lines gather.
    gather: Duration,
    stopping: bool,
}

impl<O: BatchSink> Reader<O> {
    /// A reader without targets. `jobs`: the stages of each scrape job; `waker` wakes it when memory is free again.
    ///
    /// # Errors
    ///
    /// The kernel's limit of inotify instances or of open files is reached.
    pub fn new(
        limits: Limits,
        budget: Arc<Budget>,
        jobs: Vec<Option<Pipeline>>,
        outlet: O,
        waker: Waker,
    ) -> io::Result<(Self, Commands, Reports)> {
        let (commands, reports, inbox) = channel::channel(waker);
        let reader = Self {
            limits,
            budget,
            outlet,
            inbox,
            sources: HashMap::new(),
            numbers: HashMap::new(),
            next_number: 0,
            ready: VecDeque::new(),
            held_back: Vec::new(),
            waiting: Vec::new(),
            sink: Sink::new(jobs),
            watch: Watch::new()?,
            chunk: vec![0; CHUNK],
            scratch: Vec::new(),
            next_sweep: Instant::now() + SWEEP,
            gather: GATHER,
            stopping: false,
        };
        Ok((reader, commands, reports))
    }

    /// Reads until [`Command::Stop`]; then closes what is open.
    pub fn run(mut self) {
        while !self.stopping {
            self.sink.now = now();
            self.take_commands();
            self.sweep();
            self.take_changes();
            self.release();
            self.read_some();
            self.sink.flush();
            self.close_batches(false);
            self.wait();
        }
        self.close_batches(true);
    }

    /// What was held back gets its turn again: there may be memory now, or room on disk.
    fn release(&mut self) {
        if self.held_back.is_empty() {
            return;
        }
        let held_back = std::mem::take(&mut self.held_back);
        let mut accounts: Vec<Account> = Vec::new();
        for source in held_back.iter().filter_map(|number| self.sources.get(number)) {
            for account in &source.state.accounts {
                if !accounts.contains(account) {
                    accounts.push(account.clone());
                }
            }
        }
        // What is on its way to an endpoint stays in memory until it is there.
        self.outlet.make_room(&accounts);
        self.ready.extend(held_back);
    }

    /// How many bytes of a source may be read now; `None`: its tenant has used up its memory.
    fn allowance(&self, source: &Source) -> Option<usize> {
        let open = self.sink.open_bytes();
        let of = |account: &Account| self.budget.allowance(account.held() + self.sink.open_bytes_of(account), open);
        let accounts = &source.state.accounts;
        if accounts.is_empty() {
            return self.budget.allowance(0, open);
        }
        accounts.iter().map(of).min().flatten()
    }

    /// A turn for each source that has something to read, while there is memory.
    fn read_some(&mut self) {
        let mut turns = self.ready.len();
        let before = self.sink.open_bytes();
        self.gather = GATHER;
        while let Some(number) = self.ready.pop_front() {
            turns = turns.saturating_sub(1);
            let Some(source) = self.sources.get(&number) else { continue };
            let Some(allowance) = self.allowance(source) else {
                self.hold_back(number);
                if turns == 0 {
                    break;
                }
                continue;
            };
            let Some(source) = self.sources.get_mut(&number) else { continue };
            source.queued = false;
            let lane = source.state.lane();
            let turn = source.read(&mut self.sink, &mut self.chunk, &mut self.scratch, allowance.min(TURN));
            self.sink.note_accounts(&mut source.state);
            source.state.target.state.waits.store(matches!(turn, Turn::Wait(_)), Ordering::Relaxed);
            match turn {
                Turn::More => self.queue(number),
                Turn::Wait(until) => {
                    self.waiting.retain(|(_, waiting)| *waiting != number);
                    self.waiting.push((until, number));
                }
                Turn::Drained => self.drained(number),
                Turn::StreamEnded => self.stream_ended(number),
            }
            if self.sink.lanes[lane].open.bytes() >= self.enough() {
                self.close(lane);
            }
            if matches!(turn, Turn::Drained) && self.sink.open_bytes() > before + BUSY {
                self.gather = GATHER_BUSY;
            }
            if turns == 0 {
                break;
            }
        }
    }

    /// Its tenant has used up its memory. Where that is all in a batch that is filled, the batch does not wait for more.
    fn hold_back(&mut self, number: u64) {
        self.held_back.push(number);
        let Some(state) = self.sources.get(&number).map(|source| &source.state) else { return };
        state.target.state.waits.store(true, Ordering::Relaxed);
        let open = &self.sink.lanes[state.lane()].open;
        let lane = state.lane();
        if state.accounts.iter().any(|account| account.held() == 0 && open.bytes_of(account) > 0) {
            self.close(lane);
        }
    }

    /// A batch is closed while there is room for one more turn: its memory would double for a few lines. Each lane has
    /// room for one that is filled and one that is under way.
    fn enough(&self) -> usize {
        let most = self.limits.batch_bytes.min(self.budget.limit() / (2 * LANES));
        most.saturating_sub(CHUNK).max(most / 2)
    }

    fn queue(&mut self, number: u64) {
        if let Some(source) = self.sources.get_mut(&number)
            && !std::mem::replace(&mut source.queued, true)
        {
            self.ready.push_back(number);
        }
    }

    fn drained(&mut self, number: u64) {
        let Some(source) = self.sources.get_mut(&number) else { return };
        let Input::Files { log, .. } = &source.input else { return };
        source.state.target.state.unread.store(log.unread(), Ordering::Relaxed);
        if source.gone {
            self.finish(number);
        }
    }

    fn stream_ended(&mut self, number: u64) {
        let Some(source) = self.sources.get_mut(&number) else { return };
        let moment = source.state.marks.before(source.joiner.pending()).moment;
        self.inbox.report(Report::StreamEnded { key: source.state.target.key.clone(), moment });
        if source.gone {
            self.finish(number);
        }
    }

    /// Forgets a source that is gone, once nothing of it is held back; its position goes with the next batch of its
    /// lane.
    fn finish(&mut self, number: u64) {
        let Some(source) = self.sources.get(&number) else { return };
        if self.sink.held(&source.state).is_some() {
            return;
        }
        let lane = source.state.lane();
        self.close(lane);
        let Some(source) = self.sources.remove(&number) else { return };
        if let Input::Files { log, .. } = &source.input {
            self.watch.remove(log.path(), number);
        }
        let key = source.state.target.key.clone();
        self.numbers.remove(&key);
        self.outlet.put(lane, Batch { requests: Vec::new(), positions: vec![(key.clone(), None)] });
        self.inbox.report(Report::Finished { key });
    }

    fn take_changes(&mut self) {
        let mut changed = Vec::new();
        let complete = self.watch.changes(|change| changed.push(change));
        changed.dedup();
        for change in changed {
            if let Some(source) = self.sources.get_mut(&change.reader) {
                source.names_changed |= change.names;
            }
            self.queue(change.reader);
        }
        if !complete {
            self.next_sweep = self.sink.now.monotonic;
            self.sweep();
        }
        let now = self.sink.now.monotonic;
        let due: Vec<u64> = self.waiting.extract_if(.., |(until, _)| *until <= now).map(|(_, number)| number).collect();
        for number in due {
            self.queue(number);
        }
    }

    /// Looks at all files, now and then.
    fn sweep(&mut self) {
        if self.sink.now.monotonic < self.next_sweep {
            return;
        }
        self.next_sweep = self.sink.now.monotonic + SWEEP;
        let mut due = Vec::new();
        for (number, source) in &mut self.sources {
            source.look_after(self.limits.held_bytes);
            // One without a stream that is gone waits for its stages.
            if source.gone || matches!(source.input, Input::Files { .. }) {
                due.push(*number);
            }
        }
        for number in due {
            self.save_rotated(number);
            match self.sources.get(&number).map(|source| &source.input) {
                Some(Input::Engine(None)) => self.finish(number),
                _ => self.queue(number),
            }
        }
    }

    /// Closes the batches that are due, or all.
    fn close_batches(&mut self, all: bool) {
        for lane in 0..LANES {
            let open = &self.sink.lanes[lane].open;
            let old = open.since().is_some_and(|since| self.sink.now.monotonic >= since + self.limits.batch_wait);
            // What its stages dropped has no batch to go with.
            let touched = self.sink.lanes[lane].touched_since;
            let only_positions = touched.is_some_and(|since| self.sink.now.monotonic >= since + self.limits.batch_wait);
            if all || old || only_positions {
                self.close(lane);
            }
        }
    }

    fn close(&mut self, lane: usize) {
        let key = |number: u64| self.sources.get(&number).map(|source| source.state.target.key.clone());
        let (requests, touched) = self.sink.lanes[lane].close(key);
        let mut positions = Vec::with_capacity(touched.len());
        let mut left = Vec::new();
        for number in touched {
            let Some(source) = self.sources.get_mut(&number) else { continue };
            if source.state.left_file {
                left.push(number);
            }
            let held = first(source.joiner.pending(), self.sink.held(&source.state));
            let mark = source.state.marks.settle(held);
            let file = match &mut source.input {
                Input::Files { log, .. } => log.position_at(mark.place),
                Input::Engine(_) => None,
            };
            if mark.place > 0 {
                positions.push((source.state.target.key.clone(), Some(Position { file, moment: mark.moment })));
            }
            self.sink.settle(&mut source.state);
        }
        if !requests.is_empty() || !positions.is_empty() {
            self.outlet.put(lane, Batch { requests, positions });
        }
        for number in left {
            self.save_rotated(number);
        }
    }

    /// Has lines moved to disk whose file the engine may delete.
    fn save_rotated(&mut self, number: u64) {
        let Some(source) = self.sources.get_mut(&number) else { return };
        let state = &mut source.state;
        if state.left_file && self.outlet.rotated(&state.target.key) {
            state.left_file = false;
        }
    }

    /// Waits for something to do: a command, a change, bytes in a stream, or the next deadline.
    fn wait(&mut self) {
        if !self.ready.is_empty() {
            return;
        }
        let due = self.due();
        let timeout = due.saturating_duration_since(Instant::now());
        // Let some lines gather first.
        poll_all(&mut [PollFd::new(&self.inbox, PollFlags::IN)], timeout.min(self.gather));
        let timeout = due.saturating_duration_since(Instant::now());
        if timeout.is_zero() {
            return;
        }
        let mut fds = vec![PollFd::new(&self.inbox, PollFlags::IN), PollFd::new(&self.watch, PollFlags::IN)];
        let mut streams = Vec::new();
        for (number, source) in &self.sources {
            if let Input::Engine(Some(stream)) = &source.input
                && !self.waiting.iter().any(|(_, waiting)| waiting == number)
                && !self.held_back.contains(number)
            {
                fds.push(PollFd::from_borrowed_fd(stream.socket.fd(), PollFlags::IN));
                streams.push(*number);
            }
        }
        poll_all(&mut fds, timeout);
        let readable: Vec<u64> =
            fds[2..].iter().zip(streams).filter(|(fd, _)| !fd.revents().is_empty()).map(|(_, number)| number).collect();
        for number in readable {
            self.queue(number);
        }
    }

    /// The next deadline.
    fn due(&self) -> Instant {
        let batches = self.sink.lanes.iter().filter_map(|lane| Some(lane.open.since()? + self.limits.batch_wait));
        let waiting = self.waiting.iter().map(|(until, _)| *until);
        let positions = self.sink.lanes.iter().filter_map(|lane| Some(lane.touched_since? + self.limits.batch_wait));
        batches.chain(positions).chain(waiting).chain(self.sink.next_flush()).fold(self.next_sweep, Instant::min)
    }
}

fn poll_all(fds: &mut [PollFd<'_>], timeout: Duration) {
    // Rounded up, because the loop would otherwise run once more in vain.
    let timeout = Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(timeout.subsec_nanos()),
    };
    // An interrupted wait is a short one.
    let _ = poll(fds, Some(&timeout));
}

impl<O> std::fmt::Debug for Reader<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("sources", &self.sources.len()).finish_non_exhaustive()
    }
}
