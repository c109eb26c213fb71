//! Both forms of `extra_hosts`.

use wharf_yaml::{Node, Value};

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

/// Adds an entry for each of the addresses, which commas separate.
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
