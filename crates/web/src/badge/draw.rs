//! Drawing. Sizes, gradients and fonts are those of shields.io's styles, so that badges of both stand side by side.

use std::fmt::{self, Write};
use std::str::FromStr;

use wharf_serve::page::escaped;

use super::Colour;
use super::width::{Weight, width};

/// The shape of a badge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    #[default]
    Flat,
    FlatSquare,
    ForTheBadge,
    Plastic,
}

impl Style {
    /// All styles, with the names that a query has for them.
    pub(crate) const ALL: [(&'static str, Self); 4] = [
        ("flat", Self::Flat),
        ("flat-square", Self::FlatSquare),
        ("for-the-badge", Self::ForTheBadge),
        ("plastic", Self::Plastic),
    ];

    /// The name.
    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, style)| *style == self).map_or("flat", |(name, _)| name)
    }

    fn shape(self) -> Shape {
        let flat = Shape { height: 20, baseline: 140, size: 11, shadow: true, corner: Some(3), gradient: &FLAT };
        match self {
            Self::Flat => flat,
            Self::FlatSquare => Shape { shadow: false, corner: None, gradient: &[], ..flat },
            Self::Plastic => Shape { height: 18, baseline: 130, corner: Some(4), gradient: &PLASTIC, ..flat },
            Self::ForTheBadge => {
                Shape { height: 28, baseline: 175, size: 10, shadow: false, corner: None, gradient: &[] }
            }
        }
    }
}

impl FromStr for Style {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, style)| style).ok_or(())
    }
}

/// Stops of a gradient from top to bottom: offset, colour and opacity.
type Gradient = [(&'static str, &'static str, &'static str)];

const FLAT: [(&str, &str, &str); 2] = [("0", "#bbb", ".1"), ("1", "#000", ".1")];

const PLASTIC: [(&str, &str, &str); 4] =
    [("0", "#fff", ".7"), (".1", "#aaa", ".1"), (".9", "#000", ".3"), ("1", "#000", ".5")];

/// What differs between styles, in pixels; the baseline in tenths of one.
struct Shape {
    height: u32,
    baseline: u32,
    size: u32,
    shadow: bool,
    /// The radius of the corners, if they are round.
    corner: Option<u32>,
    gradient: &'static Gradient,
}

/// One half of a badge, in pixels.
#[derive(Debug, PartialEq)]
struct Half {
    text: String,
    weight: Weight,
    ground: Colour,
    /// Where it begins.
    x: f64,
    width: f64,
    /// The middle of the text.
    middle: f64,
    text_width: f64,
}

/// The badge with this label and this message, each on its ground. Without a label there is only the message.
pub(super) fn draw(style: Style, label: (&str, Colour), message: (&str, Colour)) -> String {
    let halves = if style == Style::ForTheBadge { spaced(label, message) } else { close(label, message) };
    let mut svg = String::with_capacity(2048);
    // Writing to a string does not fail.
    let _ = write(&mut svg, &style.shape(), &halves, &spoken(label.0, message.0));
    svg
}

/// What a screen reader says.
fn spoken(label: &str, message: &str) -> String {
    if label.is_empty() { message.to_owned() } else { format!("{label}: {message}") }
}

/// The halves of the styles whose text is written as it is. Widths of texts are odd, so that they fall on whole pixels.
fn close(label: (&str, Colour), message: (&str, Colour)) -> Vec<Half> {
    const PADDING: f64 = 5.0;
    let reserved = |text: &str| f64::from((width(text, Weight::Regular) * 11 / 1000) | 1);
    let mut halves = Vec::new();
    let mut x = 0.0;
    for (text, ground) in [label, message].into_iter().filter(|(text, _)| !text.is_empty()) {
        let text_width = reserved(text);
        let width = text_width + 2.0 * PADDING;
        // Texts keep a pixel more from the sides of the badge than from each other.
        let nearer = match (label.0.is_empty(), x == 0.0) {
            (true, _) => 0.0,
            (false, true) => 1.0,
            (false, false) => -1.0,
        };
        let middle = x + nearer + PADDING + text_width / 2.0;
        halves.push(Half { text: text.to_owned(), weight: Weight::Regular, ground, x, width, middle, text_width });
        x += width;
    }
    halves
}

/// The halves of `for-the-badge`: capitals with space between them, and a bold message.
fn spaced(label: (&str, Colour), message: (&str, Colour)) -> Vec<Half> {
    const PADDING: f64 = 12.0;
    const SPACING: f64 = 1.25;
    let mut halves = Vec::new();
    let mut x = 0.0;
    let parts = [(label, Weight::Regular), (message, Weight::Bold)];
    for ((text, ground), weight) in parts.into_iter().filter(|((text, _), _)| !text.is_empty()) {
        let text = text.to_uppercase();
        let letters = f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
        let text_width = f64::from(width(&text, weight) / 100) + SPACING * letters;
        let width = text_width + 2.0 * PADDING;
        halves.push(Half { text, weight, ground, x, width, middle: x + width / 2.0, text_width });
        x += width;
    }
    halves
}

fn write(svg: &mut String, shape: &Shape, halves: &[Half], spoken: &str) -> fmt::Result {
    let Shape { height, .. } = shape;
    let width: f64 = halves.iter().map(|half| half.width).sum();
    let spoken = escaped(spoken);
    write!(svg, r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" "#)?;
    write!(svg, r#"viewBox="0 0 {width} {height}" role="img" aria-label="{spoken}"><title>{spoken}</title>"#)?;
    if !shape.gradient.is_empty() {
        svg.write_str(r#"<linearGradient id="s" x2="0" y2="100%">"#)?;
        for (offset, colour, opacity) in shape.gradient {
            write!(svg, r#"<stop offset="{offset}" stop-color="{colour}" stop-opacity="{opacity}"/>"#)?;
        }
        svg.write_str("</linearGradient>")?;
    }
    match shape.corner {
        Some(corner) => {
            write!(svg, r#"<clipPath id="r"><rect width="{width}" height="{height}" rx="{corner}"/></clipPath>"#)?;
            svg.write_str(r##"<g clip-path="url(#r)">"##)?;
        }
        None => svg.write_str(r#"<g shape-rendering="crispEdges">"#)?,
    }
    for Half { x, width, ground, .. } in halves {
        write!(svg, r#"<rect x="{x}" width="{width}" height="{height}" fill="{ground}"/>"#)?;
    }
    if !shape.gradient.is_empty() {
        write!(svg, r##"<rect width="{width}" height="{height}" fill="url(#s)"/>"##)?;
    }
    svg.write_str(r#"</g><g text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" "#)?;
    // Ten times as large and scaled down: browsers round small sizes of fonts.
    write!(svg, r#"text-rendering="geometricPrecision" font-size="{}" aria-hidden="true">"#, 10 * shape.size)?;
    for half in halves {
        let text = half.ground.text();
        if shape.shadow {
            let shadow = if text == Colour::WHITE { "#010101" } else { "#cccccc" };
            write_text(svg, half, shape.baseline + 10, format_args!(r#"{shadow}" fill-opacity=".3"#))?;
        }
        write_text(svg, half, shape.baseline, format_args!("{text}"))?;
    }
    svg.write_str("</g></svg>")
}

fn write_text(svg: &mut String, half: &Half, y: u32, fill: fmt::Arguments<'_>) -> fmt::Result {
    let (x, length) = (10.0 * half.middle, 10.0 * half.text_width);
    let weight = if half.weight == Weight::Bold { r#" font-weight="bold""# } else { "" };
    let text = escaped(&half.text);
    write!(
        svg,
        r#"<text x="{x}" y="{y}" transform="scale(.1)" fill="{fill}" textLength="{length}"{weight}>{text}</text>"#
    )
}

#[cfg(test)]
mod tests;
