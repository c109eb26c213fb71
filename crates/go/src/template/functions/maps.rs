//! Functions with maps.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::failed::Failed;
use super::super::function::{Arguments, Call, Function, Result, function};
use super::super::value::{Value, list, map, text, texts};

type Fields = Rc<RefCell<BTreeMap<String, Value>>>;

const MERGE: Call = |a, _| merged(a, false);
const MERGE_OVERWRITE: Call = |a, _| merged(a, true);
const DEEP_COPY: Call = |a, _| Ok(copied(&a[0], 0));

pub(super) const FUNCTIONS: &[Function] = &[
    function("dict", "a*", |a, _| {
        let pair = |pair: &[Value]| (pair[0].show(), pair.get(1).cloned().unwrap_or_else(|| text("")));
        Ok(map(a.chunks(2).map(pair).collect()))
    }),
    function("get", "ms", |a, _| Ok(fields(a, 0)?.borrow().get(a.text(1)?).cloned().unwrap_or_else(|| text("")))),
    function("set", "msa", |a, _| {
        fields(a, 0)?.borrow_mut().insert(a.text(1)?.to_owned(), a[2].clone());
        Ok(a[0].clone())
    }),
    function("unset", "ms", |a, _| {
        fields(a, 0)?.borrow_mut().remove(a.text(1)?);
        Ok(a[0].clone())
    }),
    function("hasKey", "ms", |a, _| Ok(Value::Bool(fields(a, 0)?.borrow().contains_key(a.text(1)?)))),
    function("pluck", "sm*", |a, _| {
        let mut found = Vec::new();
        for index in 1..a.len() {
            found.extend(fields(a, index)?.borrow().get(a.text(0)?).cloned());
        }
        Ok(list(found))
    }),
    function("keys", "m*", |a, _| {
        let mut keys = Vec::new();
        for index in 0..a.len() {
            keys.extend(fields(a, index)?.borrow().keys().cloned());
        }
        Ok(texts(keys))
    }),
    function("values", "m", |a, _| Ok(list(fields(a, 0)?.borrow().values().cloned().collect()))),
    function("pick", "ms*", |a, _| kept(a, true)),
    function("omit", "ms*", |a, _| kept(a, false)),
    function("merge", "mm*", MERGE),
    function("mustMerge", "mm*", MERGE),
    function("mergeOverwrite", "mm*", MERGE_OVERWRITE),
    function("mustMergeOverwrite", "mm*", MERGE_OVERWRITE),
    function("deepCopy", "a", DEEP_COPY),
    function("mustDeepCopy", "a", DEEP_COPY),
    function("dig", "a*", |a, _| {
        let [keys @ .., default, last] = a else { return Err(Failed) };
        if keys.is_empty() {
            return Err(Failed);
        }
        let mut at = last.clone();
        for index in 0..keys.len() {
            let Value::Map(fields) = &at else { return Err(Failed) };
            let next = fields.borrow().get(keys.text(index)?).cloned();
            match next {
                Some(next) => at = next,
                None => return Ok(default.clone()),
            }
        }
        Ok(at)
    }),
];

fn fields(a: &[Value], index: usize) -> Result<&Fields> {
    match a.get(index) {
        Some(Value::Map(fields)) => Ok(fields),
        _ => Err(Failed),
    }
}

fn kept(a: &[Value], named: bool) -> Result<Value> {
    let mut out = BTreeMap::new();
    for (key, value) in fields(a, 0)?.borrow().iter() {
        let is_named = (1..a.len()).any(|index| a.text(index).is_ok_and(|name| name == key));
        if is_named == named {
            out.insert(key.clone(), value.clone());
        }
    }
    Ok(map(out))
}

/// Adds what the later maps have to the first one, maps within maps too; what is there stays unless it is empty.
fn merged(a: &[Value], overwrite: bool) -> Result<Value> {
    let first = fields(a, 0)?;
    for index in 1..a.len() {
        let other = fields(a, index)?;
        if !Rc::ptr_eq(first, other) {
            merge_into(first, other, overwrite, 0)?;
        }
    }
    Ok(a[0].clone())
}

fn merge_into(target: &Fields, other: &Fields, overwrite: bool, depth: usize) -> Result<()> {
    if depth > 50 {
        return Err(Failed);
    }
    let other: Vec<_> = other.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    for (key, value) in other {
        let present = target.borrow().get(&key).cloned();
        match (present, &value) {
            (Some(Value::Map(inner)), Value::Map(more)) if !Rc::ptr_eq(&inner, more) => {
                merge_into(&inner, more, overwrite, depth + 1)?;
            }
            (Some(present), _) if !present.is_empty() && (!overwrite || value.is_empty()) => {}
            _ => {
                target.borrow_mut().insert(key, value);
            }
        }
    }
    Ok(())
}

fn copied(value: &Value, depth: usize) -> Value {
    match value {
        Value::Map(fields) if depth < 50 => {
            map(fields.borrow().iter().map(|(key, value)| (key.clone(), copied(value, depth + 1))).collect())
        }
        Value::List(items, kind) => {
            Value::List(Rc::new(items.iter().map(|item| copied(item, depth + 1)).collect()), *kind)
        }
        other => other.clone(),
    }
}
