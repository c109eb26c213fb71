//! Amounts of bytes, as numbers and as bars.

use wharf_orchestrator::event::Amount;

/// `34.1MB/80.2MB`, in units of 1000 as docker has them; `34.1MB` if the total is not known.
pub(crate) fn of_total(amount: Amount) -> String {
    if amount.total == 0 {
        return bytes(amount.done);
    }
    format!("{}/{}", bytes(amount.done), bytes(amount.total))
}

/// `[====>     ]`, as wide as `columns`; blank if the total is not known, empty if that is too narrow for a bar.
pub(crate) fn bar(amount: Amount, columns: usize) -> String {
    if amount.total == 0 {
        return " ".repeat(columns);
    }
    let Some(room) = columns.checked_sub(2).filter(|room| *room > 2) else { return String::new() };
    let done = u128::from(amount.done.min(amount.total)) * room as u128 / u128::from(amount.total);
    let done = usize::try_from(done).unwrap_or(room);
    let head = if done < room { ">" } else { "" };
    format!("[{}{head}{}]", "=".repeat(done), " ".repeat(room - done - head.len()))
}

fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    // 999.95 would be shown as 1000.0.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    match unit {
        0 => format!("{count}B"),
        _ => format!("{value:.1}{}", UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_the_unit_that_reads_best() {
        let text = |count| bytes(count);
        assert_eq!([text(0), text(999), text(1000), text(999_949)], ["0B", "999B", "1.0kB", "999.9kB"]);
        assert_eq!([text(999_950), text(34_123_456), text(5_000_000_000_000_000)], ["1.0MB", "34.1MB", "5000.0TB"]);
    }

    #[test]
    fn a_bar_grows_from_empty_to_full() {
        let at = |done| bar(Amount { done, total: 100 }, 12);
        assert_eq!([at(0), at(50), at(99), at(100)], ["[>         ]", "[=====>    ]", "[=========>]", "[==========]"]);
        assert_eq!(bar(Amount { done: 5, total: 0 }, 3), "   ");
        assert_eq!(of_total(Amount { done: 5000, total: 0 }), "5.0kB");
        assert_eq!(bar(Amount { done: u64::MAX, total: u64::MAX }, 4), "");
    }
}
