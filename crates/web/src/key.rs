//! The keys that `/hits/{key}` counts for. A text from outside becomes a key here or is refused.

use std::fmt;
use std::str::FromStr;

/// Longest key, in characters.
pub const LONGEST_KEY: usize = 64;

/// The end of a badge's address. No key may end like this.
const BADGE: &str = ".svg";

/// The end of the address of a key's page, where the key ends like another view.
const PAGE: &str = ".html";

/// How the address of a view below `/k/` may end.
const ENDS: [(&str, Kind); 4] =
    [(BADGE, Kind::Badge), (".gif", Kind::Pixel), (".json", Kind::Endpoint), (PAGE, Kind::Page)];

/// A key: 1 to [`LONGEST_KEY`] of `A-Z a-z 0-9 . _ -`, with a letter or digit first and last, and not ending in `.svg`.
/// Such a key needs no escaping in a path, a header, a page, a log line or a database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a [`Key`]. The messages are for people and never repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Empty or too long.
    #[error("A key has 1 to 64 characters.")]
    Length,
    /// Something that needs escaping somewhere.
    #[error("A key is made of the letters A to Z and a to z, digits, and the signs “.”, “_” and “-”.")]
    Character,
    /// A sign at an end.
    #[error("A key begins and ends with a letter or a digit.")]
    End,
    /// It would look like the badge of another key.
    #[error("A key does not end in “.svg”: that is how the address of a badge ends.")]
    Badge,
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !text.bytes().all(allowed) {
            return Err(KeyError::Character);
        }
        if !(1..=LONGEST_KEY).contains(&text.len()) {
            return Err(KeyError::Length);
        }
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !text.ends_with(|c: char| c.is_ascii_alphanumeric())
        {
            return Err(KeyError::End);
        }
        if text.to_ascii_lowercase().ends_with(BADGE) {
            return Err(KeyError::Badge);
        }
        Ok(Self(text.to_owned()))
    }
}

/// What is wanted of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Page,
    Badge,
    /// A picture that nobody sees.
    Pixel,
    /// What shields.io makes a badge of.
    Endpoint,
}

/// What the last part of a path asks for. Its end says of which kind, whether or not the rest is a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) kind: Kind,
    pub(crate) key: Result<Key, KeyError>,
}

impl View {
    /// The view that a part of a path below `/k/` asks for.
    pub(crate) fn of_k(text: &str) -> Self {
        let found = ENDS.into_iter().find_map(|(end, kind)| Some((text.strip_suffix(end)?, kind)));
        let (key, kind) = found.unwrap_or((text, Kind::Page));
        Self { kind, key: key.parse() }
    }

    /// The path of the page about `key`. It ends in `.html` where `/k/{key}` would be a view of another key.
    pub(crate) fn page(key: &str) -> String {
        let end = if ENDS.iter().any(|(end, _)| key.ends_with(end)) { PAGE } else { "" };
        format!("/k/{key}{end}")
    }

    /// The view that a part of a path below `/hits/` asks for.
    pub(crate) fn of_hits(text: &str) -> Self {
        match text.strip_suffix(BADGE) {
            Some(key) => Self { kind: Kind::Badge, key: key.parse() },
            None => Self { kind: Kind::Page, key: text.parse() },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_may_look_like_a_project_or_a_page() {
        for text in ["a", "wharf", "ann.wharf", "Blog_2026-11", &"x".repeat(64)] {
            assert_eq!(text.parse::<Key>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_bad_key_is_refused_with_its_reason() {
        let cases = [
            ("", KeyError::Length),
            (&*"x".repeat(65), KeyError::Length),
            ("a b", KeyError::Character),
            ("a/b", KeyError::Character),
            ("é", KeyError::Character),
            ("<script>", KeyError::Character),
            (".a", KeyError::End),
            ("a-", KeyError::End),
            ("a.svg", KeyError::Badge),
            ("a.SVG", KeyError::Badge),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Key>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_badge_is_asked_for_by_the_end_of_its_address() {
        let key = |text: &str| text.parse::<Key>();
        let cases = [
            ("wharf", Kind::Page, key("wharf")),
            ("wharf.svg", Kind::Badge, key("wharf")),
            ("wharf.svg.svg", Kind::Badge, Err(KeyError::Badge)),
            (".svg", Kind::Badge, Err(KeyError::Length)),
            ("%ff.svg", Kind::Badge, Err(KeyError::Character)),
        ];
        for (text, kind, key) in cases {
            assert_eq!(View::of_hits(text), View { kind, key: key.clone() }, "{text}");
            assert_eq!(View::of_k(text), View { kind, key }, "{text}");
        }
        for (text, kind) in [("wharf.gif", Kind::Pixel), ("wharf.json", Kind::Endpoint)] {
            assert_eq!(View::of_k(text), View { kind, key: key("wharf") });
            assert_eq!(View::of_hits(text), View { kind: Kind::Page, key: key(text) });
        }
    }

    #[test]
    fn the_page_of_a_key_that_ends_like_a_view_ends_in_html() {
        let cases = [
            ("wharf", "/k/wharf"),
            ("photo.gif", "/k/photo.gif.html"),
            ("data.json", "/k/data.json.html"),
            ("index.html", "/k/index.html.html"),
            ("a.GIF", "/k/a.GIF"),
        ];
        for (key, path) in cases {
            assert_eq!(View::page(key), path);
            let view = View { kind: Kind::Page, key: key.parse() };
            assert_eq!(View::of_k(path.strip_prefix("/k/").unwrap()), view, "{path}");
        }
    }

    proptest! {
        #[test]
        fn every_key_has_a_page(text in "[a-z0-9]{1,4}(\\.(svg|gif|json|html|SVG|x)){0,3}") {
            if let Ok(key) = text.parse::<Key>() {
                let page = View::page(&text);
                prop_assert_eq!(View::of_k(page.strip_prefix("/k/").unwrap()), View { kind: Kind::Page, key: Ok(key) });
            }
        }

        #[test]
        fn a_key_needs_no_escaping(text in any::<String>()) {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert_eq!(key.as_str(), &text);
                prop_assert!(!text.contains(['<', '>', '&', '"', '\'', '/', '%', '?', '#', '\n', ' ']));
            }
        }
    }
}
