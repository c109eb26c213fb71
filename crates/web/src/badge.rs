//! The badge: a small picture that a page or a README embeds. Pure; it is drawn with attributes only, so that it needs
//! no style sheet, no font and no script.

use std::fmt::Write;

use crate::pages::grouped;
use crate::unavailable::BADGE_AWAY;

/// Height in pixels, the usual one of badges.
const HEIGHT: u32 = 20;

/// Space beside a text, in pixels.
const PADDING: u32 = 6;

/// The left half says this.
const LABEL: &str = "hits";

/// A badge for `count` hits.
pub(crate) fn count(count: i64) -> String {
    draw(&grouped(count), "#0b5a8a")
}

/// The badge while nothing can be counted.
pub(crate) fn out_of_reach() -> String {
    draw(BADGE_AWAY, "#5a5a5a")
}

/// The badge of a key that is refused because too many are counted.
pub(crate) fn no_room() -> String {
    draw("no room for a new key", "#5a5a5a")
}

/// White text on `colour`, which is dark. Each text is stretched to the width reserved for it, so the badge looks the
/// same in every font.
fn draw(value: &str, colour: &str) -> String {
    let (label_text, value_text) = (text_width(LABEL), text_width(value));
    let (label_width, value_width) = (label_text + 2 * PADDING, value_text + 2 * PADDING);
    let width = label_width + value_width;
    let value_at = label_width + PADDING;
    let mut svg = String::with_capacity(1024);
    // Writing to a string does not fail.
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" role="img" aria-labelledby="t"><title id="t">{LABEL}: {value}</title><clipPath id="c"><rect width="{width}" height="{HEIGHT}" rx="4"/></clipPath><g clip-path="url(#c)"><rect width="{label_width}" height="{HEIGHT}" fill="#3f4549"/><rect x="{label_width}" width="{value_width}" height="{HEIGHT}" fill="{colour}"/></g><g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" aria-hidden="true"><text x="{PADDING}" y="14" textLength="{label_text}">{LABEL}</text><text x="{value_at}" y="14" textLength="{value_text}">{value}</text></g></svg>"##
    );
    svg
}

/// About how wide Verdana draws a text at 11 pixels, in pixels.
fn text_width(text: &str) -> u32 {
    text.chars()
        .map(|c| match c {
            'i' | 'l' | '\u{202f}' => 3,
            't' | 'f' | 'r' | ' ' | '-' => 4,
            _ => 7,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_tells_its_count_to_those_who_do_not_see_it() {
        let svg = count(1234);
        assert!(svg.contains("role=\"img\" aria-labelledby=\"t\"><title id=\"t\">hits: 1\u{202f}234</title>"), "{svg}");
        assert!(!svg.contains("style") && !svg.contains("<script"), "{svg}");
    }

    #[test]
    fn a_badge_grows_with_its_number() {
        let width = |svg: &str| svg.split('"').nth(3).unwrap().parse::<u32>().unwrap();
        assert!(width(&count(1)) < width(&count(10)));
        assert!(width(&count(i64::MAX)) < 220);
    }

    #[test]
    fn without_a_count_the_badge_says_so() {
        assert!(out_of_reach().contains("hits: out of reach"));
    }
}
