//! How the reader carries out commands.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::channel::{Command, From, Opened, Report};
use super::sink::{LANES, TargetState};
use super::source::{EngineStream, Input, Source};
use super::{BatchSink, Reader};
use crate::lines::files::{Found, LogFiles};
use crate::lines::join::Joiner;
use crate::lines::marks::Marks;
use crate::lines::recent::Recent;
use crate::position::{Position, Skip};
use crate::target::Target;

impl<O: BatchSink> Reader<O> {
    pub(super) fn take_commands(&mut self) {
        for command in self.inbox.take() {
            match command {
                Command::Add(target, from, position) => self.add(target, from, position),
                Command::Attach(key, opened) => self.attach(&key, opened),
                Command::Detach(key) => self.detach(&key),
                Command::Relabel(target) => self.relabel(target),
                Command::Ended(key) => self.mark(&key, |source| source.ended = true),
                Command::Gone(key) => self.mark(&key, |source| (source.ended, source.gone) = (true, true)),
                Command::Stop => self.stopping = true,
            }
        }
    }

    fn add(&mut self, target: Arc<Target>, from: From, position: Option<Position>) {
        if self.numbers.contains_key(&target.key) {
            return;
        }
        let number = self.number(&target.key);
        let (log, plain, rotation) = match &from {
            From::Engine => return self.insert(number, target, Input::Engine(None), position, 0),
            From::Records(path, rotation) => (path, false, *rotation),
            From::Plain(path) => (path, true, None),
        };
        // Watch first: else a rotation in between would go unseen.
        let watched = self.watch.add(log, number);
        let file = position.as_ref().and_then(|position| position.file.as_ref());
        let (log, found) = match LogFiles::open(log, !plain, file) {
            Ok(opened) => opened,
            Err(error) => {
                self.watch.remove(log, number);
                return self.inbox.report(Report::CannotOpen { key: target.key.clone(), error });
            }
        };
        if found == Found::Gone {
            tracing::warn!(target_name = target.name, "the file that was read last is gone: its unread lines are lost");
        }
        if !watched {
            tracing::debug!(
                target_name = target.name,
                "the folder cannot be watched: the file is checked every second"
            );
        }
        target.state.on_disk.store(true, Ordering::Relaxed);
        let place = log.place();
        self.insert(number, target, Input::Files { log, plain, rotation }, position, place);
    }

    fn insert(&mut self, number: u64, target: Arc<Target>, input: Input, position: Option<Position>, place: u64) {
        let moment = position.as_ref().map(|position| position.moment).unwrap_or_default();
        self.numbers.insert(target.key.clone(), number);
        let mut state = TargetState::new(target, number, Marks::from(moment, place));
        match &input {
            Input::Engine(_) => state.recent = Some(Recent::default()),
            // A position by time alone: it was read through the engine before.
            Input::Files { plain: false, .. } if position.is_some_and(|position| position.file.is_none()) => {
                state.skip = Some(Skip::new(moment));
            }
            Input::Files { .. } => {}
        }
        let joiner = Joiner::new(self.limits.line_bytes);
        let source = Source { input, joiner, state, ended: false, gone: false, queued: false, names_changed: false };
        self.sources.insert(number, source);
        self.queue(number);
    }

    fn attach(&mut self, key: &str, opened: Opened) {
        let Some(source) = self.numbers.get(key).and_then(|number| self.sources.get_mut(number)) else { return };
        let next = source.state.marks.newest().place.max(source.joiner.pending().unwrap_or(0)) + 1;
        source.joiner.clear();
        source.state.skip = Some(Skip::new(opened.after));
        source.input = Input::Engine(Some(EngineStream::new(opened.socket, opened.terminal, opened.begun, next)));
        let number = source.state.number;
        self.queue(number);
    }

    fn detach(&mut self, key: &str) {
        let Some(number) = self.numbers.get(key).copied() else { return };
        let Some(source) = self.sources.get_mut(&number) else { return };
        if matches!(source.input, Input::Engine(Some(_))) {
            source.input = Input::Engine(None);
            self.stream_ended(number);
        }
    }

    fn relabel(&mut self, target: Arc<Target>) {
        let number = self.numbers.get(&target.key).copied();
        if let Some(source) = number.and_then(|number| self.sources.get_mut(&number)) {
            source.state.relabel(target);
        }
    }

    fn mark(&mut self, key: &str, change: impl FnOnce(&mut Source)) {
        let Some(number) = self.numbers.get(key).copied() else { return };
        let Some(source) = self.sources.get_mut(&number) else { return };
        change(source);
        let at_end = matches!(source.input, Input::Engine(None));
        if at_end && source.gone {
            return self.finish(number);
        }
        self.queue(number);
    }

    /// A number whose remainder by [`LANES`] depends on the key alone: after a restart, too.
    fn number(&mut self, key: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        self.next_number += 1;
        self.next_number * LANES as u64 + hasher.finish() % LANES as u64
    }
}
