//! A test that the style sheet's colours have enough contrast: WCAG 2.2, success criterion 1.4.3, level AA.

use std::collections::HashMap;

use crate::assets::SHEET;
use crate::wcag::{AA, Rgb, ratio};

/// The minimum contrast ratio for parts that are not text (success criterion 1.4.11).
const AA_PARTS: f64 = 3.0;

/// What the blocks with the colours of the light and the dark scheme begin with.
const SCHEMES: [&str; 2] = [":root {", "prefers-color-scheme: dark) {\n  :root {"];

/// The custom properties of the first block after `start` that are colours.
fn colours(start: &str) -> HashMap<&'static str, Rgb> {
    let (_, block) = SHEET.split_once(start).unwrap();
    let (block, _) = block.split_once('}').unwrap();
    let lines = block.lines().filter_map(|line| line.trim().strip_suffix(';')?.split_once(": "));
    lines.filter_map(|(name, value)| Some((name, colour(value)?))).collect()
}

fn colour(text: &str) -> Option<Rgb> {
    let hex = text.strip_prefix('#')?;
    let wide: String = if hex.len() == 3 { hex.chars().flat_map(|c| [c, c]).collect() } else { hex.to_owned() };
    let part = |at| u8::from_str_radix(&wide[at..at + 2], 16).map(|value| f64::from(value) / 255.0).unwrap();
    Some([part(0), part(2), part(4)])
}

#[test]
fn the_ratio_is_that_of_wcag() {
    assert!((ratio([0.0; 3], [1.0; 3]) - 21.0).abs() < 1e-9);
    let grey = colour("#767676").unwrap();
    assert!((ratio(grey, [1.0; 3]) - 4.54).abs() < 0.01);
}

#[test]
fn every_text_can_be_read_on_every_ground_in_light_and_in_dark() {
    for start in SCHEMES {
        let colours = colours(start);
        for text in ["--text", "--soft", "--accent", "--good", "--bad"] {
            for ground in ["--ground", "--card"] {
                let ratio = ratio(colours[text], colours[ground]);
                assert!(ratio >= AA, "{text} on {ground} after {start:?}: {ratio:.2}");
            }
        }
        let button = ratio(colours["--on-accent"], colours["--accent"]);
        assert!(button >= AA, "the button's text after {start:?}: {button:.2}");
    }
}

#[test]
fn the_edge_of_a_field_and_a_bar_can_be_seen_on_every_ground() {
    for start in SCHEMES {
        let colours = colours(start);
        for part in ["--edge", "--accent"] {
            for ground in ["--ground", "--card"] {
                let ratio = ratio(colours[part], colours[ground]);
                assert!(ratio >= AA_PARTS, "{part} on {ground} after {start:?}: {ratio:.2}");
            }
        }
    }
}

#[test]
fn the_harbour_ends_in_the_colour_of_the_ground() {
    let drawings = [include_str!("../static/harbour.svg"), include_str!("../static/harbour-night.svg")];
    for (start, drawing) in SCHEMES.into_iter().zip(drawings) {
        let last = drawing.rsplit("fill=\"").next().and_then(|rest| rest.split('"').next()).unwrap();
        assert_eq!(colour(last), Some(colours(start)["--ground"]), "{last} after {start:?}");
    }
}
