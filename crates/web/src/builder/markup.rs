//! Markup that shows a badge, for the places where people put one. Each kind escapes what has a meaning in it.

use wharf_serve::page::escaped;

use super::form::Badge;
use crate::key::View;

/// Text to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Markup {
    /// A name for the place in the page.
    pub(super) id: &'static str,
    /// What it is, for people.
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// All kinds for this badge; `origin` is our own address.
pub(super) fn all(origin: &str, badge: &Badge) -> Vec<Markup> {
    let Badge { key, alt, query } = badge;
    let mark = if query.is_empty() { "" } else { "?" };
    let start = format!("{origin}/k/{key}");
    let picture = format!("{start}.svg{mark}{query}");
    let page = format!("{origin}{}", View::page(key.as_str()));
    let kinds = [
        ("address", "Address", picture.clone()),
        ("markdown", "Markdown", format!("[![{}]({picture})]({page})", behind(alt, r"\[]*_`<>&!~|"))),
        (
            "html",
            "HTML",
            format!(r#"<a href="{}"><img src="{}" alt="{}"></a>"#, escaped(&page), escaped(&picture), escaped(alt)),
        ),
        ("asciidoc", "AsciiDoc", format!(r#"image:{picture}["{}",link="{page}"]"#, behind(alt, r#"\"]"#))),
        ("rest", "reStructuredText", format!(".. image:: {picture}\n   :alt: {alt}\n   :target: {page}")),
        ("pixel", "Pixel, for a site without a badge", pixel(&start)),
        (
            "shields",
            "shields.io’s endpoint",
            format!("https://img.shields.io/endpoint?url={}", encoded(&format!("{start}.json{mark}{query}"))),
        ),
    ];
    kinds.map(|(id, name, text)| Markup { id, name, text }).into()
}

/// A picture of one pixel that nobody sees.
fn pixel(start: &str) -> String {
    format!(r#"<img src="{}.gif" alt="" width="1" height="1">"#, escaped(start))
}

/// The text with a backslash before each of these signs.
fn behind(text: &str, signs: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if signs.contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use insta::assert_snapshot;

    use super::super::form::Form;
    use super::*;

    fn texts(query: &str) -> String {
        let badge = Form::read(query).check().unwrap();
        let mut texts = String::new();
        for Markup { name, text, .. } in all("https://example.org", &badge) {
            writeln!(texts, "{name}:\n{text}\n").unwrap();
        }
        texts
    }

    #[test]
    fn the_usual_badge() {
        assert_snapshot!(texts("key=wharf"));
    }

    #[test]
    fn the_link_leads_to_the_page_of_the_key_whatever_it_ends_in() {
        let texts = texts("key=photo.gif");
        assert!(
            texts.contains("(https://example.org/k/photo.gif.svg)](https://example.org/k/photo.gif.html)"),
            "{texts}"
        );
        assert!(texts.contains("<img src=\"https://example.org/k/photo.gif.gif\""), "{texts}");
        assert!(texts.contains("https%3A%2F%2Fexample.org%2Fk%2Fphoto.gif.json"), "{texts}");
    }

    #[test]
    fn a_label_of_signs_stays_a_label() {
        assert_snapshot!(texts("key=wharf&label=%5B%2Aa%2A%5D+%22%3Cb%3E%22+%26+%5C&color=red&style=flat-square"));
    }
}
