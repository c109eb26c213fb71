//! How wide a text is in Verdana, the font of badges; DejaVu Sans, which Linux has in its place, is as wide to within a
//! twentieth. Browsers stretch a text to the width that is reserved for it, so an estimate is enough for other scripts.

use unicode_width::UnicodeWidthChar;

/// A weight of the font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// The advance widths of the characters from U+0020 to U+007E in thousandths of the font's size.
#[rustfmt::skip]
const REGULAR: [u16; 95] = [
    352, 394, 459, 818, 636, 1076, 727, 269, 454, 454, 636, 818, 364, 454, 364, 454, // space to /
    636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 454, 454, 818, 818, 818, 545, // 0 to ?
    1000, 684, 686, 698, 771, 632, 575, 775, 751, 421, 455, 693, 557, 843, 748, 787, // @ to O
    603, 787, 695, 684, 616, 732, 684, 989, 685, 615, 685, 454, 454, 454, 818, 636, // P to _
    636, 601, 623, 521, 623, 596, 352, 623, 633, 274, 344, 592, 274, 973, 633, 607, // ` to o
    623, 623, 427, 521, 394, 633, 592, 818, 592, 592, 525, 635, 454, 635, 818, // p to ~
];

#[rustfmt::skip]
const BOLD: [u16; 95] = [
    342, 402, 587, 867, 711, 1272, 862, 332, 543, 543, 711, 867, 361, 480, 361, 689, // space to /
    711, 711, 711, 711, 711, 711, 711, 711, 711, 711, 402, 402, 867, 867, 867, 617, // 0 to ?
    964, 776, 762, 724, 830, 683, 650, 811, 837, 546, 555, 771, 637, 948, 847, 850, // @ to O
    733, 850, 782, 710, 682, 812, 764, 1128, 764, 737, 692, 543, 689, 543, 867, 711, // P to _
    711, 668, 699, 588, 699, 664, 422, 699, 712, 342, 403, 671, 342, 1058, 712, 687, // ` to o
    699, 699, 497, 593, 456, 712, 650, 979, 669, 651, 597, 711, 543, 711, 867, // p to ~
];

/// An emoji, in thousandths of the font's size.
const EMOJI: u32 = 1250;

const JOINER: char = '\u{200d}';
const EMOJI_PRESENTATION: char = '\u{fe0f}';
const NARROW_SPACE: char = '\u{202f}';

/// The width of `text`, in thousandths of the font's size.
pub(crate) fn width(text: &str, weight: Weight) -> u32 {
    let mut characters = text.chars().peekable();
    let mut width = 0;
    let mut joined = false;
    while let Some(c) = characters.next() {
        let as_emoji = characters.peek() == Some(&EMOJI_PRESENTATION);
        // What follows a joiner is drawn as one picture with what precedes it.
        if !std::mem::replace(&mut joined, c == JOINER) {
            width += if as_emoji { EMOJI } else { one(c, weight) };
        }
    }
    width
}

fn one(c: char, weight: Weight) -> u32 {
    let table = if weight == Weight::Bold { &BOLD } else { &REGULAR };
    if let Some(width) = (c as usize).checked_sub(0x20).and_then(|at| table.get(at)) {
        return u32::from(*width);
    }
    match (c, c.width().unwrap_or(0)) {
        (_, 0) | ('\u{1f3fb}'..='\u{1f3ff}', _) => 0,
        // Two of these make a flag.
        ('\u{1f1e6}'..='\u{1f1ff}', _) => EMOJI / 2,
        ('\u{1f000}'..='\u{1ffff}', _) => EMOJI,
        (NARROW_SPACE, _) => 200,
        (_, 1) => average(c, weight),
        _ => 1000,
    }
}

/// The mean of the letters of Latin, Greek and Cyrillic beyond ASCII.
fn average(c: char, weight: Weight) -> u32 {
    match (c.is_uppercase(), weight) {
        (true, Weight::Regular) => 740,
        (true, Weight::Bold) => 820,
        (false, Weight::Regular) => 620,
        (false, Weight::Bold) => 690,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regular(text: &str) -> u32 {
        width(text, Weight::Regular)
    }

    #[test]
    fn widths_are_those_that_shields_io_reserves() {
        // At 11 pixels: 26.7 and 41.7, which shields.io rounds to 27 and 41.
        assert_eq!(regular("build") * 11 / 1000, 26);
        assert_eq!(regular("passing") * 11 / 1000, 41);
        assert!(width("HITS", Weight::Bold) > regular("HITS"));
    }

    #[test]
    fn every_script_has_a_width() {
        assert_eq!(regular("計數"), 2000);
        assert_eq!(regular("é"), regular("е\u{301}"), "a combining mark has none");
        for emoji in ["🚢", "❤\u{fe0f}", "👍🏽", "👩\u{200d}💻", "🇳🇱", "👨\u{200d}👩\u{200d}👧"]
        {
            assert_eq!(regular(emoji), EMOJI, "{emoji}");
        }
        assert_eq!(regular(""), 0);
    }
}
