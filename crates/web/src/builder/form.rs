//! The form of the builder: what was typed, and the badge that it describes.

use crate::badge::{Look, NumberFormat, Style, parameter};
use crate::key::Key;
use crate::people::Count;

/// The key of the first preview.
const KEY: &str = "my-project";

/// What a badge can count, with a text for people.
const COUNTS: [(&str, &str); 2] = [("people", "people, each once in half an hour"), ("all", "every request")];

/// What was typed, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) key: String,
    pub(super) label: String,
    pub(super) color: String,
    pub(super) label_color: String,
    pub(super) style: String,
    pub(super) format: String,
    pub(super) count: String,
}

/// A field that cannot be taken, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The field's name.
    pub(super) field: &'static str,
    pub(super) text: String,
}

/// One of the choices that a field offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) text: &'static str,
    pub(super) chosen: bool,
}

/// The badge that a form describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Badge {
    pub(super) key: Key,
    /// What stands for the picture where it is not shown.
    pub(super) alt: String,
    /// The parameters of its address that are not the usual ones, encoded.
    pub(super) query: String,
}

impl Form {
    /// The form as the query of the page's address fills it in.
    pub(super) fn read(query: &str) -> Self {
        let field = |name: &str, usual: &str| parameter(query, name).unwrap_or_else(|| usual.to_owned());
        Self {
            key: field("key", KEY),
            label: field("label", &Look::default().label),
            color: field("color", ""),
            label_color: field("labelColor", ""),
            style: field("style", Style::default().as_str()),
            format: field("format", NumberFormat::default().as_str()),
            count: field("count", COUNTS[0].0),
        }
    }

    /// The fields for text: name, label, hint and what was typed.
    pub(super) fn texts(&self) -> [(&'static str, &'static str, &'static str, &str); 4] {
        [
            ("key", "Key", "letters, digits, “.”, “_” and “-”", &self.key),
            ("label", "Label", "none", &self.label),
            ("color", "Colour of the number", "blue, #0b5a8a, …", &self.color),
            ("labelColor", "Colour of the label", "grey, #3f4549, …", &self.label_color),
        ]
    }

    /// The fields with a choice: name and label, and each choice with its text and whether it is chosen.
    pub(super) fn choices(&self) -> [(&'static str, &'static str, Vec<Choice>); 3] {
        let choice = |value: &'static str, text, chosen: &str| Choice { value, text, chosen: value == chosen };
        [
            ("style", "Style", Style::ALL.iter().map(|(name, _)| choice(name, name, &self.style)).collect()),
            (
                "format",
                "Number",
                NumberFormat::ALL.iter().map(|(name, format)| choice(name, format.example(), &self.format)).collect(),
            ),
            ("count", "Counts", COUNTS.iter().map(|(name, text)| choice(name, text, &self.count)).collect()),
        ]
    }

    /// What the field of this name is called.
    fn title(&self, name: &str) -> &'static str {
        let titles = self.texts().map(|(name, title, ..)| (name, title)).into_iter();
        let mut titles = titles.chain(self.choices().map(|(name, title, _)| (name, title)));
        titles.find(|(field, _)| *field == name).map_or("", |(_, title)| title)
    }

    /// The parameters of a badge's address, in the order of the form.
    fn parameters(&self) -> [(&'static str, &str); 6] {
        [
            ("label", self.label.trim()),
            ("color", self.color.trim()),
            ("labelColor", self.label_color.trim()),
            ("style", &self.style),
            ("format", &self.format),
            ("count", &self.count),
        ]
    }

    /// The badge.
    ///
    /// # Errors
    ///
    /// Every field that cannot be taken.
    pub(super) fn check(&self) -> Result<Badge, Vec<Problem>> {
        let key = self.key.trim().parse::<Key>();
        let mut problems = Vec::new();
        if let Err(error) = &key {
            problems.push(Problem { field: "key", text: error.to_string() });
        }
        for (name, value) in self.parameters() {
            let query = encoded(&[(name, value)]);
            if let Err(parameter) = Look::parse(&query).map(drop).and_then(|()| Count::parse(&query).map(drop)) {
                let field = parameter.name();
                problems.push(Problem { field, text: format!("{}: {parameter}.", self.title(field)) });
            }
        }
        match key {
            Ok(key) if problems.is_empty() => Ok(Badge { key, alt: self.alt(), query: self.query() }),
            _ => Err(problems),
        }
    }

    fn alt(&self) -> String {
        let label = self.label.trim();
        if label.is_empty() { Look::default().label } else { label.to_owned() }
    }

    fn query(&self) -> String {
        let usual = Self::read("");
        let unusual = self.parameters().into_iter().zip(usual.parameters()).filter(|(given, usual)| given != usual);
        // A colour needs no `#`, which would have to be encoded.
        let plain = unusual
            .map(|((name, value), _)| (name, if name == "label" { value } else { value.trim_start_matches('#') }));
        encoded(&plain.collect::<Vec<_>>())
    }
}

impl Badge {
    /// The path of the picture for this page: it counts nothing.
    pub(super) fn preview(&self) -> String {
        let other = self.query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("count="));
        let query = other.chain(["count=none"]).collect::<Vec<_>>().join("&");
        format!("/k/{}.svg?{query}", self.key)
    }
}

/// The pairs as a query in which every sign but letters, digits, `.`, `_` and single `-` is encoded, so that no markup takes
/// a part of it for something else.
fn encoded(pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    query.replace('+', "%20").replace('*', "%2A").replace("--", "-%2D")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn badge(query: &str) -> Badge {
        Form::read(query).check().unwrap()
    }

    #[test]
    fn the_form_begins_with_a_badge() {
        let badge = badge("");
        assert_eq!((badge.key.as_str(), &*badge.alt, &*badge.query), ("my-project", "hits", ""));
        assert_eq!(badge.preview(), "/k/my-project.svg?count=none");
    }

    #[test]
    fn only_what_is_unusual_is_in_the_address() {
        let form = "key=wharf&label=page+views&color=%23FF69B4&labelColor=&style=plastic&format=metric&count=people";
        assert_eq!(badge(form).query, "label=page%20views&color=FF69B4&style=plastic&format=metric");
        assert_eq!(badge("label=&color=red").query, "label=&color=red");
        assert_eq!(badge("label=&color=red").alt, "hits");
        assert_eq!(badge("label=a--b*%2B(c)").query, "label=a-%2Db%2A%2B%28c%29");
    }

    #[test]
    fn the_preview_counts_nothing() {
        assert_eq!(badge("count=all&style=plastic").query, "style=plastic&count=all");
        assert_eq!(badge("count=all&style=plastic").preview(), "/k/my-project.svg?style=plastic&count=none");
        assert_eq!(badge("count=all").preview(), "/k/my-project.svg?count=none");
    }

    #[test]
    fn every_wrong_field_is_named_with_what_would_be_right() {
        let problems = Form::read("key=a+b&color=url(x)&labelColor=f&style=round&format=x&count=y&label=%00").check();
        let problems = problems.unwrap_err();
        let fields: Vec<_> = problems.iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["key", "label", "color", "labelColor", "style", "format", "count"]);
        assert!(problems[3].text.starts_with("Colour of the label: a colour is a name such as"), "{problems:?}");
    }

    #[test]
    fn what_was_typed_stays_in_the_form() {
        let form = Form::read("key=a+b&color=%3Cscript%3E");
        assert_eq!((&*form.key, &*form.color), ("a b", "<script>"));
    }
}
