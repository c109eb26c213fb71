//! The forms of kernel files: `key value` lines (flat keyed files), `key=value` fields, single numbers.
//!
//! A line of another form is skipped: kernels add lines, and one odd line must not hide the others.

/// The number in a file that has nothing else. `max`, which means no limit, is `None`.
pub(crate) fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The `key value` lines of `memory.stat`, `cpu.stat`, `memory.events`, `/proc/vmstat`.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (&str, u64)> {
    text.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once(char::is_whitespace)?;
        Some((key, value.trim().parse().ok()?))
    })
}

/// The value of one `key value` line.
pub(crate) fn value_of(text: &str, key: &str) -> Option<u64> {
    pairs(text).find_map(|(found, value)| (found == key).then_some(value))
}

/// The value of the field `key=value` among the words of a line.
pub(crate) fn field<T: std::str::FromStr>(line: &str, key: &str) -> Option<T> {
    line.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('=')?.parse().ok())
}

/// The total of a pressure file's line, `some` or `full`, in seconds (`Documentation/accounting/psi.rst`).
pub(crate) fn pressure(text: &str, line: &str) -> Option<f64> {
    let line = text.lines().find(|found| found.split_whitespace().next() == Some(line))?;
    field::<u64>(line, "total").map(|microseconds| microseconds as f64 / 1e6)
}

/// Decodes the octal escapes (`\040`) of `/proc/<pid>/mounts` and `mountinfo`.
pub(crate) fn unescaped(text: &str) -> String {
    String::from_utf8_lossy(&unescaped_bytes(text.as_bytes())).into_owned()
}

/// The same for a path, which may have any bytes.
pub(crate) fn unescaped_bytes(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|digits| digits.iter().all(|digit| (b'0'..=b'7').contains(digit)));
        match (byte, digits) {
            (b'\\', Some(digits)) => {
                let value = digits.iter().fold(0_u16, |value, digit| value * 8 + u16::from(digit - b'0'));
                // Three octal digits reach 511; the kernel writes a byte.
                bytes.push(value as u8);
                rest = &after[3..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_another_form_are_skipped() {
        let found: Vec<_> = pairs("cache 5\nodd\nrss -1\n  swap\t7 \n").collect();
        assert_eq!(found, [("cache", 5), ("swap", 7)]);
        assert_eq!(value_of("a 1\nab 2\n", "ab"), Some(2));
    }

    #[test]
    fn pressure_is_in_seconds() {
        let text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 total=7\n";
        assert_eq!(pressure(text, "some"), Some(2.5));
        assert_eq!(pressure(text, "none"), None);
    }

    #[test]
    fn escapes_of_mount_points_are_decoded() {
        assert_eq!(unescaped(r"/mnt/a\040b\011c\134d"), "/mnt/a b\tc\\d");
        assert_eq!(unescaped(r"\04"), r"\04");
        assert_eq!(unescaped(r"\777"), "\u{fffd}");
    }
}
