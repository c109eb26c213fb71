//! What a badge looks like: the parameters of its address, read and checked. Parameters of other names are ignored, as
//! people add some to get past a cache.

use std::str::FromStr;

use super::{Colour, NumberFormat, Style};

/// Longest label, in characters.
const LONGEST_LABEL: usize = 64;

/// What a badge counts, unless its address has another label.
const LABEL: &str = "hits";

/// What a badge looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The text of the left half; without any there is only the right half.
    pub(crate) label: String,
    /// The ground of the right half.
    pub(crate) colour: Option<Colour>,
    /// The ground of the left half.
    pub(crate) label_colour: Option<Colour>,
    pub(crate) style: Style,
    pub(crate) format: NumberFormat,
}

impl Default for Look {
    fn default() -> Self {
        let (style, format) = (Style::default(), NumberFormat::default());
        Self { label: LABEL.to_owned(), colour: None, label_colour: None, style, format }
    }
}

/// A parameter that cannot be taken. The text says what would be right and never repeats the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Parameter {
    #[error("a label has at most 64 characters")]
    LabelLength,
    #[error("a label has no control characters")]
    LabelCharacter,
    #[error("a colour is a name such as “brightgreen”, or #rgb or #rrggbb")]
    Colour(&'static str),
    #[error("a style is flat, flat-square, for-the-badge or plastic")]
    Style,
    #[error("a format is plain, grouped, metric or today")]
    Format,
    #[error("people, all or none are counted")]
    Count,
}

impl Parameter {
    /// The parameter's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LabelLength | Self::LabelCharacter => "label",
            Self::Colour(name) => name,
            Self::Style => "style",
            Self::Format => "format",
            Self::Count => "count",
        }
    }
}

impl Look {
    /// Reads the parameters of a query. Of several with one name the first is taken. An empty one is as good as none,
    /// except that an empty label means none.
    ///
    /// # Errors
    ///
    /// The first parameter that cannot be taken.
    pub(crate) fn parse(query: &str) -> Result<Self, Parameter> {
        let look = Self::default();
        Ok(Self {
            label: parameter(query, "label").map(|text| label(&text)).transpose()?.unwrap_or(look.label),
            colour: chosen(query, "color", |_| Parameter::Colour("color"))?,
            label_colour: chosen(query, "labelColor", |_| Parameter::Colour("labelColor"))?,
            style: chosen(query, "style", |()| Parameter::Style)?.unwrap_or_default(),
            format: chosen(query, "format", |()| Parameter::Format)?.unwrap_or_default(),
        })
    }
}

/// The value of the first parameter with this name.
pub(crate) fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The parameter `name`, if it is there and not empty.
pub(crate) fn chosen<T: FromStr>(
    query: &str,
    name: &str,
    error: impl Fn(T::Err) -> Parameter,
) -> Result<Option<T>, Parameter> {
    let text = parameter(query, name).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(error)).transpose()
}

fn label(text: &str) -> Result<String, Parameter> {
    let text = text.trim();
    // XML has no character for these, escaped or not.
    if text.contains(|c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err(Parameter::LabelCharacter);
    }
    if text.chars().count() > LONGEST_LABEL {
        return Err(Parameter::LabelLength);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_parameters_has_the_usual_look() {
        assert_eq!(Look::parse(""), Ok(Look::default()));
        assert_eq!(Look::parse("v=7&logo=x&color=&style="), Ok(Look::default()), "others are ignored, empty ones too");
    }

    #[test]
    fn each_parameter_changes_its_part() {
        let query = "label=page+views%20%26c&color=%23fff&labelColor=red&style=plastic&format=metric&style=flat";
        let look = Look {
            label: "page views &c".into(),
            colour: Some(Colour::WHITE),
            label_colour: Some(Colour::new(0xe0, 0x5d, 0x44)),
            style: Style::Plastic,
            format: NumberFormat::Metric,
        };
        assert_eq!(Look::parse(query), Ok(look));
        assert_eq!(Look::parse("label=").map(|look| look.label), Ok(String::new()));
    }

    #[test]
    fn what_cannot_be_taken_is_named() {
        let long = format!("label={}", "x".repeat(LONGEST_LABEL + 1));
        let cases = [
            (&*long, Parameter::LabelLength, "label"),
            ("label=a%00b", Parameter::LabelCharacter, "label"),
            ("label=a%0ab", Parameter::LabelCharacter, "label"),
            ("label=%ef%bf%bf", Parameter::LabelCharacter, "label"),
            ("color=%22onload", Parameter::Colour("color"), "color"),
            ("labelColor=ff", Parameter::Colour("labelColor"), "labelColor"),
            ("style=social", Parameter::Style, "style"),
            ("format=roman", Parameter::Format, "format"),
        ];
        for (query, expected, name) in cases {
            assert_eq!(Look::parse(query), Err(expected), "{query}");
            assert_eq!(expected.name(), name);
        }
        assert_eq!(Look::parse(&format!("label={}", "計".repeat(LONGEST_LABEL))).unwrap().label.chars().count(), 64);
    }
}
