//! In what something in the engine differs from the file, setting by setting.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::confidential::is_confidential;

/// The settings that a cause names; further ones are counted.
const MOST_NAMED: usize = 3;

/// A setting in which a container, a network or a volume of the engine differs from the file.
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    /// The setting's path below its service, network or volume in the file: `environment.REDIS_HOST`.
    pub field: String,
    /// Its value in the engine. `None`: it has none there. Without both values only the change is known.
    pub was: Option<String>,
    /// Its value in the file. `None`: the file does not set it.
    pub will: Option<String>,
    /// Whether the values may be credentials, and are shown only to somebody who asks for them.
    pub confidential: bool,
}

impl Difference {
    /// A setting that has another value. It is confidential if its name or a value looks like that of a credential.
    pub(crate) fn new(field: impl Into<String>, was: Option<String>, will: Option<String>) -> Self {
        let field = field.into();
        let confidential = is_confidential(&field, [&was, &will].into_iter().flatten());
        Difference { field, was, will, confidential }
    }

    /// A setting of which only is known that it changed.
    pub(crate) fn of_unknown_values(field: impl Into<String>) -> Self {
        Difference { field: field.into(), was: None, will: None, confidential: true }
    }
}

/// Without confidential values: it may end in a log.
impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.confidential {
            true => write!(f, "{}: ***", self.field),
            false => write!(f, "{}: {:?} -> {:?}", self.field, self.was, self.will),
        }
    }
}

/// The names of the settings: `environment.A, image and 2 more`; `unknown` if there are none.
pub fn fields(differences: &[Difference], unknown: &str) -> String {
    let names: Vec<&str> = differences.iter().map(|difference| difference.field.as_str()).collect();
    match names.as_slice() {
        [] => unknown.to_owned(),
        [rest @ .., last] if names.len() <= MOST_NAMED => match rest {
            [] => (*last).to_owned(),
            rest => format!("{} and {last}", rest.join(", ")),
        },
        names => format!("{} and {} more", names[..MOST_NAMED].join(", "), names.len() - MOST_NAMED),
    }
}

/// The entries that differ between two maps: `labels.team`.
pub(crate) fn entries<'m>(
    field: &str,
    is: &'m BTreeMap<String, String>,
    wants: &'m BTreeMap<String, String>,
) -> Vec<Difference> {
    let keys: BTreeSet<&String> = is.keys().chain(wants.keys()).collect();
    let differing = keys.into_iter().filter(|key| is.get(*key) != wants.get(*key));
    differing
        .map(|key| Difference::new(format!("{field}.{key}"), is.get(key).cloned(), wants.get(key).cloned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_settings_are_named_and_the_rest_is_counted() {
        let named = |names: &[&str]| {
            let all: Vec<_> = names.iter().map(|name| Difference::of_unknown_values(*name)).collect();
            fields(&all, "its configuration")
        };
        assert_eq!(named(&[]), "its configuration");
        assert_eq!(named(&["image"]), "image");
        assert_eq!(named(&["image", "user"]), "image and user");
        assert_eq!(named(&["a", "b", "c"]), "a, b and c");
        assert_eq!(named(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }

    #[test]
    fn a_log_shows_no_credential() {
        let value = |text: &str| Some(text.to_owned());
        let shown = |field, was, will| format!("{:?}", Difference::new(field, value(was), value(will)));
        assert_eq!(shown("environment.DB_PASSWORD", "old", "new"), "environment.DB_PASSWORD: ***");
        assert_eq!(shown("environment.MODE", "a", "b"), r#"environment.MODE: Some("a") -> Some("b")"#);
    }
}
