//! What the short forms stand for, except ports and mounts, which have modules of their own.

use crate::node::{Node, Value};

type Expanded = Result<Vec<Node>, String>;

/// `build: DIR`.
pub(crate) fn build(node: &Node, text: &str) -> Expanded {
    Ok(vec![node.map([("context", node.text(text))])])
}

/// `env_file: PATH`.
pub(crate) fn env_file(node: &Node, text: &str) -> Expanded {
    Ok(vec![node.map([("path", node.text(text)), ("required", node.text("true"))])])
}

/// `extends: SERVICE`.
pub(crate) fn extends(node: &Node, text: &str) -> Expanded {
    Ok(vec![node.map([("service", node.text(text))])])
}

/// `include: [PATH]`.
pub(crate) fn include(node: &Node, text: &str) -> Expanded {
    Ok(vec![node.map([("path", node.at(Value::List(vec![node.text(text)])))])])
}

/// An entry of `secrets` or `configs`.
pub(crate) fn file_mount(node: &Node, text: &str) -> Expanded {
    Ok(vec![node.map([("source", node.text(text))])])
}

/// `gpus: all`.
pub(crate) fn gpus(node: &Node, text: &str) -> Expanded {
    match text {
        "all" => Ok(vec![node.at(Value::List(vec![node.map([("count", node.text("all"))])]))]),
        _ => Err("must be `all` or a list of devices".to_owned()),
    }
}

/// `healthcheck.test: COMMAND`.
pub(crate) fn health_test(node: &Node, text: &str) -> Expanded {
    Ok(vec![node.at(Value::List(vec![node.text("CMD-SHELL"), node.text(text)]))])
}

/// `SOURCE[:TARGET[:PERMISSIONS]]` of a device.
pub(crate) fn device(node: &Node, text: &str) -> Expanded {
    let parts: Vec<_> = text.split(':').collect();
    let (source, target, permissions) = match parts[..] {
        [source] => (source, source, "rwm"),
        [source, target] => (source, target, "rwm"),
        [source, target, permissions] => (source, target, permissions),
        _ => return Err(format!("`{text}` has too many colons for a device")),
    };
    let target = if target.is_empty() { source } else { target };
    Ok(vec![node.map([
        ("source", node.text(source)),
        ("target", node.text(target)),
        ("permissions", node.text(permissions)),
    ])])
}

/// A name in a list that stands for a map entry without settings.
pub(crate) fn name_only(name: &Node) -> Node {
    name.at(Value::Null)
}

/// A name in the list form of `depends_on`.
pub(crate) fn dependency(name: &Node) -> Node {
    name.map([("condition", name.text("service_started")), ("required", name.text("true"))])
}

/// The entry of `extra_hosts` that is wrong, and why; `None`: the whole is neither a list nor a map.
type WrongHost = Option<Box<(Node, String)>>;

/// Both forms of `extra_hosts` as `host=address` entries.
pub(crate) fn hosts(node: &Node) -> Result<Vec<Node>, WrongHost> {
    let mut out = Vec::new();
    match &node.value {
        Value::List(list) => {
            for entry in list {
                let text = entry.as_text().ok_or(None)?;
                let Some((host, addresses)) = text.split_once('=').or_else(|| text.split_once(':')) else {
                    return Err(Some(Box::new((entry.clone(), format!("`{text}` has no address")))));
                };
                add_host(entry, host, addresses, &mut out)?;
            }
        }
        Value::Map(map) => {
            for (host, entry) in map {
                match &entry.value {
                    Value::Scalar(addresses) => add_host(entry, host, &addresses.text, &mut out)?,
                    Value::List(addresses) => {
                        for address in addresses {
                            add_host(address, host, address.as_text().ok_or(None)?, &mut out)?;
                        }
                    }
                    Value::Null => return Err(Some(Box::new((entry.clone(), format!("`{host}` has no address"))))),
                    Value::Map(_) => return Err(None),
                }
            }
        }
        _ => return Err(None),
    }
    Ok(out)
}

/// Adds an entry for each of the addresses, which commas part.
fn add_host<'t>(node: &Node, host: &str, addresses: &'t str, out: &mut Vec<Node>) -> Result<(), WrongHost> {
    if host.is_empty() || host.contains([':', '=']) {
        return Err(Some(Box::new((node.clone(), format!("`{host}` is not a host name")))));
    }
    for mut address in addresses.split(',') {
        let bare = |text: &'t str| text.strip_prefix('[')?.strip_suffix(']').filter(|bare| !bare.is_empty());
        while let Some(bare) = bare(address) {
            address = bare;
        }
        out.push(node.text(format!("{host}={address}")));
    }
    Ok(())
}

/// Splits a command into words like a shell, without expanding anything.
///
/// Returns the words and what follows an unquoted `;`, `&`, `|`, `<` or `>`, which is not part of the command. `None`:
/// a quote or bracket is not closed.
pub(crate) fn words(text: &str) -> Option<(Vec<String>, Option<&str>)> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    // The bracket or quote that ends the quoted part, if inside one.
    let mut until: Option<char> = None;
    let mut chars = text.char_indices();
    while let Some((index, c)) = chars.next() {
        match (c, until) {
            ('\\', quote) if quote != Some('\'') => {
                let c = match chars.next()?.1 {
                    't' => '\t',
                    'n' => '\n',
                    c => c,
                };
                word.get_or_insert_default().push(c);
            }
            ('\'' | '"', None) => {
                word.get_or_insert_default();
                until = Some(c);
            }
            ('\'' | '"', Some(quote)) if c == quote => until = None,
            ('`' | ')', Some(quote)) if c == quote => {
                word.get_or_insert_default().push(c);
                until = None;
            }
            ('`', None) => {
                word.get_or_insert_default().push(c);
                until = Some(c);
            }
            ('(', None) => {
                let word = word.as_mut().filter(|word| word.ends_with('$'))?;
                word.push(c);
                until = Some(')');
            }
            (';' | '&' | '|' | '<' | '>', None) => {
                // The number before `>` names a file of the shell; it is no word.
                if c == '>' && word.as_ref().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
                    word = None;
                }
                words.extend(word);
                return Some((words, text.get(index..)));
            }
            (' ' | '\t' | '\r' | '\n', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if until.is_some() {
        return None;
    }
    words.extend(word);
    Some((words, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        words(text).expect("the words are well formed").0
    }

    #[test]
    fn commands_split_like_in_a_shell() {
        assert_eq!(split("bundle exec  thin -p 3000"), ["bundle", "exec", "thin", "-p", "3000"]);
        assert_eq!(split(r#"sh -c "echo 'a b' \"c\"""#), ["sh", "-c", "echo 'a b' \"c\""]);
        assert_eq!(split("a '' b"), ["a", "", "b"]);
        assert_eq!(split("echo $(date +%s) `x y`"), ["echo", "$(date +%s)", "`x y`"]);
        assert!(words("echo 'open").is_none());
        assert!(words("echo (open)").is_none());
    }

    #[test]
    fn a_command_ends_where_a_shell_would_begin_another() {
        assert_eq!(words("a b && c"), Some((vec!["a".to_owned(), "b".to_owned()], Some("&& c"))));
        assert_eq!(words("a 2>&1"), Some((vec!["a".to_owned()], Some(">&1"))));
    }
}
