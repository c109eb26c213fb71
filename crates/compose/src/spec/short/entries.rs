//! Expands the short forms of single entries.

use wharf_yaml::{Node, Value};

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
