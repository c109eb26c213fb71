//! Who holds a project's lock, as its file says it. Pure: values in, values out.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The variable that tells commands in hooks which process started them.
pub(crate) const VARIABLE: &str = "WHARF_LOCK";

/// Who holds a project's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(super) process: Process,
    /// What it does. Its arguments may be secret, so only the verb is told.
    pub(super) verb: String,
    /// Since when, in seconds since 1970.
    pub(super) since: i64,
}

impl Holder {
    /// The line in the lock's file.
    pub(super) fn line(&self) -> String {
        format!("{} {} {}\n", self.process, self.since, self.verb)
    }

    /// Reads the line. `None` while it is not complete.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.split(' ');
        let process = Process::parse(words.next()?)?;
        let since = words.next()?.parse().ok()?;
        // It is printed on terminals.
        let verb =
            words.next().filter(|verb| !verb.is_empty() && verb.bytes().all(|byte| byte.is_ascii_lowercase()))?;
        words.next().is_none().then(|| Holder { process, verb: verb.to_owned(), since })
    }

    /// The command and its process, as people name them.
    pub(super) fn name(&self) -> String {
        format!("`wharf {}` (pid {})", self.verb, self.process.pid)
    }

    /// The same with the time of day.
    pub(super) fn name_and_time(&self, zone: TimeZone) -> String {
        let since = Timestamp::from_second(self.since).unwrap_or_default().to_zoned(zone);
        format!("`wharf {}` (pid {}, since {})", self.verb, self.process.pid, since.strftime("%H:%M:%S"))
    }
}

/// A process. Its start tells it apart from a later one with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(super) pid: u32,
    /// When it started, in clock ticks since the machine did.
    pub(super) start: u64,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.pid, self.start)
    }
}

impl Process {
    fn parse(text: &str) -> Option<Self> {
        let (pid, start) = text.split_once('-')?;
        Some(Process { pid: pid.parse().ok()?, start: start.parse().ok()? })
    }

    /// Whether this process waits for the one with the pid `of`, so that the latter cannot wait for this one: it has
    /// started it, or the value of [`VARIABLE`] says that it runs its hook. `status` gives the text of `/proc/PID/stat`.
    pub(super) fn is_behind(self, of: u32, variable: Option<&str>, status: impl Fn(u32) -> Option<String>) -> bool {
        if variable.and_then(Process::parse) == Some(self) {
            return true;
        }
        let mut pid = of;
        // A bound, because the processes change while they are read.
        for _ in 0..1000 {
            let Some((process, parent)) = status(pid).and_then(|text| Process::and_parent(pid, &text)) else { break };
            if process == self {
                return true;
            }
            pid = parent;
        }
        false
    }

    /// A process and its parent's pid, by the text of `/proc/PID/stat`.
    pub(super) fn and_parent(pid: u32, stat: &str) -> Option<(Self, u32)> {
        // The name before the last parenthesis may have spaces and parentheses in it.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let (parent, start) = (fields.get(1)?.parse().ok()?, fields.get(19)?.parse().ok()?);
        Some((Process { pid, start }, parent))
    }
}

/// The name of a project's lock file for an engine. Two projects may share one: the second one waits then, and no harm is done.
pub(super) fn file_name(engine: &str, project: &str) -> String {
    let safe = |text: &str, most: usize| -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        text.chars().take(most).map(safe).collect()
    };
    format!("{}.{}", safe(project, 100), safe(engine, 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder() -> Holder {
        Holder { process: Process { pid: 71, start: 9000 }, verb: "up".to_owned(), since: 1_700_000_000 }
    }

    #[test]
    fn a_holder_is_read_as_it_was_written_and_only_whole() {
        let line = holder().line();
        assert_eq!(line, "71-9000 1700000000 up\n");
        assert_eq!(Holder::parse(&line), Some(holder()));
        for length in 0..line.len() {
            assert_eq!(Holder::parse(&line[..length]), None, "{length}");
        }
        for other in ["71-9000 1700000000 up\x1b[2J\n", "71-9000 1700000000 up now\n", "71 1700000000 up\n", "\n"] {
            assert_eq!(Holder::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_holder_is_named_for_people() {
        assert_eq!(holder().name(), "`wharf up` (pid 71)");
        assert_eq!(holder().name_and_time(TimeZone::UTC), "`wharf up` (pid 71, since 22:13:20)");
    }

    /// `wharf` (71) runs a shell (80), which runs this process (90).
    fn stat(pid: u32) -> Option<String> {
        let (name, parent, start) = match pid {
            71 => ("wharf", 1, 9000),
            80 => ("a (b) c", 71, 9001),
            90 => ("wharf", 80, 9002),
            _ => return None,
        };
        Some(format!("{pid} ({name}) S {parent} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {start} 0 0\n"))
    }

    #[test]
    fn a_command_that_the_holder_has_started_is_recognised() {
        let holder = holder().process;
        assert!(holder.is_behind(90, None, stat));
        assert!(!holder.is_behind(91, None, stat), "it is not below the holder");
        let later = Process { start: 9500, ..holder };
        assert!(!later.is_behind(90, None, stat), "another process had the pid before");
        assert!(holder.is_behind(91, Some("71-9000"), stat));
        assert!(!holder.is_behind(91, Some("71-9001"), stat));
        let circle = |_| Some("1 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0".to_owned());
        assert!(!holder.is_behind(1, None, circle));
    }

    #[test]
    fn a_file_name_has_no_separators() {
        assert_eq!(file_name("ABCD:EFGH", "shop_1"), "shop_1.ABCD-EFGH");
        assert_eq!(file_name("../x", &"a/".repeat(200)).len(), 100 + 1 + 4);
    }
}
