//! The roster: which containers there are, and what they do, kept up by the engine's events.
//!
//! The selected containers are listed and inspected. After that, each one is inspected again when something happens to
//! it, and nothing is polled. If the event stream breaks, it is opened again and everything is inspected again, so the
//! reported state becomes correct even if the engine has forgotten events. A container that was created and never
//! started is reported by the first listing, or else when it is started.
//!
//! ```no_run
//! # async fn example(engine: wharf_docker::Engine) {
//! use futures_util::StreamExt;
//! use wharf_docker::labels::{self, selector};
//! use wharf_docker::roster::{Change, Selection, follow};
//!
//! let shop = Selection::with_labels([selector(labels::PROJECT, "shop")]);
//! let mut changes = std::pin::pin!(follow(engine, shop));
//! while let Some(change) = changes.next().await {
//!     match change {
//!         Change::Current(container) => println!("{} is {:?}", container.name, container.state.status),
//!         Change::Gone(id) => println!("{id} is gone"),
//!         _ => {}
//!     }
//! }
//! # }
//! ```

mod change;
mod selection;
mod state;

use std::collections::HashMap;
use std::time::Duration;

use bollard::query_parameters::ListContainersOptionsBuilder;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, FuturesUnordered};
use futures_util::{FutureExt, Stream, StreamExt, stream};

use crate::container::inspect;
use crate::engine::Engine;
use crate::error::Error;
use crate::events::{Turn, follow_events, now};
use crate::timestamp::Timestamp;

pub use change::Change;
pub use selection::Selection;
use state::{Answer, Question, State};

/// Events after which a container is another one. The engine leaves out what health checks and `exec` do.
const EVENTS: [&str; 11] = [
    "start",
    "die",
    "destroy",
    "pause",
    "unpause",
    "rename",
    "update",
    "health_status",
    "oom",
    "connect",
    "disconnect",
];

/// Follows the selected containers. The stream never ends; drop it to stop.
pub fn follow(engine: Engine, selection: Selection) -> impl Stream<Item = Change> + Send {
    let follower = Follower {
        engine,
        state: State::new(selection.clone()),
        selection,
        events: stream::pending().boxed(),
        questions: FuturesUnordered::new(),
    };
    stream::unfold(follower, |mut follower| async move {
        loop {
            if let Some(change) = follower.state.next_change() {
                return Some((change, follower));
            }
            follower.step().await;
        }
    })
}

struct Follower {
    engine: Engine,
    state: State,
    selection: Selection,
    events: BoxStream<'static, Turn>,
    questions: FuturesUnordered<BoxFuture<'static, Answer>>,
}

impl Follower {
    async fn step(&mut self) {
        for (pause, question) in self.state.questions() {
            self.questions.push(ask(self.engine.clone(), self.selection.clone(), pause, question).boxed());
        }
        tokio::select! {
            Some(turn) = self.events.next() => self.state.turn(turn),
            Some(answer) = self.questions.next() => {
                if let Answer::Now(Ok(since)) = &answer {
                    self.follow_events(*since);
                }
                self.state.answer(answer);
            }
        }
    }

    fn follow_events(&mut self, since: Timestamp) {
        let strings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let filters = HashMap::from([
            ("type".to_owned(), strings(&["container", "network"])),
            ("event".to_owned(), strings(&EVENTS)),
        ]);
        self.events = follow_events(self.engine.clone(), filters, since).boxed();
    }
}

async fn ask(engine: Engine, selection: Selection, pause: Duration, question: Question) -> Answer {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    match question {
        Question::Now => Answer::Now(now(&engine).await),
        Question::List => Answer::Listed(list(&engine, &selection).await),
        Question::Inspect { id, check: false } => {
            let found = inspect(&engine, &id).await;
            Answer::Inspected(id, found.map(|found| found.map(Box::new)))
        }
        Question::Inspect { id, check: true } => {
            let (listed, found) = tokio::join!(listed(&engine, &selection, Some(&id)), inspect(&engine, &id));
            let found = listed.and_then(|listed| Ok(found?.filter(|_| !listed.is_empty()).map(Box::new)));
            Answer::Inspected(id, found)
        }
    }
}

/// The identifiers of the selected containers, running or not (Engine API `GET /containers/json`).
///
/// # Errors
/// If the request fails.
pub async fn list(engine: &Engine, selection: &Selection) -> Result<Vec<String>, Error> {
    listed(engine, selection, None).await
}

async fn listed(engine: &Engine, selection: &Selection, id: Option<&str>) -> Result<Vec<String>, Error> {
    let options = ListContainersOptionsBuilder::new().all(true).filters(&selection.filters(id)).build();
    let listed = engine.docker().list_containers(Some(options)).await?;
    Ok(listed.into_iter().filter_map(|container| container.id).collect())
}
