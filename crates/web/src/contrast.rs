//! A test that the style sheet's colours have enough contrast: WCAG 2.2, success criterion 1.4.3, level AA.

use std::collections::HashMap;

const SHEET: &str = include_str!("../static/style.css");

/// The minimum contrast ratio for text of normal size.
const AA: f64 = 4.5;

type Rgb = [f64; 3];

/// The custom properties of the first block after `start` that are colours: red, green, blue and alpha from 0 to 1.
fn colours(start: &str) -> HashMap<&'static str, (Rgb, f64)> {
    let (_, block) = SHEET.split_once(start).unwrap();
    let (block, _) = block.split_once('}').unwrap();
    let lines = block.lines().filter_map(|line| line.trim().strip_suffix(';')?.split_once(": "));
    lines.filter_map(|(name, value)| Some((name, colour(value)?))).collect()
}

fn colour(text: &str) -> Option<(Rgb, f64)> {
    if let Some(hex) = text.strip_prefix('#') {
        let wide: String = if hex.len() == 3 { hex.chars().flat_map(|c| [c, c]).collect() } else { hex.to_owned() };
        let part = |at| u8::from_str_radix(&wide[at..at + 2], 16).map(|value| f64::from(value) / 255.0).unwrap();
        return Some(([part(0), part(2), part(4)], 1.0));
    }
    let (rgb, alpha) = text.strip_prefix("rgb(")?.strip_suffix("%)")?.split_once(" / ")?;
    let parts: Vec<f64> = rgb.split(' ').map(|part| part.parse::<f64>().unwrap() / 255.0).collect();
    Some((parts.try_into().unwrap(), alpha.parse::<f64>().unwrap() / 100.0))
}

/// Relative luminance.
fn luminance(colour: Rgb) -> f64 {
    let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    let [red, green, blue] = colour.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn ratio(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The visible colour of a card in front of black or white.
fn cards((card, opaque): (Rgb, f64)) -> [Rgb; 2] {
    [0.0, 1.0].map(|behind| card.map(|part| part * opaque + behind * (1.0 - opaque)))
}

#[test]
fn the_ratio_is_that_of_wcag() {
    assert!((ratio([0.0; 3], [1.0; 3]) - 21.0).abs() < 1e-9);
    let (grey, _) = colour("#767676").unwrap();
    assert!((ratio(grey, [1.0; 3]) - 4.54).abs() < 0.01);
}

#[test]
fn every_text_can_be_read_in_light_and_in_dark_whatever_the_picture_behind_it() {
    for start in [":root {", "prefers-color-scheme: dark) {\n  :root {"] {
        let colours = colours(start);
        for text in ["--text", "--soft", "--accent"] {
            for card in cards(colours["--card"]) {
                let ratio = ratio(colours[text].0, card);
                assert!(ratio >= AA, "{text} on the card after {start:?}: {ratio:.2}");
            }
        }
        let button = ratio(colours["--on-accent"].0, colours["--accent"].0);
        assert!(button >= AA, "the button's text after {start:?}: {button:.2}");
    }
}

#[test]
fn the_badges_white_text_can_be_read() {
    for svg in [crate::badge::count(1), crate::badge::out_of_reach(), crate::badge::no_room()] {
        let fills: Vec<_> = svg.split("fill=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(fills.len(), 3, "two grounds and a text: {svg}");
        for ground in &fills[..2] {
            let ratio = ratio(colour(ground).unwrap().0, [1.0; 3]);
            assert!(ratio >= AA, "{ground}: {ratio:.2}");
        }
    }
}
