//! The names of containers that are not finished.
//!
//! A replica gets its proper name only when it is whole: it has joined its networks, its files are copied, and what it
//! replaces is gone. Until then its name is `<prefix>_<proper name>`, so an interruption leaves a container that the
//! next run can tell from a finished one. docker compose uses the same form.

use wharf_docker::names::short_id;

use crate::observe::{Container, State};

/// The name of a new replica that replaces nothing.
pub(crate) fn of_new(proper: &str) -> String {
    format!("unfinished_{proper}")
}

/// The name of a replica that replaces the container `old`.
pub(crate) fn of_successor(old: &Container, proper: &str) -> String {
    format!("{}_{proper}", short_id(&old.id))
}

/// Whether `name` is a temporary name of the replica `proper`.
pub(crate) fn is_temporary(name: &str, proper: &str) -> bool {
    name.strip_suffix(proper).is_some_and(|prefix| prefix.len() > 1 && prefix.ends_with('_'))
}

/// The container that a replica with this temporary name is to replace, by the first digits of its identifier.
pub(crate) fn predecessor<'a>(name: &'a str, proper: &str) -> Option<&'a str> {
    let prefix = name.strip_suffix(proper)?.strip_suffix('_')?;
    (prefix.len() == 12 && prefix.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(prefix)
}

/// Whether a container of the replica `proper` may lack networks or files: it has a temporary name and never ran.
pub(crate) fn is_unfinished(container: &Container, proper: &str) -> bool {
    container.state == State::Created && is_temporary(&container.name, proper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_name_ends_with_the_proper_one() {
        let old = Container { id: "0123456789abcdef".into(), ..Container::default() };
        assert!(is_temporary(&of_new("shop-web-1"), "shop-web-1"));
        assert!(is_temporary(&of_successor(&old, "shop-web-1"), "shop-web-1"));
        for other in ["shop-web-1", "_shop-web-1", "xshop-web-1", "unfinished_shop-web-2"] {
            assert!(!is_temporary(other, "shop-web-1"), "{other}");
        }
        assert_eq!(predecessor(&of_successor(&old, "shop-web-1"), "shop-web-1"), Some("0123456789ab"));
        assert_eq!(predecessor(&of_new("shop-web-1"), "shop-web-1"), None);
    }
}
