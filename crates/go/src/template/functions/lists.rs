//! Functions with lists.

use std::rc::Rc;

use super::super::failed::Failed;
use super::super::function::{Arguments, Call, Function, function};
use super::super::value::{Items, Value, list, same, text, texts};

const PUSH: Call = |a, _| Ok(list(a.items(0)?.iter().chain([&a[1]]).cloned().collect()));
const PREPEND: Call = |a, _| Ok(list([&a[1]].into_iter().chain(a.items(0)?).cloned().collect()));
const FIRST: Call = |a, _| Ok(a.items(0)?.first().cloned().unwrap_or(Value::Nil));
const LAST: Call = |a, _| Ok(a.items(0)?.last().cloned().unwrap_or(Value::Nil));
const REST: Call = |a, _| Ok(list(a.items(0)?.get(1..).unwrap_or_default().to_vec()));
const INITIAL: Call = |a, _| Ok(list(a.items(0)?.split_last().map_or(Vec::new(), |(_, before)| before.to_vec())));
const REVERSE: Call = |a, _| Ok(list(a.items(0)?.iter().rev().cloned().collect()));
const COMPACT: Call = |a, _| Ok(list(a.items(0)?.iter().filter(|item| !item.is_empty()).cloned().collect()));
const HAS: Call = |a, _| match &a[1] {
    Value::Nil => Ok(Value::Bool(false)),
    _ => Ok(Value::Bool(a.items(1)?.iter().any(|item| same(item, &a[0])))),
};
const WITHOUT: Call = |a, _| {
    let kept = a.items(0)?.iter().filter(|item| !a[1..].iter().any(|out| same(out, item)));
    Ok(list(kept.cloned().collect()))
};
const UNIQ: Call = |a, _| {
    let mut kept: Vec<Value> = Vec::new();
    for item in a.items(0)? {
        if !kept.iter().any(|other| same(other, item)) {
            kept.push(item.clone());
        }
    }
    Ok(list(kept))
};
const CHUNK: Call = |a, _| {
    let size = usize::try_from(a.int(0)?).ok().filter(|size| *size > 0).ok_or(Failed)?;
    let chunks = a.items(1)?.chunks(size).map(|chunk| list(chunk.to_vec()));
    Ok(Value::List(Rc::new(chunks.collect()), Items::Lists))
};
const SLICE: Call = |a, _| {
    let items = a.items(0)?;
    let bound = |index: usize, default: usize| {
        a.get(index).map_or(Ok(default), |value| usize::try_from(super::numbers::whole(value)).map_err(|_| Failed))
    };
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let part = items.get(bound(1, 0)?..bound(2, items.len())?).ok_or(Failed)?;
    Ok(list(part.to_vec()))
};

pub(super) const FUNCTIONS: &[Function] = &[
    function("list", "a*", |a, _| Ok(list(a.to_vec()))),
    function("tuple", "a*", |a, _| Ok(list(a.to_vec()))),
    function("append", "aa", PUSH),
    function("push", "aa", PUSH),
    function("mustAppend", "aa", PUSH),
    function("mustPush", "aa", PUSH),
    function("prepend", "aa", PREPEND),
    function("mustPrepend", "aa", PREPEND),
    function("first", "a", FIRST),
    function("mustFirst", "a", FIRST),
    function("last", "a", LAST),
    function("mustLast", "a", LAST),
    function("rest", "a", REST),
    function("mustRest", "a", REST),
    function("initial", "a", INITIAL),
    function("mustInitial", "a", INITIAL),
    function("reverse", "a", REVERSE),
    function("mustReverse", "a", REVERSE),
    function("compact", "a", COMPACT),
    function("mustCompact", "a", COMPACT),
    function("uniq", "a", UNIQ),
    function("mustUniq", "a", UNIQ),
    function("without", "aa*", WITHOUT),
    function("mustWithout", "aa*", WITHOUT),
    function("has", "aa", HAS),
    function("mustHas", "aa", HAS),
    function("chunk", "ia", CHUNK),
    function("mustChunk", "ia", CHUNK),
    // Go's own function of this name is hidden by Sprig's.
    function("slice", "aa*", SLICE),
    function("mustSlice", "aa*", SLICE),
    function("concat", "a*", |a, _| {
        let mut all = Vec::new();
        for index in 0..a.len() {
            all.extend_from_slice(a.items(index)?);
        }
        Ok(list(all))
    }),
    function("join", "sa", |a, _| Ok(text(&strings(&a[1]).join(a.text(0)?)))),
    function("sortAlpha", "a", |a, _| {
        let mut all = strings(&a[0]);
        all.sort();
        Ok(texts(all))
    }),
    function("toStrings", "a", |a, _| Ok(texts(strings(&a[0])))),
    function("shuffle", "s", |a, _| {
        let mut chars: Vec<char> = a.text(0)?.chars().collect();
        for at in (1..chars.len()).rev() {
            chars.swap(at, super::encodings::random() as usize % (at + 1));
        }
        Ok(text(&chars.iter().collect::<String>()))
    }),
    function("default", "aa*", |a, _| Ok(a.get(1).filter(|given| !given.is_empty()).unwrap_or(&a[0]).clone())),
    function("empty", "a", |a, _| Ok(Value::Bool(a[0].is_empty()))),
    function("coalesce", "a*", |a, _| Ok(a.iter().find(|value| !value.is_empty()).cloned().unwrap_or(Value::Nil))),
    function("all", "a*", |a, _| Ok(Value::Bool(a.iter().all(|value| !value.is_empty())))),
    function("any", "a*", |a, _| Ok(Value::Bool(a.iter().any(|value| !value.is_empty())))),
    function("ternary", "aab", |a, _| Ok(if a.flag(2)? { a[0].clone() } else { a[1].clone() })),
    function("fail", "s", |_, _| Err(Failed)),
    function("typeOf", "a", |a, _| Ok(text(a[0].type_name()))),
    function("typeIs", "sa", |a, _| Ok(Value::Bool(a.text(0)? == a[1].type_name()))),
    function("typeIsLike", "sa", |a, _| Ok(Value::Bool(a.text(0)?.trim_start_matches('*') == a[1].type_name()))),
    function("kindOf", "a", |a, _| Ok(text(a[0].kind_name()))),
    function("kindIs", "sa", |a, _| Ok(Value::Bool(a.text(0)? == a[1].kind_name()))),
    function("deepEqual", "aa", |a, _| Ok(Value::Bool(same(&a[0], &a[1])))),
];

/// The items as texts, nil left out; of anything else, its own text.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Nil => Vec::new(),
        Value::List(items, _) => items.iter().filter(|item| !matches!(item, Value::Nil)).map(Value::show).collect(),
        other => vec![other.show()],
    }
}
