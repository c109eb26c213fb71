//! A number with its name, and what it is compared with. Pure. `templates/parts.html` draws it.

use crate::pages::grouped;
use crate::series::{Comparison, Summary};

/// A number with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// The period before.
    pub(crate) before: Option<String>,
}

/// The total, today, the last 7 and the last 30 days. The total is the counter's where it answers.
pub(crate) fn tiles(total: i64, summary: &Summary) -> [Tile; 4] {
    let Summary { today, week, month, .. } = summary;
    let tile = |name, value: i64, before| Tile { name, value: grouped(value), before };
    [
        tile("Total", total, None),
        // The day is not over, so it is no share of the day before.
        tile("Today", today.now, Some(format!("Yesterday: {}", grouped(today.before)))),
        tile("Last 7 days", week.now, Some(compared("7", *week))),
        tile("Last 30 days", month.now, Some(compared("30", *month))),
    ]
}

/// `The 7 days before: 40 (+5 %)`.
fn compared(days: &str, Comparison { now, before }: Comparison) -> String {
    let text = format!("The {days} days before: {}", grouped(before));
    if before <= 0 {
        return text;
    }
    let percent = ((now - before) as f64 * 100.0 / before as f64).round() as i64;
    let sign = match percent {
        0 => "±",
        1.. => "+",
        _ => "−",
    };
    format!("{text} ({sign}{}\u{a0}%)", grouped(percent.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_compared_with_the_one_before_it() {
        let text = |now, before| compared("7", Comparison { now, before }).replace(['\u{a0}', '\u{202f}'], " ");
        assert_eq!(text(42, 40), "The 7 days before: 40 (+5 %)");
        assert_eq!(text(40, 40), "The 7 days before: 40 (±0 %)");
        assert_eq!(text(1, 3), "The 7 days before: 3 (−67 %)");
        assert_eq!(text(5_000, 10), "The 7 days before: 10 (+49 900 %)");
        assert_eq!(text(5, 0), "The 7 days before: 0");
    }

    #[test]
    fn today_is_not_a_share_of_yesterday() {
        let summary = Summary { today: Comparison { now: 3, before: 30 }, ..Summary::default() };
        let [total, today, ..] = tiles(1_234, &summary);
        assert_eq!((total.value.as_str(), total.before), ("1\u{202f}234", None));
        assert_eq!(today.before.as_deref(), Some("Yesterday: 30"));
    }
}
