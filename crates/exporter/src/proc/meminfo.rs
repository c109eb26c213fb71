//! `/proc/meminfo`: memory (proc_meminfo(5)).

/// The fields by name, in bytes if the kernel gives a unit.
pub(crate) fn fields(text: &str) -> impl Iterator<Item = (&str, u64)> {
    text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let mut words = value.split_whitespace();
        let number: u64 = words.next()?.parse().ok()?;
        let factor = if words.next() == Some("kB") { 1024 } else { 1 };
        Some((name, number.saturating_mul(factor)))
    })
}

/// One field in bytes.
pub(crate) fn bytes(text: &str, name: &str) -> Option<u64> {
    fields(text).find_map(|(found, value)| (found == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kilobytes_become_bytes() {
        let text = "MemTotal:       2048 kB\nHugePages_Total:  3\nodd\nBig: 18446744073709551615 kB\n";
        let found: Vec<_> = fields(text).collect();
        assert_eq!(found, [("MemTotal", 2 << 20), ("HugePages_Total", 3), ("Big", u64::MAX)]);
    }
}
