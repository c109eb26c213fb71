//! Merges trees: what a later file says onto what earlier ones say.
//!
//! Source: the specification's section on merging. Both trees have passed [`crate::validate::document`].

use std::collections::HashMap;

use crate::read::dialect::{OVERRIDE, RESET};
use crate::read::scalar::FieldValue as _;
use crate::spec::schema::{Field, Rule, Schema, Unique, before_equals};
use crate::spec::unique::deduplicate;
use wharf_yaml::{Map, Node, Tag, Value};

/// Forgets, in what earlier files say, each value that `over` resets or overrides.
pub(crate) fn apply_resets(base: &mut Node, over: &Node) {
    let (Some(base), Some(over)) = (base.as_map_mut(), over.as_map()) else { return };
    for (key, over) in over {
        match over.tag {
            RESET | OVERRIDE => {
                base.shift_remove(key);
            }
            _ => {
                if let Some(base) = base.get_mut(key) {
                    apply_resets(base, over);
                }
            }
        }
    }
}

/// Takes `!reset` values out of a tree, and the tag off `!override` ones: both have done their work.
pub(crate) fn settle(node: &mut Node) {
    node.tag = Tag::NONE;
    match &mut node.value {
        Value::Map(map) => {
            map.retain(|_, node| node.tag != RESET);
            map.values_mut().for_each(settle);
        }
        Value::List(list) => {
            list.retain(|node| node.tag != RESET);
            list.iter_mut().for_each(settle);
        }
        Value::Null | Value::Scalar(_) => {}
    }
}

/// Merges `over` onto `base`.
pub(crate) fn merge(base: Node, over: Node, schema: &Schema) -> Node {
    let schema = match schema {
        Schema::Merged(Rule::Replace, _) => return over,
        Schema::Merged(Rule::SameDriver, long) => {
            let driver = |node: &Node| node.get_text("driver").map(str::to_owned);
            return match (driver(&base), driver(&over)) {
                (Some(one), Some(other)) if one != other => over,
                _ => merge(base, over, long),
            };
        }
        Schema::Merged(Rule::BySubnet, _) => return by_subnet(base, over),
        Schema::OrNull(schema)
        | Schema::Short(_, schema)
        | Schema::ShortNumber(_, schema)
        | Schema::Keyed(_, schema)
        | Schema::ScalarOr(_, schema) => return merge(base, over, schema),
        schema => schema,
    };
    if over.is_null() {
        return base;
    }
    let place = over.at(Value::Null);
    let (base, over) = match (schema, &base.value, &over.value) {
        // Lists are left where variables are not replaced.
        (Schema::Dict(_), Value::Map(_), Value::List(_)) => (as_list(base), over),
        (Schema::Dict(_), Value::List(_), Value::Map(_)) => (base, as_list(over)),
        (Schema::Names(_), Value::Map(_), Value::List(_)) => (base, as_map(over)),
        (Schema::Names(_), Value::List(_), Value::Map(_)) => (as_map(base), over),
        _ => (base, over),
    };
    match (base.value, over.value) {
        (Value::Map(base), Value::Map(over)) => place.at(Value::Map(merge_maps(base, over, schema))),
        (Value::List(mut list), Value::List(over)) => {
            list.extend(over);
            if let Schema::List(_, unique) | Schema::OneOrMore(_, unique) = schema {
                deduplicate(&mut list, *unique);
            } else if let Schema::Dict(_) = schema {
                deduplicate(&mut list, Unique::By(before_equals));
            } else if let Schema::Hosts | Schema::Names(_) = schema {
                deduplicate(&mut list, Unique::By(|node| node.as_text().map(str::to_owned)));
            }
            place.at(Value::List(list))
        }
        (_, value) => place.at(value),
    }
}

/// A dictionary as `KEY=value` entries.
fn as_list(mut node: Node) -> Node {
    if let Value::Map(map) = node.value {
        let entry = |(key, value): (String, Node)| match &value.value {
            Value::Scalar(scalar) => value.text(format!("{key}={}", scalar.display())),
            _ => value.text(key),
        };
        node.value = Value::List(map.into_iter().map(entry).collect());
    }
    node
}

/// A list of names as a map whose entries have no settings.
fn as_map(mut node: Node) -> Node {
    if let Value::List(list) = node.value {
        let entry = |name: Node| Some((name.as_text()?.to_owned(), name.at(Value::Null)));
        node.value = Value::Map(list.into_iter().filter_map(entry).collect());
    }
    node
}

fn merge_maps(mut base: Map, over: Map, schema: &Schema) -> Map {
    for (key, value) in over {
        let schema = match schema {
            Schema::Map(fields) => entry_schema(fields, &key),
            Schema::Names(item) | Schema::Free(item) => item,
            // In a dictionary a key without a value is a value of its own.
            Schema::Dict(_) => &Schema::Merged(Rule::Replace, &Schema::Loose),
            _ => &Schema::Any,
        };
        match base.get_mut(&key) {
            Some(slot) => {
                let old = std::mem::replace(slot, value.at(Value::Null));
                *slot = merge(old, value, schema);
            }
            None => {
                base.insert(key, value);
            }
        }
    }
    base
}

fn entry_schema<'f>(fields: &'f [Field], key: &str) -> &'f Schema {
    fields.iter().find(|field| field.name == key).map_or(&Schema::Any, |field| &field.schema)
}

/// Address pools with the same subnet are one.
fn by_subnet(base: Node, over: Node) -> Node {
    if over.is_null() {
        return base;
    }
    let place = over.at(Value::Null);
    let (Value::List(base), Value::List(over)) = (base.value, over.value) else { return place };
    let subnet = |node: &Node| node.get_text("subnet").map(str::to_owned);
    let mut out = base;
    let mut positions: HashMap<Option<String>, usize> = HashMap::new();
    for (position, pool) in out.iter().enumerate() {
        positions.entry(subnet(pool)).or_insert(position);
    }
    for pool in over {
        match positions.get(&subnet(&pool)).and_then(|position| out.get_mut(*position)) {
            Some(known) => {
                let old = std::mem::replace(known, pool.at(Value::Null));
                *known = merge(old, pool, &Schema::Free(&Schema::Any));
            }
            None => {
                positions.insert(subnet(&pool), out.len());
                out.push(pool);
            }
        }
    }
    place.at(Value::List(out))
}
