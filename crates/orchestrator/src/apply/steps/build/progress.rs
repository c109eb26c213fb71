//! BuildKit's news as progress of a step of the plan. Pure.

use std::collections::BTreeMap;

use wharf_buildkit::{Ending, News};
use wharf_plan::{Amount, Detail, Part, PartState};

use crate::apply::lines::LastLines;

/// What there is to say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A step of the build has come further.
    Part(Part),
    /// A line of output.
    Line(String),
}

/// The steps of a build so far.
#[derive(Debug, Default)]
pub(super) struct Steps {
    steps: BTreeMap<usize, Step>,
}

#[derive(Debug, Default)]
struct Step {
    /// In one line: `[2/4] RUN make`.
    name: String,
    /// What was moved and all of it, by what it is.
    moved: BTreeMap<String, (u64, u64)>,
    last: LastLines,
    has_failed: bool,
}

impl Steps {
    /// What a piece of news says to a person.
    pub(super) fn take(&mut self, news: News) -> Option<Said> {
        match news {
            News::Begun { step, name } => {
                let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
                self.steps.entry(step).or_default().name = name;
                self.part(step, PartState::Working, String::new())
            }
            News::Line { step, text, .. } => {
                let step = self.steps.get_mut(&step)?;
                step.last.push(&text);
                Some(Said::Line(match step.place() {
                    Some(place) => format!("{place} {text}"),
                    None => text,
                }))
            }
            News::Moved { step, what, current, total } => {
                // What is not moved has neither: `naming to shop/web`.
                if current == 0 && total == 0 {
                    return None;
                }
                self.steps.get_mut(&step)?.moved.insert(what, (current, total));
                self.part(step, PartState::Working, String::new())
            }
            News::Ended { step, ending } => match ending {
                Ending::Done(seconds) => self.part(step, PartState::Done, format!("done in {seconds:.1}s")),
                Ending::Cached => self.part(step, PartState::Done, "cached".to_owned()),
                Ending::Cancelled => self.part(step, PartState::Failed, "canceled".to_owned()),
                Ending::Failed(_) => {
                    self.steps.get_mut(&step)?.has_failed = true;
                    self.part(step, PartState::Failed, "failed".to_owned())
                }
            },
            News::Report(line) => Some(Said::Line(line)),
            News::Warning { text, place, url } => {
                let place = place.map(|(file, line)| format!("{file}:{line}: ")).unwrap_or_default();
                let url = if url.is_empty() { url } else { format!(" ({url})") };
                Some(Said::Line(format!("warning: {place}{text}{url}")))
            }
        }
    }

    fn part(&self, number: usize, state: PartState, status: String) -> Option<Said> {
        let step = self.steps.get(&number)?;
        let done = step.moved.values().map(|(done, _)| done).sum();
        // 0: not known, as of the files of a context.
        let is_known = step.moved.values().all(|(_, total)| *total > 0);
        let total = step.moved.values().map(|(_, total)| total).filter(|_| is_known).sum();
        let amount = (!step.moved.is_empty()).then_some(Amount { done, total });
        Some(Said::Part(Part { id: number.to_string(), name: step.name.clone(), status, state, amount }))
    }

    /// The name of the step that has failed.
    pub(super) fn failed(&self) -> Option<&str> {
        self.steps.values().find(|step| step.has_failed).map(|step| step.name.as_str())
    }

    /// The last lines of the step that has failed.
    pub(super) fn explain(self) -> Vec<Detail> {
        let failed = self.steps.into_values().find(|step| step.has_failed);
        failed.map(|step| step.last.details(&format!("last lines of {}", step.name))).unwrap_or_default()
    }
}

impl Step {
    /// The step's place in the Dockerfile: `[build 2/4]`.
    fn place(&self) -> Option<&str> {
        let end = self.name.find(']').filter(|_| self.name.starts_with('['))?;
        self.name.get(..=end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_become_parts_and_lines() {
        let mut steps = Steps::default();
        let moved = |what: &str, current, total| News::Moved { step: 1, what: what.to_owned(), current, total };
        let news = [
            News::Begun { step: 1, name: "[internal] load build context".to_owned() },
            moved("transferring context:", 4, 0),
            moved("sha256:a", 1, 8),
            moved("naming to shop/web", 0, 0),
            News::Begun { step: 2, name: "[build 2/2] RUN <<EOF\n  make\nEOF".to_owned() },
            News::Line { step: 2, at: 0.5, text: "cc x.c".to_owned() },
            News::Ended { step: 1, ending: Ending::Done(1.25) },
            News::Ended { step: 2, ending: Ending::Failed("exit code: 1".to_owned()) },
            News::Warning {
                text: "casing".to_owned(),
                place: Some(("Dockerfile".to_owned(), 2)),
                url: "https://x".to_owned(),
            },
        ];
        let said = news.into_iter().filter_map(|news| steps.take(news)).map(|said| match said {
            Said::Line(text) => format!("line {text}"),
            Said::Part(Part { id, name, status, state, amount }) => {
                format!("{id} {name}: {status} {state:?} {:?}", amount.map(|amount| (amount.done, amount.total)))
            }
        });
        insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"), @"
            1 [internal] load build context:  Working None
            1 [internal] load build context:  Working Some((4, 0))
            1 [internal] load build context:  Working Some((5, 0))
            2 [build 2/2] RUN <<EOF make EOF:  Working None
            line [build 2/2] cc x.c
            1 [internal] load build context: done in 1.2s Done Some((5, 0))
            2 [build 2/2] RUN <<EOF make EOF: failed Failed None
            line warning: Dockerfile:2: casing (https://x)
            ");
        let details = steps.explain();
        assert_eq!(
            (details[0].title.as_str(), details[0].text.as_str()),
            ("last lines of [build 2/2] RUN <<EOF make EOF", "cc x.c")
        );
    }
}
