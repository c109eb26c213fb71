//! The words for what happens while a plan is carried out. The orchestrator reports it as values.

use std::collections::HashMap;

use serde::Serialize;
use wharf_orchestrator::Plan;
use wharf_orchestrator::event::{Act, Event, HookPoint, Outcome, Progress, Subject, Until};
use wharf_orchestrator::plan::{ContainerAct, ContainerStep, Step};
use wharf_orchestrator::watch::Notice;

use crate::screen::plain;

/// A longer command line is cut.
const LONGEST_PROCESS: usize = 60;

/// `Container shop-web-1`.
pub(crate) fn subject(subject: &Subject) -> String {
    format!("{} {}", kind(subject), plain::one_line(subject.name()))
}

/// `Container`.
pub(crate) fn kind(subject: &Subject) -> &'static str {
    match subject {
        Subject::Image(_) => "Image",
        Subject::Network(_) => "Network",
        Subject::Volume(_) => "Volume",
        Subject::Container(_) => "Container",
        Subject::Service(_) => "Service",
    }
}

/// What a line about the event says: `Starting`, `Started`, a line of output, a reason.
pub(crate) fn text(event: &Event) -> String {
    match &event.progress {
        Progress::Working => doing(event.act).to_owned(),
        Progress::Output { text } | Progress::Hook { text, .. } => text.clone(),
        // A step of a build that has begun.
        Progress::Part(part) if part.status.is_empty() => part.name.clone(),
        Progress::Part(part) => format!("{}: {}", part.name, part.status),
        Progress::Done(outcome) => ended(event.act, outcome),
        // The reason is said once, by the error of the command.
        Progress::Failed { .. } => "Error".to_owned(),
    }
}

/// What an event is part of, by its plan: why something that was there does not stay as it is, and names that containers have
/// only for a while.
#[derive(Debug, Default)]
pub(crate) struct Background {
    causes: HashMap<usize, String>,
    names: HashMap<String, String>,
}

impl Background {
    pub(crate) fn of(plan: &Plan) -> Self {
        let nodes = || plan.nodes().iter().enumerate();
        let news = nodes().filter(|(_, node)| node.cause().is_news());
        let names = plan.steps().filter_map(|step| match step {
            Step::Container(ContainerStep { name, act: ContainerAct::Rename { from } }) => {
                Some((from.clone(), name.clone()))
            }
            _ => None,
        });
        Background {
            causes: news
                .map(|(number, node)| (number, plain::one_line(&node.cause().to_string()).into_owned()))
                .collect(),
            names: names.collect(),
        }
    }

    /// Why the step is done, if that is news.
    pub(crate) fn cause(&self, event: &Event) -> Option<&str> {
        self.causes.get(&event.step).map(String::as_str)
    }

    /// The event with the name that the container gets in the end.
    pub(crate) fn named(&self, event: Event) -> Event {
        Event { subject: self.subject(event.subject, event.act), ..event }
    }

    /// The same for what a step is about.
    pub(crate) fn subject(&self, subject: Subject, act: Act) -> Subject {
        match (&subject, act) {
            (Subject::Container(name), Act::Create | Act::Recreate) => {
                self.names.get(name).cloned().map_or(subject, Subject::Container)
            }
            _ => subject,
        }
    }
}

/// The event as one line of plain text.
pub(crate) fn plain(event: &Event, cause: Option<&str>) -> String {
    let cause = cause.filter(|_| matches!(event.progress, Progress::Working));
    let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
    format!(" {}  {}{cause}", subject(&event.subject), text(event))
}

/// The event as one line of JSON: docker compose's keys `id`, `status` and `text`, and more of wharf's own.
pub(crate) fn json(event: &Event, cause: Option<&str>) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        id: String,
        /// What is said of the object as long as the step lasts, and at its end.
        status: String,
        /// What is known beyond that: why it is done, a line of output, the reason of a failure.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
        step: usize,
        state: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        service: Option<&'a str>,
        /// The part of the work that this is about, and how many bytes of it are done.
        #[serde(skip_serializing_if = "Option::is_none")]
        part: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        current: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    }
    let working = || doing(event.act).to_owned();
    let part = match &event.progress {
        Progress::Part(part) => Some(part),
        _ => None,
    };
    let (state, status, text, service) = match &event.progress {
        Progress::Working => ("working", working(), cause, None),
        Progress::Output { text } => ("output", working(), Some(text.as_str()), None),
        Progress::Hook { service, text } => ("hook", working(), Some(text.as_str()), Some(service.as_str())),
        Progress::Part(part) => {
            ("part", working(), Some(part.status.as_str()).filter(|status| !status.is_empty()), None)
        }
        Progress::Done(outcome) => ("done", ended(event.act, outcome), None, None),
        Progress::Failed { message } => ("failed", "Error".to_owned(), Some(message.as_str()), None),
    };
    let amount = part.and_then(|part| part.amount);
    let line = Line {
        id: subject(&event.subject),
        status,
        text,
        step: event.step,
        state,
        service,
        part: part.map(|part| part.name.as_str()),
        current: amount.map(|amount| amount.done),
        total: amount.map(|amount| amount.total),
    };
    serde_json::to_string(&line).unwrap_or_default()
}

/// What there is to say about a watch, as a line for people.
pub(crate) fn notice(notice: &Notice) -> String {
    match notice {
        Notice::Watching { services } => format!("Watching the files of {}", services.join(", ")),
        Notice::Stopped => "Watching no more".to_owned(),
        Notice::Gone { project } => {
            format!("The containers of {project} have been removed, so nothing is watched any more")
        }
    }
}

/// The same as a line of JSON.
pub(crate) fn notice_json(notice: &Notice) -> String {
    let (status, text) = match notice {
        Notice::Watching { services } => ("Watching", services.join(", ")),
        Notice::Stopped => ("Stopped", String::new()),
        Notice::Gone { project } => ("Gone", project.clone()),
    };
    serde_json::json!({ "id": "Watch", "status": status, "text": text }).to_string()
}

/// What there is to say about the event when all is done: why something took long, and what would help.
pub(crate) fn advice(event: &Event) -> Option<String> {
    let Progress::Done(Outcome::IgnoredSignal { process, signal, seconds, has_init }) = &event.progress else {
        return None;
    };
    let process = plain::one_line(process);
    let short: String = process.chars().take(LONGEST_PROCESS).collect();
    let short = if short.len() < process.len() { format!("{short}...") } else { short };
    let name = plain::one_line(event.subject.name());
    let way_out = match has_init {
        true => "`stop_signal` can name a signal that it heeds",
        false => "`init: true` in its service makes an init pass signals on, or `stop_signal` names one that it heeds",
    };
    Some(format!("{name}: `{short}` ignored {signal} and was killed after {seconds} s; {way_out}"))
}

pub(crate) fn doing(act: Act) -> &'static str {
    match act {
        Act::Pull => "Pulling",
        Act::Push => "Pushing",
        Act::Build => "Building",
        Act::Create => "Creating",
        Act::Recreate => "Recreating",
        Act::Rename => "Renaming",
        Act::Start => "Starting",
        Act::RunInitContainer => "Running pre_start",
        Act::RunHook(HookPoint::PostStart) => "Running post_start",
        Act::RunHook(HookPoint::PreStop) => "Running pre_stop",
        Act::Await(_) => "Waiting",
        Act::Stop => "Stopping",
        Act::Restart => "Restarting",
        Act::Kill => "Killing",
        Act::Pause => "Pausing",
        Act::Unpause => "Unpausing",
        Act::Commit => "Committing",
        Act::CopyInto => "Copying",
        Act::Sync => "Syncing",
        Act::Exec => "Running exec",
        Act::Remove => "Removing",
    }
}

fn ended(act: Act, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done | Outcome::IgnoredSignal { .. } => done(act).to_owned(),
        Outcome::AlreadyGone => "Already gone".to_owned(),
        Outcome::NotRunning => "Not running".to_owned(),
        Outcome::Running => "Running".to_owned(),
        Outcome::StillInUse => "Still in use, left alone".to_owned(),
        Outcome::HasStaleEndpoints => {
            "Not removed: the engine keeps endpoints of containers that are gone. Restart the \
             engine, or name the container to `docker network disconnect --force NETWORK CONTAINER`"
                .to_owned()
        }
        Outcome::BuiltInstead => "Built".to_owned(),
        Outcome::LeftOut { reason } => format!("Left out: {reason}"),
        Outcome::NotRequired { reason } => format!("Not required: {reason}"),
        Outcome::Kept { files: 1 } => "Synced; a file that is gone here stays, since it does not run".to_owned(),
        Outcome::Kept { files } => {
            format!("Synced; {files} files that are gone here stay, since it does not run")
        }
        Outcome::Committed { id } => format!("Committed as {id}"),
    }
}

fn done(act: Act) -> &'static str {
    match act {
        Act::Pull => "Pulled",
        Act::Push => "Pushed",
        Act::Build => "Built",
        Act::Create => "Created",
        Act::Recreate => "Recreated",
        Act::Rename => "Renamed",
        Act::Start | Act::Restart | Act::RunHook(HookPoint::PostStart) => "Started",
        Act::RunInitContainer => "Ran pre_start",
        Act::RunHook(HookPoint::PreStop) => "Ran pre_stop",
        Act::Await(Until::Completed) => "Exited",
        Act::Await(Until::Healthy | Until::RunningOrHealthy) => "Healthy",
        Act::Stop => "Stopped",
        Act::Kill => "Killed",
        Act::Pause => "Paused",
        Act::Unpause => "Unpaused",
        Act::Commit => "Committed",
        Act::CopyInto => "Copied",
        Act::Sync => "Synced",
        Act::Exec => "Ran exec",
        Act::Remove => "Removed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_orchestrator::event::{Amount, Part, PartState};

    fn event(act: Act, progress: Progress) -> Event {
        Event { step: 3, subject: Subject::Container("shop-web-1".into()), act, progress }
    }

    /// Scripts read these lines: they stay as they are.
    #[test]
    fn events_as_plain_lines_and_as_json() {
        let reason = "its registry cannot be reached".to_owned();
        let part = Progress::Part(Part {
            id: "f7ed".into(),
            name: "f7ed".into(),
            status: "Downloading".into(),
            state: PartState::Working,
            amount: Some(Amount { done: 10, total: 30 }),
        });
        let hook = Progress::Hook { service: "web".into(), text: "migrating".into() };
        let events = [
            event(Act::Recreate, Progress::Working),
            event(Act::Recreate, Progress::Done(Outcome::Done)),
            event(Act::RunHook(HookPoint::PostStart), hook),
            event(Act::Pull, part),
            event(Act::Await(Until::Healthy), Progress::Done(Outcome::Running)),
            event(Act::Pull, Progress::Done(Outcome::LeftOut { reason })),
            event(Act::Start, Progress::Failed { message: "port taken".into() }),
        ];
        let lines = |form: fn(&Event, Option<&str>) -> String| {
            let cause = |event: &Event| (event.act == Act::Recreate).then_some("image changed");
            events.iter().map(|event| form(event, cause(event))).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(lines(plain), @r"
         Container shop-web-1  Recreating (image changed)
         Container shop-web-1  Recreated
         Container shop-web-1  migrating
         Container shop-web-1  f7ed: Downloading
         Container shop-web-1  Running
         Container shop-web-1  Left out: its registry cannot be reached
         Container shop-web-1  Error
        ");
        insta::assert_snapshot!(lines(json), @r#"
        {"id":"Container shop-web-1","status":"Recreating","text":"image changed","step":3,"state":"working"}
        {"id":"Container shop-web-1","status":"Recreated","step":3,"state":"done"}
        {"id":"Container shop-web-1","status":"Running post_start","text":"migrating","step":3,"state":"hook","service":"web"}
        {"id":"Container shop-web-1","status":"Pulling","text":"Downloading","step":3,"state":"part","part":"f7ed","current":10,"total":30}
        {"id":"Container shop-web-1","status":"Running","step":3,"state":"done"}
        {"id":"Container shop-web-1","status":"Left out: its registry cannot be reached","step":3,"state":"done"}
        {"id":"Container shop-web-1","status":"Error","text":"port taken","step":3,"state":"failed"}
        "#);
    }
}
