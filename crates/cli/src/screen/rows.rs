//! Rows that live: their state, which events change, and the lines that they are drawn as at a given time and size.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use anstream::adapter::strip_str;
use anstyle::{AnsiColor, Style};
use indexmap::IndexMap;
use wharf_docker::attach::TerminalSize;
use wharf_orchestrator::Plan;
use wharf_orchestrator::event::{Act, Amount, Event, Part, PartState, Progress, Subject};

use crate::screen::width::{filled, fitted, width};
use crate::screen::words::Background;
use crate::screen::{amount, words};

/// The pictures of the spinner, one after the other.
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// How long one of them is shown, in milliseconds.
const TURN: u128 = 100;
/// How far the parts of a row are moved to the right.
const INDENT: usize = 2;
/// The space between two columns.
const GAP: usize = 2;
/// Terminals with fewer columns than this have room for bytes only.
const NARROW: usize = 60;
const NARROWEST_BAR: usize = 10;
const WIDEST_BAR: usize = 32;

/// One row for each subject of a plan that something has happened to, in the order in which it began.
#[derive(Debug)]
pub(crate) struct Rows {
    began: Instant,
    rows: IndexMap<Subject, Row>,
    /// Steps that are left for each subject.
    left: HashMap<Subject, usize>,
}

#[derive(Debug)]
struct Row {
    text: String,
    /// Why it does not stay as it was.
    cause: Option<String>,
    output: Option<String>,
    /// Layers and steps of a build, by their identifiers.
    parts: IndexMap<String, PartRow>,
    /// Parts that are done tell more than the bytes of some: the steps of a build.
    counts_parts: bool,
    since: Instant,
    ended: Option<Instant>,
    failed: bool,
}

#[derive(Debug)]
struct PartRow {
    part: Part,
    /// The most that was done of it. It is moved once and then handled once more, as unpacking does.
    moved: Option<Amount>,
    since: Option<Instant>,
    ended: Option<Instant>,
}

/// How far a row is, for its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Waiting,
    Working,
    Done,
    Failed,
}

/// A line before it is laid out.
struct Line {
    depth: usize,
    mark: Mark,
    name: String,
    text: String,
    amount: Option<Amount>,
    output: String,
    seconds: Option<f64>,
}

impl Rows {
    pub(crate) fn new(plan: &Plan, background: &Background, now: Instant) -> Self {
        let mut left = HashMap::new();
        for step in plan.steps() {
            *left.entry(background.subject(step.subject(), step.act())).or_default() += 1;
        }
        Rows { began: now, rows: IndexMap::new(), left }
    }

    pub(crate) fn apply(&mut self, event: &Event, cause: Option<&str>, now: Instant) {
        let row = self.rows.entry(event.subject.clone()).or_insert_with(|| Row {
            text: String::new(),
            cause: None,
            output: None,
            parts: IndexMap::new(),
            counts_parts: false,
            since: now,
            ended: None,
            failed: false,
        });
        row.counts_parts = event.act == Act::Build;
        row.cause = row.cause.take().or_else(|| cause.map(str::to_owned));
        match &event.progress {
            Progress::Working => {
                row.text = words::text(event);
                row.ended = None;
            }
            Progress::Output { .. } | Progress::Hook { .. } => row.output = Some(words::text(event)),
            Progress::Part(part) => row.part(part, now),
            Progress::Done(_) => {
                row.text = words::text(event);
                row.output = None;
                row.parts.clear();
                let left = self.left.entry(event.subject.clone()).or_insert(1);
                *left = left.saturating_sub(1);
                row.ended = Some(now);
            }
            Progress::Failed { .. } => {
                row.text = words::text(event);
                row.parts.clear();
                row.ended = Some(now);
                row.failed = true;
            }
        }
    }

    /// The rows as text: a head, then at most as many lines as the terminal has room for. Layers are left out if not all
    /// of them have room; then rows that are done are.
    pub(crate) fn lines(&self, now: Instant, size: TerminalSize, colour: bool) -> Vec<String> {
        // The head, and the line of the cursor.
        let room = usize::from(size.height).saturating_sub(2);
        let parts: usize = self.rows.values().map(|row| row.parts.len()).sum();
        let subjects = self.visible(room);
        let with_parts = self.rows.len() + parts <= room;
        let mut lines = Vec::new();
        for subject in &subjects {
            let row = &self.rows[*subject];
            lines.push(row.line(words::subject(subject), now));
            if with_parts {
                lines.extend(row.parts.values().map(|part| part.line(now)));
            }
        }
        let done = self.rows.values().filter(|row| row.ended.is_some() && !row.failed).count();
        let total = self.left.len().max(self.rows.len());
        let columns = usize::from(size.width);
        let mut text = vec![fitted(&format!("[+] Running {done}/{total}"), columns)];
        let turn = usize::try_from(now.duration_since(self.began).as_millis() / TURN).unwrap_or(0);
        text.extend(laid_out(&lines, columns, SPINNER[turn % SPINNER.len()], colour));
        let hidden = self.rows.len() - subjects.len();
        if hidden > 0 {
            text.push(fitted(&format!("   and {hidden} more"), columns));
        }
        text
    }

    /// The rows as they stay on the screen: all of them, without their parts.
    pub(crate) fn last_lines(mut self, now: Instant, columns: u16, colour: bool) -> Vec<String> {
        self.rows.values_mut().for_each(|row| row.parts.clear());
        self.lines(now, TerminalSize { width: columns, height: u16::MAX }, colour)
    }

    fn visible(&self, room: usize) -> Vec<&Subject> {
        if self.rows.len() <= room {
            return self.rows.keys().collect();
        }
        let room = room.saturating_sub(1).max(1);
        let is_active = |subject: &&Subject| self.rows[*subject].ended.is_none() || self.rows[*subject].failed;
        let active = self.rows.keys().filter(is_active);
        let ended = self.rows.keys().rev().filter(|subject| !is_active(subject));
        let shown: HashSet<&Subject> = active.chain(ended).take(room).collect();
        self.rows.keys().filter(|subject| shown.contains(subject)).collect()
    }
}

impl Row {
    fn part(&mut self, part: &Part, now: Instant) {
        let row = self.parts.entry(part.id.clone()).or_insert_with(|| PartRow {
            part: part.clone(),
            moved: None,
            since: None,
            ended: None,
        });
        row.part = part.clone();
        row.since = row.since.or((part.state != PartState::Waiting).then_some(now));
        row.ended = row.ended.or(matches!(part.state, PartState::Done | PartState::Failed).then_some(now));
        row.moved = match (row.moved, part.amount) {
            (Some(old), Some(new)) if new.total == old.total => Some(Amount { done: old.done.max(new.done), ..new }),
            (old, new) => old.or(new),
        };
        if let (Some(moved), PartState::Done) = (&mut row.moved, part.state) {
            moved.done = moved.total;
        }
    }

    fn line(&self, name: String, now: Instant) -> Line {
        Line {
            depth: 0,
            mark: match (self.failed, self.ended) {
                (true, _) => Mark::Failed,
                (_, Some(_)) => Mark::Done,
                (_, None) => Mark::Working,
            },
            name,
            text: match &self.cause {
                Some(cause) => format!("{} ({cause})", self.text),
                None => self.text.clone(),
            },
            amount: self.moved(),
            output: match (self.ended, self.parts.is_empty()) {
                (None, true) => self.output.clone().unwrap_or_default(),
                (None, false) if self.moved().is_none() => {
                    let output = self.output.as_deref().unwrap_or_default();
                    format!("{}  {output}", self.finished_parts()).trim_end().to_owned()
                }
                _ => String::new(),
            },
            seconds: Some(self.ended.unwrap_or(now).duration_since(self.since).as_secs_f64()),
        }
    }

    /// What was moved of all parts of which that is known.
    fn moved(&self) -> Option<Amount> {
        let moved = self.parts.values().filter(|_| !self.counts_parts).filter_map(|part| part.moved);
        moved.reduce(|all, one| Amount { done: all.done + one.done, total: all.total + one.total })
    }

    /// `3/9`
    fn finished_parts(&self) -> String {
        format!("{}/{}", self.parts.values().filter(|part| part.ended.is_some()).count(), self.parts.len())
    }
}

impl PartRow {
    fn line(&self, now: Instant) -> Line {
        Line {
            depth: 1,
            mark: match self.part.state {
                PartState::Waiting => Mark::Waiting,
                PartState::Working => Mark::Working,
                PartState::Done => Mark::Done,
                PartState::Failed => Mark::Failed,
            },
            name: self.part.name.clone(),
            text: self.part.status.clone(),
            amount: self.part.amount.filter(|_| self.ended.is_none()),
            output: String::new(),
            seconds: self.since.map(|since| self.ended.unwrap_or(now).duration_since(since).as_secs_f64()),
        }
    }
}

/// Puts lines into columns: mark, name, what happens, bar and bytes, time. Where they do not fit, the end of a name is left out
/// first; a narrow terminal has bytes only.
fn laid_out(lines: &[Line], columns: usize, spinner: &str, colour: bool) -> Vec<String> {
    let widest = |of: &dyn Fn(&Line) -> usize| lines.iter().map(of).max().unwrap_or(0);
    let time = |line: &Line| line.seconds.map_or_else(String::new, |seconds| format!("{seconds:.1}s"));
    let times = widest(&|line| time(line).len());
    let amounts = widest(&|line| line.amount.map_or(0, |moved| amount::of_total(moved).len()));
    let texts = match columns < NARROW || amounts == 0 {
        true => 0,
        false => widest(&|line| line.amount.map_or(0, |_| width(&line.text) + GAP)),
    };
    // Mark, spaces, and the last column: some terminals break a full line.
    let room = columns.saturating_sub(times + 5 + GAP);
    let names = widest(&|line| INDENT * line.depth + width(&line.name));
    let least_bar = if columns < NARROW || amounts == 0 { 0 } else { NARROWEST_BAR + GAP };
    let names = names.min(room.saturating_sub(texts + amounts + least_bar).max(room / 3)).min(room / 2);
    let room = room.saturating_sub(names);
    let bar = room.saturating_sub(texts + amounts + GAP).min(WIDEST_BAR);
    let bar = if bar < NARROWEST_BAR || least_bar == 0 { 0 } else { bar };
    let drawn = lines.iter().map(|line| {
        let indent = " ".repeat(INDENT * line.depth);
        let name = filled(&plain(&line.name), names.saturating_sub(indent.len()));
        let mut text = match line.amount {
            None => plain(&line.text),
            Some(moved) => {
                let mut text = filled(&line.text, texts);
                if bar > 0 {
                    text.push_str(&amount::bar(moved, bar));
                    text.push_str(&" ".repeat(GAP));
                }
                text + &format!("{:>amounts$}", amount::of_total(moved))
            }
        };
        if !line.output.is_empty() {
            text.push_str(&" ".repeat(GAP));
            text.push_str(&plain(&line.output));
        }
        let (mark, painted) = match line.mark {
            Mark::Waiting => (" ", None),
            Mark::Working => (spinner, Some(AnsiColor::Yellow)),
            Mark::Done => ("✔", Some(AnsiColor::Green)),
            Mark::Failed => ("✘", Some(AnsiColor::Red)),
        };
        let (text, time) = (filled(&text, room), time(line));
        format!(" {indent}{} {name}{:GAP$}{text} {time:>times$}", paint(mark, painted, colour), "")
    });
    drawn.collect()
}

/// A text of others in one line, without colours and control characters.
fn plain(text: &str) -> String {
    strip_str(text).to_string().chars().filter(|character| !character.is_control()).collect()
}

fn paint(text: &str, colour: Option<AnsiColor>, on: bool) -> String {
    match colour.filter(|_| on) {
        Some(colour) => {
            let style = Style::new().fg_color(Some(colour.into()));
            format!("{style}{text}{style:#}")
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
