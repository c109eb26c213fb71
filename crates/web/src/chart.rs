//! A bar chart as SVG: values in, positions of rectangles and texts out. Pure. `templates/stats.html` draws it in the
//! colours of the surrounding text.

use crate::pages::grouped;

/// Width and height of the picture, in its own units; a page scales it.
pub(crate) const WIDTH: f64 = 480.0;
pub(crate) const HEIGHT: f64 = 200.0;

/// Space to the left of the bars for the scale, above them, and below them for the labels.
const LEFT: f64 = 56.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 28.0;

/// The part of a bar's width that stays empty.
const GAP: f64 = 0.2;

/// A value and its label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: i64,
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

/// A chart that has been laid out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chart {
    pub(crate) bars: Vec<Placed>,
    pub(crate) lines: [Line; 3],
    /// Labels of the first and the last bar.
    pub(crate) ends: [String; 2],
    /// The base line of the bars, and their left and right ends.
    pub(crate) floor: f64,
    pub(crate) left: f64,
    pub(crate) right: f64,
}

impl Chart {
    /// Bars from left to right, on a scale that begins at zero.
    pub(crate) fn new(bars: Vec<Bar>) -> Self {
        let floor = HEIGHT - BOTTOM;
        let top = round_up(bars.iter().map(|bar| bar.value).max().unwrap_or(0));
        let height = |value: i64| (floor - TOP) * value.max(0) as f64 / top as f64;
        let room = (WIDTH - LEFT) / bars.len().max(1) as f64;
        let placed = bars.iter().enumerate().map(|(index, bar)| Placed {
            x: number(LEFT + room * (index as f64 + GAP / 2.0)),
            y: number(floor - height(bar.value)),
            width: number(room * (1.0 - GAP)),
            height: number(height(bar.value)),
            title: format!("{}: {}", bar.label, grouped(bar.value)),
        });
        let line = |value: i64| Line { y: number(floor - height(value)), label: grouped(value) };
        let label = |bar: Option<&Bar>| bar.map(|bar| bar.label.clone()).unwrap_or_default();
        Self {
            bars: placed.collect(),
            lines: [line(0), line(top / 2), line(top)],
            ends: [label(bars.first()), label(bars.last())],
            floor,
            left: LEFT,
            right: WIDTH,
        }
    }
}

/// The smallest number of the form d00…0 that is at least `value`, where d is 1 or even. Half of the scale is then a whole
/// number, too.
fn round_up(value: i64) -> i64 {
    let mut power: i64 = 1;
    loop {
        for step in [2, 4, 6, 8, 10] {
            let candidate = power.saturating_mul(step);
            if candidate >= value {
                return candidate;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A length in SVG's notation, to a hundredth.
fn number(value: f64) -> String {
    format!("{}", (value * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chart(values: &[i64]) -> Chart {
        Chart::new(values.iter().map(|&value| Bar { label: format!("b{value}"), value }).collect())
    }

    #[test]
    fn the_scale_ends_at_a_round_number() {
        let top = |values: &[i64]| chart(values).lines[2].label.replace('\u{202f}', "");
        assert_eq!(top(&[]), "2");
        assert_eq!(top(&[0, 0]), "2");
        assert_eq!(top(&[7]), "8");
        assert_eq!(top(&[9, 3]), "10");
        assert_eq!(top(&[1_234]), "2000");
    }

    #[test]
    fn a_bar_stands_on_the_floor_and_is_as_high_as_its_value() {
        let chart = chart(&[0, 5, 10]);
        let heights: Vec<_> = chart.bars.iter().map(|bar| bar.height.as_str()).collect();
        assert_eq!(heights, ["0", "78", "156"]);
        assert_eq!(chart.bars[2].y, "16");
        assert_eq!(chart.bars[1].title, "b5: 5");
        assert_eq!(chart.ends, ["b0", "b10"]);
    }

    proptest! {
        #[test]
        fn everything_stays_in_the_picture(values in proptest::collection::vec(any::<i64>(), 0..60)) {
            for bar in chart(&values).bars {
                let [x, y, width, height] = [bar.x, bar.y, bar.width, bar.height].map(|text| text.parse::<f64>().unwrap());
                prop_assert!(x >= LEFT && x + width <= WIDTH && y >= TOP && y + height <= HEIGHT, "{x} {y} {width} {height}");
            }
        }
    }
}
