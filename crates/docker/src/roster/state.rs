//! What to ask the engine next, and what has changed: values in, values out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::change::Change;
use super::selection::Selection;
use crate::backoff::Backoff;
use crate::container::ContainerDetails;
use crate::error::Error;
use crate::events::{EngineEvent, Turn};
use crate::timestamp::Timestamp;

/// How many containers are inspected at a time.
const AT_A_TIME: usize = 16;

/// What to ask the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// Its time.
    Now,
    /// The identifiers of the selected containers.
    List,
    /// One container; with `check`, only if the selection's filters let it through.
    Inspect { id: String, check: bool },
}

/// What the engine answered.
#[derive(Debug)]
pub(super) enum Answer {
    Now(Result<Timestamp, Error>),
    Listed(Result<Vec<String>, Error>),
    /// `None`: it is gone, or is not selected.
    Inspected(String, Result<Option<Box<ContainerDetails>>, Error>),
}

/// A container that is to be inspected, or is being inspected.
#[derive(Debug, Default)]
struct Look {
    /// The engine has listed it, so it is selected.
    listed: bool,
    /// Something happened to it after the request was sent.
    again: bool,
    /// It was removed after the request was sent.
    removed: bool,
    asked: bool,
}

/// What is known, and which requests are in flight.
#[derive(Debug)]
pub(super) struct State {
    selection: Selection,
    /// Containers that were reported and are not gone.
    members: BTreeSet<String>,
    looks: BTreeMap<String, Look>,
    /// The ids in `looks` for which no request has been sent yet.
    queue: VecDeque<String>,
    asked: usize,
    listing: bool,
    list_again: bool,
    /// Containers of the last listing that were not given out yet; `None`: all were.
    unseen: Option<BTreeSet<String>>,
    backoff: Backoff,
    /// How long the next question waits.
    pause: Duration,
    changes: VecDeque<Change>,
    questions: Vec<(Duration, Question)>,
}

impl State {
    /// Begins with the engine's time.
    pub(super) fn new(selection: Selection) -> Self {
        State {
            selection,
            members: BTreeSet::new(),
            looks: BTreeMap::new(),
            queue: VecDeque::new(),
            asked: 0,
            listing: false,
            list_again: false,
            unseen: None,
            backoff: Backoff::default(),
            pause: Duration::ZERO,
            changes: VecDeque::new(),
            questions: vec![(Duration::ZERO, Question::Now)],
        }
    }

    /// The next change.
    pub(super) fn next_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// What to ask now, each after a pause.
    pub(super) fn questions(&mut self) -> Vec<(Duration, Question)> {
        std::mem::take(&mut self.questions)
    }

    pub(super) fn turn(&mut self, turn: Turn) {
        match turn {
            Turn::Event(event) => self.event(event),
            Turn::Reconnected => {
                self.changes.push_back(Change::Reconnected);
                self.list();
            }
        }
    }

    pub(super) fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Now(Ok(time)) => {
                self.backoff.reset();
                self.changes.push_back(Change::Clock(time));
                self.list();
            }
            Answer::Now(Err(error)) => {
                self.failed(error);
                self.ask(Question::Now);
            }
            Answer::Listed(answer) => self.listed(answer),
            Answer::Inspected(id, answer) => self.inspected(id, answer),
        }
    }

    fn ask(&mut self, question: Question) {
        self.questions.push((std::mem::take(&mut self.pause), question));
    }

    fn failed(&mut self, error: Error) {
        self.changes.push_back(Change::Failed(error));
        self.pause = self.backoff.next();
    }

    fn list(&mut self) {
        if std::mem::replace(&mut self.listing, true) {
            self.list_again = true;
        } else {
            self.ask(Question::List);
        }
    }

    fn listed(&mut self, answer: Result<Vec<String>, Error>) {
        self.listing = false;
        let ids = match answer {
            Ok(ids) => ids,
            Err(error) => {
                self.failed(error);
                return self.list();
            }
        };
        self.backoff.reset();
        // The stream broke while the engine answered.
        if std::mem::take(&mut self.list_again) {
            return self.list();
        }
        let listed: BTreeSet<String> = ids.into_iter().collect();
        // A missing container is gone, or was started after the engine made its list, so it is inspected, too.
        let missing: Vec<String> = self.members.difference(&listed).cloned().collect();
        self.unseen = Some(self.members.union(&listed).cloned().collect());
        for id in missing {
            self.look(id, false);
        }
        for id in listed {
            self.look(id, true);
        }
        self.complete();
    }

    fn event(&mut self, event: EngineEvent) {
        let of_network = event.kind == "network";
        let id = if of_network { event.attributes.get("container").cloned() } else { Some(event.id.clone()) };
        let Some(id) = id.filter(|id| !id.is_empty()) else { return };
        if !self.members.contains(&id) && !self.looks.contains_key(&id) {
            // A network's event does not have the container's labels.
            if of_network || !self.selection.may_fit(&event.attributes) {
                return;
            }
        }
        let destroyed = event.action == "destroy";
        if !of_network {
            self.changes.push_back(Change::Happened(event));
        }
        if destroyed { self.removed(&id) } else { self.look(id, false) }
    }

    fn look(&mut self, id: String, listed: bool) {
        if let Some(look) = self.looks.get_mut(&id) {
            look.listed |= listed;
            look.again |= look.asked;
            return;
        }
        self.looks.insert(id.clone(), Look { listed, ..Look::default() });
        self.queue.push_back(id);
        self.ask_next();
    }

    fn ask_next(&mut self) {
        while self.asked < AT_A_TIME
            && let Some(id) = self.queue.pop_front()
        {
            let Some(look) = self.looks.get_mut(&id) else { continue };
            look.asked = true;
            let check = !look.listed && !self.members.contains(&id) && !self.selection.is_by_labels();
            self.asked += 1;
            self.ask(Question::Inspect { id, check });
        }
    }

    fn inspected(&mut self, id: String, answer: Result<Option<Box<ContainerDetails>>, Error>) {
        let look = self.looks.remove(&id).unwrap_or_default();
        self.asked -= 1;
        match answer {
            Err(error) => {
                self.failed(error);
                if look.removed {
                    self.removed(&id);
                    self.seen(&id);
                } else {
                    self.look(id, look.listed);
                }
            }
            Ok(found) => {
                self.backoff.reset();
                let selected = look.listed || self.members.contains(&id);
                match found.filter(|found| selected || self.selection.may_fit(&found.labels)) {
                    Some(found) => {
                        self.members.insert(id.clone());
                        self.changes.push_back(Change::Current(found));
                        if look.removed {
                            self.removed(&id);
                        } else if look.again {
                            self.look(id.clone(), false);
                        }
                    }
                    None => self.removed(&id),
                }
                self.seen(&id);
            }
        }
        self.ask_next();
        self.complete();
    }

    fn removed(&mut self, id: &str) {
        match self.looks.get_mut(id) {
            Some(look) if look.asked => look.removed = true,
            Some(_) => {
                self.looks.remove(id);
                self.seen(id);
            }
            None => {}
        }
        if !self.looks.contains_key(id) && self.members.remove(id) {
            self.changes.push_back(Change::Gone(id.to_owned()));
        }
    }

    fn seen(&mut self, id: &str) {
        if let Some(unseen) = &mut self.unseen {
            unseen.remove(id);
        }
    }

    fn complete(&mut self) {
        if self.unseen.as_ref().is_some_and(BTreeSet::is_empty) {
            self.unseen = None;
            self.changes.push_back(Change::Complete);
        }
    }
}

#[cfg(test)]
mod tests;
