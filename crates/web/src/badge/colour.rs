//! Colours as shields.io takes them: its names, and hexadecimal digits with or without `#`. A text from outside becomes a
//! colour here or is refused, so no text from outside is ever part of an attribute.

use std::fmt;
use std::str::FromStr;

use crate::wcag::{self, Rgb};

/// The names and their colours: shields.io's nine, and its aliases for states.
const NAMES: [(&str, Colour); 16] = [
    ("brightgreen", Colour::new(0x44, 0xcc, 0x11)),
    ("green", Colour::new(0x97, 0xca, 0x00)),
    ("yellowgreen", Colour::new(0xa4, 0xa6, 0x1d)),
    ("yellow", Colour::new(0xdf, 0xb3, 0x17)),
    ("orange", Colour::new(0xfe, 0x7d, 0x37)),
    ("red", Colour::new(0xe0, 0x5d, 0x44)),
    ("blue", Colour::new(0x00, 0x7e, 0xc6)),
    ("grey", Colour::new(0x55, 0x55, 0x55)),
    ("lightgrey", Colour::new(0x9f, 0x9f, 0x9f)),
    ("gray", Colour::new(0x55, 0x55, 0x55)),
    ("lightgray", Colour::new(0x9f, 0x9f, 0x9f)),
    ("success", Colour::new(0x44, 0xcc, 0x11)),
    ("important", Colour::new(0xfe, 0x7d, 0x37)),
    ("critical", Colour::new(0xe0, 0x5d, 0x44)),
    ("informational", Colour::new(0x00, 0x7e, 0xc6)),
    ("inactive", Colour::new(0x9f, 0x9f, 0x9f)),
];

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour([u8; 3]);

/// A text that is no colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAColour;

impl Colour {
    pub(crate) const BLACK: Self = Self::new(0, 0, 0);
    pub(crate) const WHITE: Self = Self::new(0xff, 0xff, 0xff);

    pub(crate) const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// Black or white, whichever is easier to read on this ground. One of them always has a contrast of 4.5 or more.
    pub(crate) fn text(self) -> Self {
        let contrast = |text: Self| wcag::ratio(self.rgb(), text.rgb());
        if contrast(Self::WHITE) >= contrast(Self::BLACK) { Self::WHITE } else { Self::BLACK }
    }

    pub(crate) fn rgb(self) -> Rgb {
        self.0.map(|part| f64::from(part) / 255.0)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        if let Some((_, colour)) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Ok(*colour);
        }
        let digits = text.strip_prefix('#').unwrap_or(text).bytes().map(digit).collect::<Option<Vec<u8>>>();
        match digits.as_deref() {
            Some(&[r, g, b]) => Ok(Self([r, g, b].map(|digit| digit << 4 | digit))),
            Some(&[r, r2, g, g2, b, b2]) => Ok(Self([(r, r2), (g, g2), (b, b2)].map(|(high, low)| high << 4 | low))),
            _ => Err(NotAColour),
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_colour_is_a_name_or_hexadecimal_digits() {
        let cases = [
            ("brightgreen", "#44cc11"),
            ("Critical", "#e05d44"),
            ("lightgray", "#9f9f9f"),
            ("4c1", "#44cc11"),
            ("#9cF", "#99ccff"),
            ("ff69b4", "#ff69b4"),
            ("#0B5A8A", "#0b5a8a"),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Colour>().map(|colour| colour.to_string()), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_colour() {
        for text in
            ["", "#", "ff", "ffff", "##fff", "fffffff", "url(#s)", "red;", "\"/><script>", "rgb(0,0,0)", "#ggg", "+ff"]
        {
            assert_eq!(text.parse::<Colour>(), Err(NotAColour), "{text}");
        }
    }

    #[test]
    fn text_is_dark_on_light_grounds() {
        for (ground, text) in [("fff", "#000000"), ("brightgreen", "#000000"), ("000", "#ffffff"), ("555", "#ffffff")] {
            assert_eq!(ground.parse::<Colour>().unwrap().text().to_string(), text, "{ground}");
        }
    }

    proptest! {
        #[test]
        fn text_can_be_read_on_every_ground(red: u8, green: u8, blue: u8) {
            let ground = Colour::new(red, green, blue);
            prop_assert!(wcag::ratio(ground.rgb(), ground.text().rgb()) >= wcag::AA);
        }

        #[test]
        fn every_colour_is_read_as_it_is_written(red: u8, green: u8, blue: u8) {
            let colour = Colour::new(red, green, blue);
            prop_assert_eq!(colour.to_string().parse::<Colour>(), Ok(colour));
        }
    }
}
