//! Functions with regular expressions; one that cannot be read fails.

use crate::regexp::Replacement;

use super::super::function::{Arguments, Context, Function, Result, function};
use super::super::value::{Value, text, texts};

pub(super) const FUNCTIONS: &[Function] = &[
    function("regexReplaceAll", "sss", replace_all),
    function("mustRegexReplaceAll", "sss", replace_all),
    function("regexReplaceAllLiteral", "sss", replace_literal),
    function("mustRegexReplaceAllLiteral", "sss", replace_literal),
    // This one alone takes a wrong expression for one that matches nothing.
    function("regexMatch", "ss", |a, context| {
        Ok(Value::Bool(context.regex(a.text(0)?).is_ok_and(|regex| a.text(1).is_ok_and(|text| regex.is_match(text)))))
    }),
    function("mustRegexMatch", "ss", |a, context| Ok(Value::Bool(context.regex(a.text(0)?)?.is_match(a.text(1)?)))),
    function("regexFind", "ss", find),
    function("mustRegexFind", "ss", find),
    function("regexFindAll", "ssi", find_all),
    function("mustRegexFindAll", "ssi", find_all),
    function("regexSplit", "ssi", split),
    function("mustRegexSplit", "ssi", split),
    function("regexQuoteMeta", "s", |a, _| {
        let is_sign = |c| r"\.+*?()|[]{}^$".contains(c);
        let quoted: String =
            a.text(0)?.chars().flat_map(|c| is_sign(c).then_some('\\').into_iter().chain([c])).collect();
        Ok(text(&quoted))
    }),
];

fn replace_all(a: &[Value], context: &Context<'_>) -> Result<Value> {
    Ok(text(&context.regex(a.text(0)?)?.replace_all(a.text(1)?, &Replacement::new(a.text(2)?))))
}

fn replace_literal(a: &[Value], context: &Context<'_>) -> Result<Value> {
    Ok(text(&context.regex(a.text(0)?)?.replace_all(a.text(1)?, &Replacement::literal(a.text(2)?))))
}

fn find(a: &[Value], context: &Context<'_>) -> Result<Value> {
    let regex = context.regex(a.text(0)?)?;
    Ok(text(regex.engine().find(a.text(1)?).map_or("", |found| found.as_str())))
}

/// A count below 0 is without end.
fn most(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn find_all(a: &[Value], context: &Context<'_>) -> Result<Value> {
    let regex = context.regex(a.text(0)?)?;
    let found = regex.engine().find_iter(a.text(1)?).take(most(a.int(2)?));
    Ok(texts(found.map(|found| found.as_str())))
}

/// Go's `Regexp.Split`: an empty match at the start or the end splits nothing off.
fn split(a: &[Value], context: &Context<'_>) -> Result<Value> {
    let regex = context.regex(a.text(0)?)?;
    let (whole, count) = (a.text(1)?, most(a.int(2)?));
    if count == 0 {
        return Ok(texts([""; 0]));
    }
    if !regex.as_str().is_empty() && whole.is_empty() {
        return Ok(texts([""]));
    }
    let (mut parts, mut begin, mut end) = (Vec::new(), 0, 0);
    for found in regex.engine().find_iter(whole) {
        if parts.len() + 1 >= count {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(&whole[begin..end]);
        }
        begin = found.end();
    }
    if end != whole.len() {
        parts.push(&whole[begin..]);
    }
    Ok(texts(parts))
}
