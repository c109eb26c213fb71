//! Names and identifiers as the engine writes them.

/// A container's name without the slash that the engine puts in front.
pub fn bare_name(name: &str) -> &str {
    name.trim_start_matches('/')
}

/// A container's own name among those of a listing: a linked container has more, of the form `/other/alias`.
pub fn own_name(names: &[String]) -> Option<&str> {
    names.iter().map(|name| bare_name(name)).find(|name| !name.contains('/'))
}

/// The first twelve digits of an identifier, as `docker ps` shows it.
pub fn short_id(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_containers_own_name_has_no_slash_inside() {
        let names = ["/other/alias".to_owned(), "/web".to_owned()];
        assert_eq!(own_name(&names), Some("web"));
        assert_eq!(own_name(&names[..1]), None);
    }

    #[test]
    fn a_short_id_has_twelve_digits_where_there_are_as_many() {
        assert_eq!(short_id("0123456789abcdef"), "0123456789ab");
        assert_eq!(short_id("0123"), "0123");
    }
}
