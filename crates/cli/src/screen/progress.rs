//! Progress of a plan, three ways: rows on a terminal that are redrawn, plain lines, JSON lines.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anstream::adapter::strip_str;
use anstyle::{AnsiColor, Style as TextStyle};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wharf_docker::attach::TerminalSize;
use wharf_orchestrator::event::{Act, Event, Progress, Subject};
use wharf_orchestrator::plan::ChangedVolume;
use wharf_orchestrator::{Listener, Plan};

use crate::screen::{report, terminal, words};

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Terminal,
    Plain,
    Json,
    Quiet,
}

/// Shows the progress of plans, one after the other.
pub(crate) struct Display {
    style: Style,
    colour: bool,
    /// Plans are printed and not carried out.
    dry_run: bool,
    state: Mutex<(Rows, Option<ProgressBar>)>,
    /// Output of pulls and of builds is not shown.
    without: (bool, bool),
    /// Takes the lines that hooks write.
    hook_lines: Option<HookLines>,
    consent: Consent,
}

/// What is said to the replacement of a volume, with which its data is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    No,
    Yes,
    /// The person at the terminal decides.
    Ask,
}

/// Takes the service, the container's name and the line.
pub(crate) type HookLines = Box<dyn Fn(&str, &str, &str) + Send + Sync>;

impl Display {
    pub(crate) fn new(style: Style, colour: bool, dry_run: bool) -> Self {
        let state = Mutex::new((Rows::default(), None));
        Display { style, colour, dry_run, state, without: (false, false), hook_lines: None, consent: Consent::No }
    }

    /// Without the output of pulls, or of builds.
    pub(crate) fn without_output_of(self, pulls: bool, builds: bool) -> Self {
        Display { without: (pulls, builds), ..self }
    }

    /// With an answer to the question whether volumes may be replaced.
    pub(crate) fn with_consent(self, consent: Consent) -> Self {
        Display { consent, ..self }
    }

    /// With another place for the lines that hooks write.
    pub(crate) fn with_hook_lines(self, take: HookLines) -> Self {
        Display { hook_lines: Some(take), ..self }
    }

    /// Prints something else in between, without disturbing the rows.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        match &self.lock().1 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn is_silent(&self, act: Act) -> bool {
        match act {
            Act::Pull => self.without.0,
            Act::Build => self.without.1,
            _ => false,
        }
    }

    fn paint(&self, state: &mut (Rows, Option<ProgressBar>)) {
        let Some(bar) = &state.1 else { return };
        let TerminalSize { width, height } = room();
        let rows = state.0.lines(Instant::now(), width.into(), usize::from(height).saturating_sub(2), self.colour);
        bar.set_message(rows.join("\n"));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Rows, Option<ProgressBar>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The size of the terminal that the rows are on.
fn room() -> TerminalSize {
    terminal::size_of(std::io::stderr()).unwrap_or(TerminalSize { width: 80, height: 24 })
}

impl Listener for Display {
    fn plan_begins(&self, plan: &Plan) -> std::io::Result<()> {
        for warning in plan.warnings() {
            self.aside(|| report::plan_warning(warning, self.colour));
        }
        if self.dry_run {
            return report::print(&plan.to_string()).map_err(|error| std::io::Error::other(format!("{error:#}")));
        }
        if self.style != Style::Terminal || plan.is_empty() {
            return Ok(());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(12));
        bar.set_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(100));
        let mut state = self.lock();
        state.0 = Rows::new(plan);
        state.1 = Some(bar);
        Ok(())
    }

    fn may_replace(&self, volume: &ChangedVolume) -> bool {
        let ChangedVolume { name, setting } = volume;
        match self.consent {
            Consent::No => false,
            Consent::Yes => true,
            Consent::Ask => {
                let question =
                    format!("volume {name}: its {setting} changed in the file. Replace it, and lose its data?");
                report::confirmed(&question, "--recreate-volume").unwrap_or(false)
            }
        }
    }

    fn event(&self, event: Event) {
        match &event.progress {
            Progress::Output { .. } if self.is_silent(event.act) => return,
            Progress::Hook { service, text } => {
                if let Some(take) = &self.hook_lines {
                    return self.aside(|| take(service, event.subject.name(), text));
                }
            }
            _ => {}
        }
        match self.style {
            Style::Terminal => {
                let mut state = self.lock();
                state.0.apply(&event, Instant::now());
                self.paint(&mut state);
            }
            Style::Plain => report::foreign_line(&words::plain(&event), self.colour),
            Style::Json => report::line(&words::json(&event)),
            Style::Quiet => {}
        }
    }

    /// The rows stay on the screen.
    fn plan_ends(&self) {
        let mut state = self.lock();
        let rows = std::mem::take(&mut state.0);
        let Some(bar) = state.1.take() else { return };
        bar.finish_and_clear();
        for row in rows.lines(Instant::now(), room().width.into(), usize::MAX, self.colour) {
            report::line(&row);
        }
    }
}

/// The state of the rows: events change it, [`Rows::lines`] draws it.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    order: Vec<Subject>,
    rows: HashMap<Subject, Row>,
    /// Steps that are left for each row.
    left: HashMap<Subject, usize>,
}

#[derive(Debug)]
struct Row {
    text: String,
    output: Option<String>,
    since: Instant,
    ended: Option<Instant>,
    failed: bool,
}

impl Rows {
    fn new(plan: &Plan) -> Self {
        let mut rows = Rows::default();
        for step in plan.steps() {
            *rows.left.entry(step.subject()).or_default() += 1;
        }
        rows
    }

    fn apply(&mut self, event: &Event, now: Instant) {
        let row = self.rows.entry(event.subject.clone()).or_insert_with(|| {
            self.order.push(event.subject.clone());
            Row { text: String::new(), output: None, since: now, ended: None, failed: false }
        });
        let text = words::text(event);
        match &event.progress {
            Progress::Working => {
                row.text = text;
                row.ended = None;
            }
            Progress::Output { .. } | Progress::Part(_) | Progress::Hook { .. } => row.output = Some(text),
            Progress::Done(_) => {
                row.text = text;
                row.output = None;
                let left = self.left.entry(event.subject.clone()).or_insert(1);
                *left = left.saturating_sub(1);
                row.ended = Some(now);
            }
            Progress::Failed { .. } => {
                row.text = format!("Error {text}");
                row.ended = Some(now);
                row.failed = true;
            }
        }
    }

    /// The rows as text: a head, then at most `height` rows, those that still work first to be shown.
    fn lines(&self, now: Instant, width: usize, height: usize, colour: bool) -> Vec<String> {
        let done = self.rows.values().filter(|row| row.ended.is_some() && !row.failed).count();
        let total = self.left.len().max(self.rows.len());
        let mut lines = vec![format!("[+] Running {done}/{total}")];
        let subjects = self.visible(height);
        let hidden = self.order.len() - subjects.len();
        let names: Vec<String> = subjects.iter().map(|subject| words::subject(subject)).collect();
        let column = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        for (subject, name) in subjects.into_iter().zip(names) {
            let row = &self.rows[subject];
            let seconds = row.ended.unwrap_or(now).duration_since(row.since).as_secs_f64();
            let mut text = format!("{name:column$}  {}", row.text);
            if let Some(output) = row.output.as_ref().filter(|_| row.ended.is_none()) {
                text.push_str("  ");
                text.push_str(output);
            }
            let time = format!("{seconds:.1}s");
            let room = width.saturating_sub(time.len() + 5);
            let text = strip_str(&text).to_string();
            let text: String = text.chars().filter(|character| !character.is_control()).take(room).collect();
            let mark = match (row.failed, row.ended) {
                (true, _) => painted("x", AnsiColor::Red, colour),
                (_, Some(_)) => painted("+", AnsiColor::Green, colour),
                (_, None) => painted("-", AnsiColor::Yellow, colour),
            };
            lines.push(format!(" {mark} {text:room$} {time}"));
        }
        if hidden > 0 {
            lines.push(format!("   and {hidden} more"));
        }
        lines
    }

    fn visible(&self, height: usize) -> Vec<&Subject> {
        if self.order.len() <= height {
            return self.order.iter().collect();
        }
        let room = height.saturating_sub(1).max(1);
        let is_active = |subject: &&Subject| self.rows[*subject].ended.is_none() || self.rows[*subject].failed;
        let active = self.order.iter().filter(is_active);
        let ended = self.order.iter().rev().filter(|subject| !is_active(subject));
        let shown: HashSet<&Subject> = active.chain(ended).take(room).collect();
        self.order.iter().filter(|subject| shown.contains(subject)).collect()
    }
}

fn painted(text: &str, colour: AnsiColor, on: bool) -> String {
    if !on {
        return text.to_owned();
    }
    let style = TextStyle::new().fg_color(Some(colour.into()));
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_orchestrator::event::Outcome;

    fn event(name: &str, progress: Progress) -> Event {
        Event { step: 0, subject: Subject::Container(name.to_owned()), act: Act::Start, progress }
    }

    #[test]
    fn more_rows_than_lines_show_those_that_still_work() {
        let now = Instant::now();
        let mut rows = Rows::default();
        for number in 0..10 {
            let name = format!("web-{number}");
            rows.apply(&event(&name, Progress::Working), now);
            if number != 7 {
                rows.apply(&event(&name, Progress::Done(Outcome::Done)), now);
            }
        }
        let lines = rows.lines(now, 50, 4, false);
        insta::assert_snapshot!(lines.join("\n"), @r#"
        [+] Running 9/10
         - Container web-7  Starting                 0.0s
         + Container web-8  Started                  0.0s
         + Container web-9  Started                  0.0s
           and 7 more
        "#);
    }
}
