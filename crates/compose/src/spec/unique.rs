//! Lists whose entries have an identity.

use std::collections::HashMap;

use crate::spec::schema::Unique;
use wharf_yaml::Node;

/// Of entries with the same identity keeps the last, at the first one's position.
pub(crate) fn deduplicate(list: &mut Vec<Node>, unique: Unique) {
    let Unique::By(identity) = unique else { return };
    if list.len() < 2 {
        return;
    }
    let mut positions: HashMap<String, usize> = HashMap::with_capacity(list.len());
    let mut out: Vec<Node> = Vec::with_capacity(list.len());
    for node in list.drain(..) {
        let known = identity(&node).and_then(|id| match positions.get(&id) {
            Some(position) => Some(*position),
            None => {
                positions.insert(id, out.len());
                None
            }
        });
        match known.and_then(|position| out.get_mut(position)) {
            Some(slot) => *slot = node,
            None => out.push(node),
        }
    }
    *list = out;
}
