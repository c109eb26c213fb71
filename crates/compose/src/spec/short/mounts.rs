//! The short form of `volumes`: `[SOURCE:]TARGET[:OPTIONS]`.

use wharf_yaml::{Map, Node, Value};

/// Writes one entry out.
pub(crate) fn expand(node: &Node, text: &str) -> Result<Vec<Node>, String> {
    let parts = split(text)?;
    let (source, target, options) = match parts[..] {
        [target] => ("", target, ""),
        [source, target] => (source, target, ""),
        [source, target, options] => (source, target, options),
        _ => return Err(format!("`{text}` has too many colons for a mount")),
    };
    let bind = is_path(source);
    let mut settings = node.at(Value::Map(Map::default()));
    let mut mount = node.map([("type", node.text(if bind { "bind" } else { "volume" }))]);
    if !source.is_empty() {
        mount.set("source", node.text(source));
    }
    mount.set("target", node.text(clean(target)));
    if bind {
        settings.set("create_host_path", node.text("true"));
    }
    for option in options.split(',') {
        match option {
            "ro" => mount.set("read_only", node.text("true")),
            "rw" => mount.set("read_only", node.text("false")),
            "nocopy" if !bind => settings.set("nocopy", node.text("true")),
            "z" | "Z" if bind => settings.set("selinux", node.text(option)),
            // A label is a setting of a bind; the engine binds a volume for it.
            "z" | "Z" => mount.set("bind", node.map([("selinux", node.text(option))])),
            "rprivate" | "private" | "rshared" | "shared" | "rslave" | "slave" if bind => {
                settings.set("propagation", node.text(option));
            }
            // What other engines and platforms know (`cached`, `delegated`) is accepted and has no effect.
            _ => {}
        }
    }
    mount.set(if bind { "bind" } else { "volume" }, settings);
    Ok(vec![mount])
}

/// Splits at colons, except at the one of a Windows drive.
fn split(text: &str) -> Result<Vec<&str>, String> {
    if text.is_empty() {
        return Err("a mount cannot be empty".to_owned());
    }
    if text.len() <= 2 {
        return Ok(vec![text]);
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, _) in text.match_indices(':') {
        let part = &text[start..index];
        let drive = part.len() == 1 && part.starts_with(|c: char| c.is_ascii_alphabetic());
        if !drive {
            parts.push(part);
            start = index + 1;
        }
    }
    parts.push(&text[start..]);
    match parts.contains(&"") {
        true => Err(format!("`{text}` has nothing between two colons")),
        false => Ok(parts),
    }
}

/// Whether a source is a path on the host, not a volume's name.
fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~']) || source.starts_with("\\\\") || is_windows_drive(source)
}

/// `C:` and what follows.
pub(crate) fn is_windows_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic())
}

/// The path without `.`, `..` and doubled or closing slashes.
pub(crate) fn clean(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// What makes two mounts the same: the path in the container.
pub(crate) fn identity(node: &Node) -> Option<String> {
    node.get_text("target").map(clean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_yaml::Span;

    fn mount(text: &str) -> (String, String, String) {
        let node = Node::new(Span::default(), Value::Null);
        let mount = expand(&node, text).expect("the mount is well formed").remove(0);
        let part = |key: &str| mount.get_text(key).unwrap_or_default().to_owned();
        (part("type"), part("source"), part("target"))
    }

    #[test]
    fn a_path_is_bound_and_a_name_is_a_volume() {
        let is = |kind: &str, source: &str, target: &str| (kind.to_owned(), source.to_owned(), target.to_owned());
        assert_eq!(mount("./data:/data/"), is("bind", "./data", "/data"));
        assert_eq!(mount("~/x:/x:ro"), is("bind", "~/x", "/x"));
        assert_eq!(mount("data:/var/lib/x"), is("volume", "data", "/var/lib/x"));
        assert_eq!(mount("/anonymous"), is("volume", "", "/anonymous"));
        assert_eq!(mount("c:\\x:/x"), is("bind", "c:\\x", "/x"));
    }

    #[test]
    fn an_empty_part_is_refused() {
        let node = Node::new(Span::default(), Value::Null);
        assert!(expand(&node, "data::/b").is_err());
        assert!(expand(&node, "").is_err());
        assert!(expand(&node, "data:/a:ro:x").is_err());
    }

    #[test]
    fn paths_are_cleaned() {
        assert_eq!(clean("/a/../b//c/."), "/b/c");
        assert_eq!(clean("/.."), "/");
        assert_eq!(clean("a/.."), ".");
        assert_eq!(clean("../../x"), "../../x");
    }
}
