//! Progress of a plan: rows on a terminal that are redrawn, plain lines, JSON lines.

use std::collections::HashMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wharf_docker::attach::TerminalSize;
use wharf_orchestrator::difference::fields;
use wharf_orchestrator::event::{Act, Event, Progress, Subject};
use wharf_orchestrator::plan::ChangedVolume;
use wharf_orchestrator::watch::Notice;
use wharf_orchestrator::{Listener, Plan};

use crate::screen::canvas::Canvas;
use crate::screen::changes::{self, View};
use crate::screen::footer::Footer;
use crate::screen::rows::Rows;
use crate::screen::words::Background;
use crate::screen::{report, terminal, words};

/// How long a picture of the rows stays before the next one is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Terminal,
    Plain,
    Json,
    /// BuildKit's own reports, and nothing else.
    RawJson,
    Quiet,
}

/// Shows the progress of plans, one after the other.
pub(crate) struct Display {
    style: Style,
    colour: bool,
    /// Plans are printed like this, and not carried out.
    dry_run: Option<View>,
    /// Of the plan that is carried out.
    background: Mutex<Background>,
    /// What there is to say when the plan is carried out.
    advice: Mutex<Vec<String>>,
    live: Arc<Mutex<Option<Live>>>,
    footer: Arc<Footer>,
    painter: Mutex<Option<Painter>>,
    /// What was last said about each part of a step, in plain lines.
    said: Mutex<HashMap<(Subject, String), String>>,
    /// Output of pulls and of builds is not shown.
    without: (bool, bool),
    /// Takes the lines that hooks write.
    hook_lines: Option<HookLines>,
    consent: Consent,
}

/// The rows of a plan that is being carried out, and the terminal's lines that they are drawn on.
struct Live {
    rows: Rows,
    canvas: Option<Canvas>,
}

/// Draws the rows, until it is ended.
struct Painter {
    end: mpsc::Sender<()>,
    thread: JoinHandle<()>,
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
    pub(crate) fn new(style: Style, colour: bool, dry_run: Option<View>) -> Self {
        Display {
            style,
            colour,
            dry_run,
            background: Mutex::default(),
            advice: Mutex::default(),
            live: Arc::default(),
            footer: Arc::default(),
            painter: Mutex::default(),
            said: Mutex::default(),
            without: (false, false),
            hook_lines: None,
            consent: Consent::No,
        }
    }

    /// Without the output of pulls, or of builds.
    pub(crate) fn without_output_of(mut self, pulls: bool, builds: bool) -> Self {
        self.without = (pulls, builds);
        self
    }

    /// With an answer to the question whether volumes may be replaced.
    pub(crate) fn with_consent(mut self, consent: Consent) -> Self {
        self.consent = consent;
        self
    }

    /// With another place for the lines that hooks write.
    pub(crate) fn with_hook_lines(mut self, take: HookLines) -> Self {
        self.hook_lines = Some(take);
        self
    }

    /// Prints something else in between, without disturbing the rows.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        let mut live = locked(&self.live);
        if let Some(Live { canvas: Some(canvas), .. }) = live.as_mut() {
            canvas.clear(room().width.into());
        }
        self.footer.erase();
        print();
        if let Some(live) = live.as_mut() {
            live.paint(self.colour);
        }
        self.footer.draw(room().width);
    }

    /// Whether there are rows on a terminal, and so room for a footer.
    pub(crate) fn has_rows(&self) -> bool {
        self.style == Style::Terminal && self.dry_run.is_none()
    }

    /// Puts a line below all that is printed, or takes it away.
    pub(crate) fn set_footer(&self, text: Option<String>) {
        // It is erased by what prints nothing.
        self.aside(|| self.footer.set(text));
    }

    /// Prints a line for people about a run that is over; nothing where progress is for programs or not shown.
    pub(crate) fn tell(&self, text: &str) {
        if self.dry_run.is_none() && matches!(self.style, Style::Terminal | Style::Plain) {
            report::line(text);
        }
    }

    /// Says something about a watch.
    pub(crate) fn notice(&self, notice: &Notice) {
        match self.style {
            Style::Terminal | Style::Plain => self.aside(|| report::line(&words::notice(notice))),
            Style::Json => report::line(&words::notice_json(notice)),
            Style::RawJson | Style::Quiet => {}
        }
    }

    fn is_silent(&self, act: Act) -> bool {
        match act {
            Act::Pull => self.without.0,
            Act::Build => self.without.1,
            _ => false,
        }
    }

    /// Whether a part of a step has another status than the last time. How many bytes of it are done is no line of its own.
    fn is_news(&self, event: &Event) -> bool {
        let Progress::Part(part) = &event.progress else { return true };
        let key = (event.subject.clone(), part.id.clone());
        locked(&self.said).insert(key, part.status.clone()).as_ref() != Some(&part.status)
    }

    /// Ends the rows. They stay on the screen as they are.
    fn end_rows(&self) {
        if let Some(Painter { end, thread }) = locked(&self.painter).take() {
            drop(end);
            // What it draws is no longer needed if it has failed.
            let _ = thread.join();
        }
        // Nobody prints in between.
        let mut live = locked(&self.live);
        let Some(Live { rows, canvas }) = live.take() else { return };
        let width = room().width;
        if let Some(mut canvas) = canvas {
            canvas.clear(width.into());
        }
        self.footer.erase();
        for row in rows.last_lines(Instant::now(), width, self.colour) {
            report::line(row.trim_end());
        }
        self.footer.draw(width);
    }
}

impl Live {
    fn paint(&mut self, colour: bool) {
        let Some(canvas) = &mut self.canvas else { return };
        let size = room();
        canvas.draw(&self.rows.lines(Instant::now(), size, colour), size.width.into());
    }
}

impl Painter {
    fn begin(live: Arc<Mutex<Option<Live>>>, footer: Arc<Footer>, colour: bool) -> std::io::Result<Self> {
        let (end, ended) = mpsc::channel();
        let paint = move || {
            loop {
                if let Some(live) = locked(&live).as_mut() {
                    live.paint(colour);
                    footer.draw(room().width);
                }
                if ended.recv_timeout(FRAME) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("rows".to_owned()).spawn(paint)?;
        Ok(Painter { end, thread })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // A plan that was given up has not said that it ends.
        self.end_rows();
    }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
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
        if let Some(view) = self.dry_run {
            return report::print(&changes::text(plan, view))
                .map_err(|error| std::io::Error::other(format!("{error:#}")));
        }
        let background = Background::of(plan);
        let rows = Rows::new(plan, &background, Instant::now());
        *locked(&self.background) = background;
        if self.style != Style::Terminal || plan.is_empty() {
            return Ok(());
        }
        let canvas = Canvas::open();
        let is_drawn = canvas.is_some();
        *locked(&self.live) = Some(Live { rows, canvas });
        if is_drawn {
            *locked(&self.painter) = Some(Painter::begin(self.live.clone(), self.footer.clone(), self.colour)?);
        }
        Ok(())
    }

    fn may_replace(&self, volume: &ChangedVolume) -> bool {
        let ChangedVolume { name, differences } = volume;
        match self.consent {
            Consent::No => false,
            Consent::Yes => true,
            Consent::Ask => {
                let changed = fields(differences, "its settings");
                let question = format!("volume {name}: {changed} changed in the file. Replace it, and lose its data?");
                report::confirmed(&question, "--recreate-volume").unwrap_or(false)
            }
        }
    }

    fn event(&self, event: Event) {
        let background = locked(&self.background);
        let event = background.named(event);
        let cause = background.cause(&event);
        locked(&self.advice).extend(words::advice(&event));
        match &event.progress {
            Progress::Output { .. } | Progress::Part(_) if self.is_silent(event.act) => return,
            Progress::Hook { service, text } => {
                if let Some(take) = &self.hook_lines {
                    return self.aside(|| take(service, event.subject.name(), text));
                }
            }
            _ => {}
        }
        match self.style {
            Style::Terminal => {
                if let Some(live) = locked(&self.live).as_mut() {
                    live.rows.apply(&event, cause, Instant::now());
                }
            }
            Style::Plain if !self.is_news(&event) => {}
            Style::Plain => report::foreign_line(&words::plain(&event, cause), self.colour),
            Style::Json => report::line(&words::json(&event, cause)),
            Style::RawJson => match &event.progress {
                Progress::Output { text } if event.act == Act::Build => report::line(text),
                _ => {}
            },
            Style::Quiet => {}
        }
    }

    fn plan_ends(&self) {
        self.end_rows();
        let advice = std::mem::take(&mut *locked(&self.advice));
        if matches!(self.style, Style::Terminal | Style::Plain) {
            advice.iter().for_each(|text| report::note(text, self.colour));
        }
    }
}
