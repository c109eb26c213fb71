//! `timestamp`: the entry's time, read from a value.

use wharf_loki::Labels;

use super::super::entry::Entry;
use super::super::fields::{Errors, Fields};
use super::super::now::Now;
use super::super::recent::Recent;
use super::super::stage::{Edit, Verdict};
use crate::yaml::Node;
use wharf_go::time::{Layout, Location, format};

/// Streams whose last time is remembered.
const REMEMBERED: usize = 10_000;

#[derive(Debug)]
struct Timestamp {
    source: String,
    formats: Vec<Format>,
    location: Option<Location>,
    /// The last time of each stream: an entry whose time cannot be read comes a nanosecond later. `None`: such an entry
    /// keeps its time.
    last: Option<Recent<Labels, i64>>,
}

#[derive(Debug)]
enum Format {
    /// A number of seconds, perhaps with a fraction.
    Unix,
    /// A number of units, of so many nanoseconds.
    UnixUnits(i64),
    /// A layout with a name; the location has no part in it.
    Named(Layout),
    Layout(Layout),
    /// A layout without a year, which is taken from the clock.
    WithoutYear(Layout),
}

pub(super) fn new(node: &Node) -> Result<impl Edit + use<>, Errors> {
    let mut fields = Fields::strict(node);
    let source = fields.required_text("source");
    let first = fields.required_text("format");
    let more = fields.texts("fallback_formats").unwrap_or_default();
    let location = fields.text("location").and_then(|name| {
        let location = Location::load(&name);
        if location.is_none() {
            fields.fail(
                "location",
                format!("`{name}` is not in the time zone database: write for example `Europe/Berlin`"),
            );
        }
        location
    });
    let action = fields.text("action_on_failure");
    let last = match action.as_deref() {
        None | Some("fudge") => Some(Recent::new(REMEMBERED)),
        Some("skip") => None,
        Some(other) => {
            fields.fail("action_on_failure", format!("`{other}` is not an action: write `fudge` or `skip`"));
            None
        }
    };
    let stage = source.zip(first).map(|(source, first)| {
        let formats = std::iter::once(first).chain(more).map(|format| Format::new(&format)).collect();
        Timestamp { source, formats, location, last }
    });
    fields.complete(stage)
}

impl Format {
    fn new(format: &str) -> Self {
        match format {
            "Unix" => Self::Unix,
            "UnixMs" => Self::UnixUnits(1_000_000),
            "UnixUs" => Self::UnixUnits(1_000),
            "UnixNs" => Self::UnixUnits(1),
            name => match Layout::named(name) {
                Some(layout) => Self::Named(layout),
                None => {
                    let layout = Layout::new(format);
                    if layout.has_year { Self::Layout(layout) } else { Self::WithoutYear(layout) }
                }
            },
        }
    }

    /// Nanoseconds since 1970; `None` if the text does not fit.
    fn read(&self, text: &str, location: Option<&Location>, now: Now) -> Option<i64> {
        match self {
            Self::Unix => unix(text),
            Self::UnixUnits(unit) => Some(go_int(text)?.wrapping_mul(*unit)),
            Self::Named(layout) => Some(layout.parse(text).ok()?.unix_nanoseconds(None)),
            Self::Layout(layout) => Some(layout.parse(text).ok()?.unix_nanoseconds(location)),
            Self::WithoutYear(layout) => {
                let mut time = layout.parse(text).ok()?;
                if time.year != 0 {
                    return None;
                }
                let (year, month) = year_and_month(now);
                // The last days of a year may arrive in the next one, and the first in the one before.
                time.year = match (time.month, month) {
                    (12, 1) => year - 1,
                    (1, 12) => year + 1,
                    _ => year,
                };
                Some(time.unix_nanoseconds(location))
            }
        }
    }
}

/// Seconds, with any number of digits behind the point.
fn unix(text: &str) -> Option<i64> {
    let nanoseconds = |seconds: i64| seconds.wrapping_mul(1_000_000_000);
    match text.split_once('.') {
        Some((seconds, fraction)) if !fraction.contains('.') => {
            let scale = 10_f64.powi(9 - i32::try_from(fraction.len()).ok()?);
            let fraction = (go_int(fraction)? as f64 * scale) as i64;
            Some(nanoseconds(go_int(seconds)?).wrapping_add(fraction))
        }
        _ => go_int(text).map(nanoseconds),
    }
}

/// Go's `strconv.ParseInt` with base ten.
fn go_int(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn year_and_month(now: Now) -> (i64, i64) {
    let utc = Location::utc();
    let text = format(&Layout::new("2006-01"), now.unix, &utc);
    let (year, month) = text.rsplit_once('-').unwrap_or(("1970", "1"));
    (year.parse().unwrap_or(1970), month.parse().unwrap_or(1))
}

impl Edit for Timestamp {
    fn edit(&mut self, entry: &mut Entry<'_>, now: Now) -> Verdict {
        let text = entry.extracted.text(&self.source);
        let read = |format: &Format| format.read(text.as_deref()?, self.location.as_ref(), now);
        match (self.formats.iter().find_map(read), &mut self.last) {
            (Some(time), last) => {
                entry.timestamp = time;
                if let Some(last) = last {
                    match last.get_mut(&entry.labels) {
                        Some(slot) => *slot = time,
                        None => last.insert(entry.labels.clone(), time),
                    }
                }
            }
            (None, Some(last)) => {
                if let Some(last) = last.get_mut(&entry.labels) {
                    *last = last.wrapping_add(1);
                    entry.timestamp = *last;
                }
            }
            (None, None) => {}
        }
        Verdict::Keep
    }
}
