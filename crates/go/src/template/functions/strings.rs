//! Functions with strings. Lengths and offsets are in bytes, as in Go.

use std::rc::Rc;

use super::super::failed::Failed;
use super::super::function::{Arguments, Function, Result, function, slice};
use super::super::value::{MAX_BYTES, Value, map, text, texts};
use crate::{strconv, strings};

pub(super) const FUNCTIONS: &[Function] = &[
    function("hello", "", |_, _| Ok(text("Hello!"))),
    function("trim", "s", |a, _| Ok(text(a.text(0)?.trim_matches(strings::is_space)))),
    function("trimall", "ss", |a, _| Ok(text(strings::trim(a.text(1)?, a.text(0)?)))),
    function("trimAll", "ss", |a, _| Ok(text(strings::trim(a.text(1)?, a.text(0)?)))),
    function("trimPrefix", "ss", |a, _| Ok(text(strings::trim_prefix(a.text(1)?, a.text(0)?)))),
    function("trimSuffix", "ss", |a, _| Ok(text(strings::trim_suffix(a.text(1)?, a.text(0)?)))),
    function("upper", "s", |a, _| Ok(text(&strings::upper(a.text(0)?)))),
    function("lower", "s", |a, _| Ok(text(&strings::lower(a.text(0)?)))),
    function("title", "s", |a, _| Ok(text(&strings::title(a.text(0)?)))),
    function("untitle", "s", |a, _| Ok(text(&strings::at_word_starts(a.text(0)?, strings::is_space, strings::lower)))),
    function("swapcase", "s", |a, _| Ok(text(&swapped(a.text(0)?)))),
    function("nospace", "s", |a, _| Ok(text(&a.text(0)?.replace(strings::is_space, "")))),
    function("initials", "s", |a, _| {
        let words = a.text(0)?.split(strings::is_space);
        Ok(text(&words.filter_map(|word| word.chars().next()).collect::<String>()))
    }),
    function("abbrev", "is", |a, _| abbreviated(0, a.int(0)?, a.text(1)?)),
    function("abbrevboth", "iis", |a, _| {
        let (left, right) = (a.int(0)?, a.int(1)?);
        if right < 4 || (left > 0 && right < 7) { Ok(a[2].clone()) } else { abbreviated(left, right, a.text(2)?) }
    }),
    function("trunc", "is", |a, _| truncated(a.int(0)?, a.text(1)?)),
    function("substr", "iis", |a, _| {
        let (start, end, text) = (a.int(0)?, a.int(1)?, a.text(2)?);
        let place = |at: i64| usize::try_from(at).map_err(|_| Failed);
        match (start < 0, end < 0 || end > text.len() as i64) {
            (true, _) => slice(text, 0, place(end)?),
            (false, true) => slice(text, place(start)?, text.len()),
            (false, false) => slice(text, place(start)?, place(end)?),
        }
    }),
    function("repeat", "is", |a, _| repeated(a.text(1)?, a.int(0)?)),
    function("contains", "ss", |a, _| Ok(Value::Bool(a.text(1)?.contains(a.text(0)?)))),
    function("hasPrefix", "ss", |a, _| Ok(Value::Bool(a.text(1)?.starts_with(a.text(0)?)))),
    function("hasSuffix", "ss", |a, _| Ok(Value::Bool(a.text(1)?.ends_with(a.text(0)?)))),
    function("quote", "a*", |a, _| Ok(text(&present(a, |value| strconv::quote(&value.show()))))),
    function("squote", "a*", |a, _| Ok(text(&present(a, |value| format!("'{}'", value.show()))))),
    function("cat", "a*", |a, _| Ok(text(&present(a, Value::show)))),
    function("indent", "is", |a, _| Ok(text(&indented(a.int(0)?, a.text(1)?)?))),
    function("nindent", "is", |a, _| Ok(text(&format!("\n{}", indented(a.int(0)?, a.text(1)?)?)))),
    function("replace", "sss", |a, _| Ok(text(&strings::replace(a.text(2)?, a.text(0)?, a.text(1)?, -1)))),
    function("plural", "ssi", |a, _| Ok(if a.int(2)? == 1 { a[0].clone() } else { a[1].clone() })),
    function("toString", "a", |a, _| Ok(text(&a[0].show()))),
    function("split", "ss", |a, _| Ok(numbered(&parts(a.text(1)?, a.text(0)?, -1)))),
    function("splitn", "sis", |a, _| Ok(numbered(&parts(a.text(2)?, a.text(0)?, a.int(1)?)))),
    function("splitList", "ss", |a, _| Ok(texts(parts(a.text(1)?, a.text(0)?, -1)))),
    function("wrap", "is", |a, _| Ok(text(&wrapped(a.text(1)?, a.int(0)?, "\n", false)))),
    function("wrapWith", "iss", |a, _| {
        let line_break = if a.text(1)?.is_empty() { "\n" } else { a.text(1)? };
        Ok(text(&wrapped(a.text(2)?, a.int(0)?, line_break, true)))
    }),
    function("snakecase", "s", |a, _| Ok(text(&words(a.text(0)?, '_')))),
    function("kebabcase", "s", |a, _| Ok(text(&words(a.text(0)?, '-')))),
    function("camelcase", "s", |a, _| Ok(text(&camel(a.text(0)?)))),
    function("base", "s", |a, _| Ok(text(base(a.text(0)?)))),
    function("dir", "s", |a, _| Ok(text(&clean(directory(a.text(0)?))))),
    function("clean", "s", |a, _| Ok(text(&clean(a.text(0)?)))),
    function("ext", "s", |a, _| Ok(text(extension(a.text(0)?)))),
    function("isAbs", "s", |a, _| Ok(Value::Bool(a.text(0)?.starts_with('/')))),
    function("osBase", "s", |a, _| Ok(text(base(a.text(0)?)))),
    function("osDir", "s", |a, _| Ok(text(&clean(directory(a.text(0)?))))),
    function("osClean", "s", |a, _| Ok(text(&clean(a.text(0)?)))),
    function("osExt", "s", |a, _| Ok(text(extension(a.text(0)?)))),
    function("osIsAbs", "s", |a, _| Ok(Value::Bool(a.text(0)?.starts_with('/')))),
    function("urlParse", "s", |a, _| Ok(map(super::encodings::url_parts(a.text(0)?)?))),
];

/// Small letters large and large ones small.
fn swapped(text: &str) -> String {
    let swap = |c: char| {
        let letter = c.to_string();
        if c.is_uppercase() { strings::lower(&letter) } else { strings::upper(&letter) }
    };
    text.chars().map(swap).collect()
}

fn abbreviated(offset: i64, width: i64, whole: &str) -> Result<Value> {
    let length = whole.len() as i64;
    if width < 4 || length <= width {
        return Ok(text(whole));
    }
    let mut offset = offset.min(length);
    if length - offset < width - 3 {
        offset = length - (width - 3);
    }
    let part = |from: i64, to: i64| {
        let place = |at: i64| usize::try_from(at).map_err(|_| Failed);
        slice(whole, place(from)?, place(to)?).map(|part| part.show())
    };
    if offset <= 4 {
        return Ok(text(&format!("{}...", part(0, width - 3)?)));
    }
    if width < 7 {
        return Ok(text(""));
    }
    if offset + width - 3 < length {
        let rest = abbreviated(0, width - 3, &part(offset, length)?)?;
        return Ok(text(&format!("...{}", rest.show())));
    }
    Ok(text(&format!("...{}", part(length - (width - 3), length)?)))
}

/// The first so many bytes; below 0, the last.
fn truncated(count: i64, text: &str) -> Result<Value> {
    let length = text.len() as i64;
    match count {
        count if count < 0 && length + count > 0 => slice(text, (length + count) as usize, text.len()),
        count if count >= 0 && length > count => slice(text, 0, count as usize),
        _ => Ok(super::super::value::text(text)),
    }
}

fn repeated(whole: &str, count: i64) -> Result<Value> {
    let count = usize::try_from(count).map_err(|_| Failed)?;
    let fits = whole.len().checked_mul(count).is_some_and(|size| size <= MAX_BYTES);
    if fits { Ok(text(&whole.repeat(count))) } else { Err(Failed) }
}

fn present(values: &[Value], show: fn(&Value) -> String) -> String {
    let shown: Vec<_> = values.iter().filter(|value| !matches!(value, Value::Nil)).map(show).collect();
    shown.join(" ")
}

fn indented(spaces: i64, text: &str) -> Result<String> {
    let pad = " ".repeat(usize::try_from(spaces).ok().filter(|spaces| *spaces <= 1000).ok_or(Failed)?);
    Ok(format!("{pad}{}", text.replace('\n', &format!("\n{pad}"))))
}

/// Go's `strings.SplitN`: below 0, all parts; an empty separator splits characters.
fn parts(whole: &str, separator: &str, count: i64) -> Vec<String> {
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    if most == 0 {
        return Vec::new();
    }
    if separator.is_empty() {
        let mut rest = whole.char_indices().map(|(at, _)| at).collect::<Vec<_>>();
        rest.truncate(most);
        let ends = rest.iter().skip(1).copied().chain([whole.len()]);
        return rest.iter().zip(ends).map(|(from, to)| whole[*from..to].to_owned()).collect();
    }
    whole.splitn(most, separator).map(str::to_owned).collect()
}

/// Parts under `_0`, `_1` and so on.
fn numbered(parts: &[String]) -> Value {
    let fields = parts.iter().enumerate().map(|(at, part)| (format!("_{at}"), part.as_str().into()));
    Value::TextMap(Rc::new(fields.collect()))
}

/// Breaks a text at blanks into lines of at most `width`. Longer words are broken only if requested.
fn wrapped(whole: &str, width: i64, line_break: &str, long_words: bool) -> String {
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let (mut out, mut rest) = (String::new(), whole);
    while rest.len() > width {
        if let Some(after) = rest.strip_prefix(' ') {
            rest = after;
            continue;
        }
        let limit = rest.floor_char_boundary(width + 1);
        let end = match rest[..limit].rfind(' ') {
            Some(end) => Some((end, end + 1)),
            None if long_words => {
                let end = rest.floor_char_boundary(width).max(rest.chars().next().map_or(1, char::len_utf8));
                Some((end, end))
            }
            None => rest[limit..].find(' ').map(|end| (limit + end, limit + end + 1)),
        };
        let Some((end, next)) = end else { break };
        out.push_str(&rest[..end]);
        out.push_str(line_break);
        rest = &rest[next..];
    }
    out.push_str(rest);
    out
}

/// Words in small letters, with a sign between: `HTTPServer2xx` is `http_server_2xx`.
fn words(text: &str, sign: char) -> String {
    let mut out = String::new();
    let chars: Vec<char> = text.chars().collect();
    for (at, c) in chars.iter().copied().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1).copied();
        let is_sign = |c: char| matches!(c, '_' | '-' | ' ');
        if is_sign(c) {
            out.push(sign);
            continue;
        }
        let begins = match before {
            None => false,
            Some(before) if is_sign(before) => false,
            Some(before) if c.is_uppercase() => before.is_lowercase() || after.is_some_and(char::is_lowercase),
            Some(before) if c.is_ascii_digit() && before.is_alphabetic() => {
                // A number belongs to the letters behind it (`2xx`), or else to the word before (`Bld4`).
                let mut behind = chars[at..].iter().skip_while(|c| c.is_ascii_digit());
                match (behind.next(), behind.next()) {
                    (Some(next), more) => {
                        next.is_lowercase() || (next.is_uppercase() && more.is_some_and(|c| c.is_uppercase()))
                    }
                    (None, _) => false,
                }
            }
            Some(_) => false,
        };
        if begins && !out.ends_with(sign) {
            out.push(sign);
        }
        out.push_str(&strings::lower(&c.to_string()));
    }
    out
}

/// Words without a sign between, each with a capital: `http_server` is `HttpServer`.
fn camel(text: &str) -> String {
    let start = text.len() - text.trim_start_matches(['_', '-', ' ']).len();
    let mut out = text[..start].to_owned();
    let mut begins = true;
    for c in text[start..].chars() {
        if matches!(c, '_' | '-' | ' ') {
            begins = true;
        } else if begins {
            out.push_str(&strings::upper(&c.to_string()));
            begins = false;
        } else {
            out.push(c);
        }
    }
    out
}

fn base(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match (path.is_empty(), trimmed.is_empty()) {
        (true, _) => ".",
        (false, true) => "/",
        (false, false) => trimmed.rsplit('/').next().unwrap_or(trimmed),
    }
}

fn directory(path: &str) -> &str {
    path.rfind('/').map_or("", |end| &path[..=end])
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rfind('.').map_or("", |at| &name[at..])
}

/// Go's `path.Clean`: the shortest path of the same meaning.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".to_owned(),
        (false, path) => path,
    }
}
