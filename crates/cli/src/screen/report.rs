//! Errors and warnings as people read them: what, where with the line itself, and what to do.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use anstream::adapter::strip_str;
use clap::builder::StyledStr;
use wharf_compose::Diagnostic;
use wharf_compose::Place;
use wharf_orchestrator::{Detail, Error, Problem, StepFailure, Warning};

use crate::failure::Failure;
use crate::invocation::Called;
use crate::screen::colour::Colours;
use crate::session::here;

/// Prints a line to standard error as it is. Write errors are ignored: there is nowhere left to report them.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints to standard output as it is.
///
/// # Errors
/// What was not written, unless nobody reads it: see [`is_read`].
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    is_read(out.write_all(text.as_bytes()).and_then(|()| out.flush())).map(drop)
}

/// Whether standard output still has a reader, by the result of writing to it. A reader that has had enough (`| head`) is not
/// an error.
///
/// # Errors
/// Any other error, such as a full disk.
pub(crate) fn is_read(written: std::io::Result<()>) -> anyhow::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(anyhow::Error::from(error).context("cannot write to standard output")),
    }
}

/// Prints a line that others wrote to standard error; without `colour`, without the colours that they gave it.
pub(crate) fn foreign_line(text: &str, colour: bool) {
    match colour {
        true => line(text),
        false => line(&strip_str(text).to_string()),
    }
}

/// Asks on the terminal. Without a terminal the answer is no; `flag` is the one that answers in advance.
pub(crate) fn confirmed(question: &str, flag: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        line(&format!("{question}: not a terminal: pass {flag}"));
        return Ok(false);
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "? {question} [yN] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Prints help, or what is wrong with the command line, and gives its exit code. `advice` replaces what the parser says.
pub(crate) fn usage(error: &clap::Error, advice: Option<&str>, colours: Colours) -> ExitCode {
    let text = error.render();
    match (error.use_stderr(), advice) {
        (true, Some(advice)) => line(&draw(&Message::plain(Severity::Error, advice, None), colours.err)),
        (true, None) => line(painted(&text, colours.err).trim_end()),
        (false, _) => return answer(&painted(&text, colours.out), colours),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
}

/// Prints help for a command line without a verb: as what was asked for, or as what is `wrong` with it.
pub(crate) fn help(help: &StyledStr, wrong: bool, colours: Colours) -> ExitCode {
    if wrong {
        line(painted(help, colours.err).trim_end());
        return ExitCode::from(2);
    }
    answer(&painted(help, colours.out), colours)
}

/// Prints all that a command has to say, and gives its exit code.
pub(crate) fn answer(text: &str, colours: Colours) -> ExitCode {
    match print(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&error.into(), Called::Wharf, colours.err),
    }
}

fn painted(text: &StyledStr, colour: bool) -> String {
    if colour { text.ansi().to_string() } else { text.to_string() }
}

/// Draws a failure and gives its exit code. Commands in it get the name that this one was `called` by.
pub(crate) fn failure(failure: &Failure, called: Called, colour: bool) -> ExitCode {
    let show = |message: Message| line(&draw(&message.for_caller(called), colour));
    match failure {
        Failure::Compose(error) => {
            let warnings = error.warnings.iter().map(|warning| (Severity::Warning, warning));
            let errors = error.diagnostics.iter().map(|error| (Severity::Error, error));
            diagnostics(warnings.chain(errors), colour);
            return ExitCode::from(if error.no_file() { 14 } else { 15 });
        }
        Failure::Orchestrator(Error::Refused(problems)) => {
            problems.iter().for_each(|problem| show(Message::from_problem(problem)));
        }
        Failure::Orchestrator(Error::Failed(failures)) => {
            for failed in failures {
                show(Message::from_failure(failed));
                for detail in &failed.details {
                    foreign_line(&indented(detail), colour);
                }
            }
        }
        Failure::Orchestrator(Error::Interrupted) => {
            line("interrupted");
            return ExitCode::from(130);
        }
        Failure::Orchestrator(Error::Engine(error)) | Failure::Docker(error) => {
            show(Message::plain(Severity::Error, &error.to_string(), error.help()));
        }
        Failure::Agent { file, text, errors } => {
            errors.iter().for_each(|error| show(Message::from_agent(file, text, error)));
            return ExitCode::from(15);
        }
        Failure::Orchestrator(Error::TakenOver) | Failure::TakenOver { .. } => {
            show(Message::plain(Severity::Error, &failure.to_string(), None));
        }
        Failure::Other(error) => show(Message::plain(Severity::Error, &format!("{error:#}"), None)),
    }
    ExitCode::FAILURE
}

/// Draws the reader's warnings.
pub(crate) fn compose_warnings(warnings: &[Diagnostic], colour: bool) {
    diagnostics(warnings.iter().map(|warning| (Severity::Warning, warning)), colour);
}

/// Draws what the reader found, an empty line between two findings.
fn diagnostics<'d>(found: impl Iterator<Item = (Severity, &'d Diagnostic)>, colour: bool) {
    let drawn: Vec<_> =
        found.map(|(severity, diagnostic)| draw(&Message::from_diagnostic(severity, diagnostic), colour)).collect();
    if !drawn.is_empty() {
        line(&drawn.join("\n\n"));
    }
}

/// Draws an error after which the command still has an exit code of its own.
pub(crate) fn error(text: &str, help: &str, colour: bool) {
    line(&draw(&Message::plain(Severity::Error, text, Some(help)), colour));
}

/// Draws a warning of the command's own.
pub(crate) fn warning(text: &str, colour: bool) {
    line(&draw(&Message::plain(Severity::Warning, text, None), colour));
}

/// Draws a remark of the command's own.
pub(crate) fn note(text: &str, colour: bool) {
    line(&draw(&Message::plain(Severity::Note, text, None), colour));
}

/// Draws a warning of a plan.
pub(crate) fn plan_warning(warning: &Warning, colour: bool) {
    let mut message = Message::plain(Severity::Warning, &warning.message, None);
    message.places.extend(warning.place.as_ref().map(|place| Excerpt::read(place, String::new())));
    line(&draw(&message, colour));
}

fn indented(detail: &Detail) -> String {
    let lines: Vec<String> = detail.text.lines().map(|line| format!("    {line}")).collect();
    format!("  {}:\n{}", detail.title, lines.join("\n"))
}

#[derive(Clone, Copy)]
enum Severity {
    Error,
    Warning,
    Note,
}

/// A line of a file, and the part of it that is meant.
struct Excerpt {
    file: String,
    line: usize,
    column: usize,
    length: usize,
    text: Option<String>,
    label: String,
}

impl Excerpt {
    fn read(place: &Place, label: String) -> Self {
        let text = std::fs::read_to_string(&place.file).ok();
        let line = text.and_then(|text| text.lines().nth(place.line.saturating_sub(1)).map(str::to_owned));
        Excerpt::new(place, 0, line, label)
    }

    fn new(place: &Place, length: usize, text: Option<String>, label: String) -> Self {
        Excerpt { file: shortened(&place.file), line: place.line, column: place.column, length, text, label }
    }
}

/// The file as seen from here, if that is shorter.
fn shortened(file: &std::path::Path) -> String {
    let here = here::directory().ok();
    let relative = here.as_deref().and_then(|here| file.strip_prefix(here).ok()).unwrap_or(file);
    relative.display().to_string()
}

struct Message {
    severity: Severity,
    text: String,
    places: Vec<Excerpt>,
    help: Option<String>,
}

impl Message {
    fn plain(severity: Severity, text: &str, help: Option<&str>) -> Self {
        Message { severity, text: text.to_owned(), places: Vec::new(), help: help.map(str::to_owned) }
    }

    /// With commands as the caller types them.
    fn for_caller(mut self, called: Called) -> Self {
        self.text = called.name_in(&self.text).into_owned();
        self.help = self.help.map(|help| called.name_in(&help).into_owned());
        self
    }

    fn from_agent(file: &std::path::Path, text: &str, error: &wharf_agent::ConfigError) -> Self {
        let mut message = Message::plain(Severity::Error, &error.message, None);
        let (line, column) = (error.place.line as usize, error.place.column as usize);
        let place = Place { file: file.into(), line, column };
        let source = text.lines().nth(line.saturating_sub(1)).map(str::to_owned);
        message.places.push(Excerpt::new(&place, 0, source, String::new()));
        message
    }

    fn from_failure(failure: &StepFailure) -> Self {
        let mut message = Message::plain(Severity::Error, &failure.message, failure.help.as_deref());
        message.places.extend(failure.place.as_ref().map(|place| Excerpt::read(place, String::new())));
        message
    }

    fn from_problem(problem: &Problem) -> Self {
        let mut message = Message::plain(Severity::Error, &problem.message, problem.help.as_deref());
        message.places.extend(problem.place.as_ref().map(|place| Excerpt::read(place, String::new())));
        message
    }

    fn from_diagnostic(severity: Severity, diagnostic: &Diagnostic) -> Self {
        let mut message = Message::plain(severity, &diagnostic.message, diagnostic.help.as_deref());
        if let Some(place) = &diagnostic.place {
            let line = diagnostic.source_line.clone();
            message.places.push(Excerpt::new(place, diagnostic.span_len, line, String::new()));
        }
        for (label, place, line) in &diagnostic.related {
            message.places.push(Excerpt::new(place, 0, line.clone(), label.clone()));
        }
        message
    }
}

fn draw(message: &Message, colour: bool) -> String {
    let level = match message.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut groups = vec![Group::with_title(level.primary_title(message.text.as_str()))];
    for (index, place) in message.places.iter().enumerate() {
        let Some(text) = place.text.as_deref().filter(|text| !text.is_empty()) else {
            if let Some(group) = groups.pop() {
                let origin = Origin::path(place.file.as_str()).line(place.line).char_column(place.column);
                groups.push(group.element(origin));
            }
            continue;
        };
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(span(text, place.column, place.length)).label(place.label.as_str());
        let snippet = Snippet::source(text).line_start(place.line).path(place.file.as_str()).annotation(annotation);
        if let Some(group) = groups.pop() {
            groups.push(group.element(snippet));
        }
    }
    if let Some(help) = &message.help
        && let Some(group) = groups.pop()
    {
        groups.push(group.element(Level::HELP.message(help.as_str())));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&groups)
}

/// Bytes of the line that are meant: from the column on, the given number of characters, or the rest of the line.
fn span(text: &str, column: usize, length: usize) -> std::ops::Range<usize> {
    let offset = |characters: usize| text.char_indices().nth(characters).map_or(text.len(), |(offset, _)| offset);
    let start = offset(column.saturating_sub(1));
    let end = match length {
        0 => text.trim_end().len(),
        length => offset(column.saturating_sub(1) + length),
    };
    start..end.max(start)
}
