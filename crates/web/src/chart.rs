//! A bar chart: values in, positions out. Pure. `templates/parts.html` draws it.
//!
//! All positions are percentages of the drawing's width and height, so the drawing is stretched to any width and its text is
//! not: text keeps the size that the style sheet gives it.

use crate::badge::NumberFormat;
use crate::pages::grouped;

/// The part of a bar's room that stays empty.
const GAP: f64 = 0.2;

/// The height of a bar that would be too low to be seen.
const LEAST: f64 = 1.0;

/// Where a label may begin at most. One that begins further to the right would leave the drawing.
const LAST_LABEL: f64 = 86.0;

/// Most lines above the base line.
const LINES: i64 = 4;

/// A mark below a bar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) label: String,
    /// Whether a narrow drawing leaves it out.
    pub(crate) minor: bool,
}

/// A value, its name, and perhaps a mark.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: i64,
    pub(crate) mark: Option<Mark>,
}

/// A bar and its position.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    /// Left end, top, width and height.
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) width: String,
    pub(crate) height: String,
    /// The tooltip.
    pub(crate) title: String,
}

/// A line across the chart and its number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) y: String,
    pub(crate) label: String,
}

/// A mark and its position.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) x: String,
    pub(crate) label: String,
    pub(crate) minor: bool,
}

/// A chart that has been laid out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chart {
    pub(crate) bars: Vec<Placed>,
    pub(crate) lines: Vec<Line>,
    pub(crate) ticks: Vec<Tick>,
}

impl Chart {
    /// Bars from left to right, on a scale that begins at zero.
    pub(crate) fn new(bars: &[Bar]) -> Self {
        let highest = bars.iter().map(|bar| bar.value).max().unwrap_or(0);
        let step = step(highest);
        let lines = (highest.max(1) - 1) / step + 1;
        let top = step as f64 * lines as f64;
        let height = |value: i64| if value > 0 { (100.0 * value as f64 / top).clamp(LEAST, 100.0) } else { 0.0 };
        let room = 100.0 / bars.len().max(1) as f64;
        let placed = bars.iter().enumerate().map(|(index, bar)| Placed {
            x: number(room * (index as f64 + GAP / 2.0)),
            y: number(100.0 - height(bar.value)),
            width: number(room * (1.0 - GAP)),
            height: number(height(bar.value)),
            title: format!("{}: {}", bar.label, grouped(bar.value)),
        });
        let line = |index: i64| Line {
            y: number(100.0 - 100.0 * index as f64 / lines as f64),
            label: short(step.saturating_mul(index)),
        };
        let ticks = bars.iter().enumerate().filter_map(|(index, bar)| {
            let Mark { label, minor } = bar.mark.clone()?;
            let x = room * (index as f64 + GAP / 2.0);
            (x <= LAST_LABEL).then(|| Tick { x: number(x), label, minor })
        });
        Self { bars: placed.collect(), lines: (0..=lines).map(line).collect(), ticks: ticks.collect() }
    }
}

/// The distance of lines for a scale up to `highest`: 1, 2 or 5 times a power of ten, so that there are at most [`LINES`].
fn step(highest: i64) -> i64 {
    let mut power: i64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if step.saturating_mul(LINES) >= highest {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A number of the scale in few characters: `9 500`, `20k`, `1.5M`. Those of [`step`] lose nothing by it.
fn short(value: i64) -> String {
    if value < 10_000 { grouped(value) } else { NumberFormat::Metric.write(value) }
}

/// A percentage, to a hundredth.
fn number(value: f64) -> String {
    format!("{}", (value * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chart(values: &[i64]) -> Chart {
        let bar = |&value: &i64| Bar {
            label: format!("b{value}"),
            value,
            mark: Some(Mark { label: value.to_string(), minor: false }),
        };
        Chart::new(&values.iter().map(bar).collect::<Vec<_>>())
    }

    #[test]
    fn the_lines_of_the_scale_are_round_numbers() {
        let labels = |highest: i64| {
            let labels: Vec<_> = chart(&[highest]).lines.into_iter().map(|line| line.label).collect();
            labels.join(" ").replace('\u{202f}', "_")
        };
        assert_eq!(labels(0), "0 1");
        assert_eq!(labels(1), "0 1");
        assert_eq!(labels(3), "0 1 2 3");
        assert_eq!(labels(7), "0 2 4 6 8");
        assert_eq!(labels(10), "0 5 10");
        assert_eq!(labels(23), "0 10 20 30");
        assert_eq!(labels(6_500), "0 2_000 4_000 6_000 8_000");
        assert_eq!(labels(70_000), "0 20k 40k 60k 80k");
        assert_eq!(labels(1_900_000), "0 500k 1M 1.5M 2M");
        assert_eq!(labels(7_000_000_000_000_000), "0 2P 4P 6P 8P");
    }

    #[test]
    fn a_bar_stands_on_the_floor_and_is_as_high_as_its_value() {
        let chart = chart(&[0, 500, 1_000, 1]);
        let heights: Vec<_> = chart.bars.iter().map(|bar| bar.height.as_str()).collect();
        assert_eq!(heights, ["0", "50", "100", "1"], "what is not zero is seen");
        assert_eq!(chart.bars[2].y, "0");
        assert_eq!(chart.bars[1].title, "b500: 500");
    }

    #[test]
    fn a_mark_is_below_the_beginning_of_its_bar_and_never_at_the_right_end() {
        let chart = chart(&[1; 10]);
        assert_eq!(chart.ticks[3].x, chart.bars[3].x);
        assert_eq!(chart.ticks.len(), 9);
    }

    proptest! {
        #[test]
        fn everything_stays_in_the_picture(values in proptest::collection::vec(any::<i64>(), 0..60)) {
            let chart = chart(&values);
            prop_assert!((2..=5).contains(&chart.lines.len()), "{:?}", chart.lines);
            for bar in chart.bars {
                let [x, y, width, height] = [bar.x, bar.y, bar.width, bar.height].map(|text| text.parse::<f64>().unwrap());
                prop_assert!(x >= 0.0 && x + width <= 100.01 && y >= 0.0 && y + height <= 100.01, "{x} {y} {width} {height}");
            }
        }
    }
}
