//! Hashes, encodings, JSON, URLs, and what is made up at random.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;

use crate::json;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::super::value::{Value, list, map, text};
use super::{Arguments, Call, Failed, Function, Result, function};

const TO_JSON: Call = |a, _| Ok(text(&to_json(&a[0], true, false)?));
const TO_PRETTY_JSON: Call = |a, _| Ok(text(&to_json(&a[0], true, true)?));
const TO_RAW_JSON: Call = |a, _| Ok(text(&to_json(&a[0], false, false)?));

pub(super) const FUNCTIONS: &[Function] = &[
    function("sha1sum", "s", |a, _| Ok(text(&hex(&Sha1::digest(a.text(0)?))))),
    function("sha256sum", "s", |a, _| Ok(text(&hex(&Sha256::digest(a.text(0)?))))),
    function("sha512sum", "s", |a, _| Ok(text(&hex(&Sha512::digest(a.text(0)?))))),
    function("adler32sum", "s", |a, _| {
        let (low, high) = a.text(0)?.bytes().fold((1_u32, 0_u32), |(low, high), byte| {
            let low = (low + u32::from(byte)) % 65_521;
            (low, (high + low) % 65_521)
        });
        Ok(text(&((high << 16) | low).to_string()))
    }),
    function("b64enc", "s", |a, _| Ok(text(&encoded(a.text(0)?.as_bytes(), BASE64, 6, 4)))),
    function("b32enc", "s", |a, _| Ok(text(&encoded(a.text(0)?.as_bytes(), BASE32, 5, 8)))),
    function("b64dec", "s", |a, _| Ok(text(&decoded(a.text(0)?, BASE64, 6, 4)))),
    function("b32dec", "s", |a, _| Ok(text(&decoded(a.text(0)?, BASE32, 5, 8)))),
    function("fromJson", "s", |a, _| Ok(json::parse(a.text(0)?).map_or(Value::Nil, |value| from_json(&value)))),
    function("mustFromJson", "s", |a, _| json::parse(a.text(0)?).map(|value| from_json(&value)).map_err(|_| Failed)),
    function("toJson", "a", TO_JSON),
    function("mustToJson", "a", TO_JSON),
    function("toPrettyJson", "a", TO_PRETTY_JSON),
    function("mustToPrettyJson", "a", TO_PRETTY_JSON),
    function("toRawJson", "a", TO_RAW_JSON),
    function("mustToRawJson", "a", TO_RAW_JSON),
    function("urlJoin", "m", |a, _| {
        let Value::Map(fields) = &a[0] else { return Err(Failed) };
        let fields = fields.borrow();
        let part = |name: &str| match fields.get(name) {
            None => Ok(String::new()),
            Some(Value::Text(text)) => Ok(text.to_string()),
            Some(_) => Err(Failed),
        };
        Ok(text(&url(part)?))
    }),
    function("randAlphaNum", "i", |a, _| made_up(a.int(0)?, |c| c.is_ascii_alphanumeric())),
    function("randAlpha", "i", |a, _| made_up(a.int(0)?, |c| c.is_ascii_alphabetic())),
    function("randNumeric", "i", |a, _| made_up(a.int(0)?, |c| c.is_ascii_digit())),
    function("randAscii", "i", |a, _| made_up(a.int(0)?, |c| c.is_ascii_graphic() || c == ' ')),
    function("randBytes", "i", |a, _| {
        let count = usize::try_from(a.int(0)?).ok().filter(|count| *count <= 10_000).ok_or(Failed)?;
        let bytes: Vec<u8> = (0..count).map(|_| random() as u8).collect();
        Ok(text(&encoded(&bytes, BASE64, 6, 4)))
    }),
    function("uuidv4", "", |_, _| {
        let (high, low) = (random() & !0xf000 | 0x4000, random() >> 2 | 1 << 63);
        let low_part = low & 0xffff_ffff_ffff;
        Ok(text(&format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{low_part:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48
        )))
    }),
];

const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A number from the hasher's seeds; nothing to keep a secret with.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

fn made_up(count: i64, fits: fn(char) -> bool) -> Result<Value> {
    let count = usize::try_from(count).ok().filter(|count| *count <= 10_000).ok_or(Failed)?;
    let signs: Vec<char> = (' '..='~').filter(|c| fits(*c)).collect();
    Ok(text(&(0..count).map(|_| signs[random() as usize % signs.len()]).collect::<String>()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base 64 or 32: `bits` for each sign, signs in groups that are filled up with `=`.
fn encoded(bytes: &[u8], alphabet: &str, bits: u32, group: usize) -> String {
    let (mut out, mut buffer, mut count) = (String::new(), 0_u32, 0);
    let mut sign = |value: u32| out.push(char::from(alphabet.as_bytes()[value as usize & ((1 << bits) - 1)]));
    for byte in bytes {
        buffer = buffer << 8 | u32::from(*byte);
        count += 8;
        while count >= bits {
            count -= bits;
            sign(buffer >> count);
        }
        buffer &= (1 << count) - 1;
    }
    if count > 0 {
        sign(buffer << (bits - count));
    }
    while !out.len().is_multiple_of(group) {
        out.push('=');
    }
    out
}

/// The text that was encoded; of what was not, what is wrong, as Sprig gives it.
fn decoded(whole: &str, alphabet: &str, bits: u32, group: usize) -> String {
    let name = if bits == 6 { "base64" } else { "base32" };
    let wrong = |at: usize| format!("illegal {name} data at input byte {at}");
    let whole = whole.replace(['\r', '\n'], "");
    let signs = whole.trim_end_matches('=');
    let padding = whole.len() - signs.len();
    let (mut out, mut buffer, mut count) = (Vec::new(), 0_u32, 0);
    for (at, c) in signs.char_indices() {
        let Some(value) = alphabet.find(c) else { return wrong(at) };
        buffer = buffer << bits | value as u32;
        count += bits;
        if count >= 8 {
            count -= 8;
            out.push((buffer >> count) as u8);
        }
        buffer &= (1 << count) - 1;
    }
    if !whole.len().is_multiple_of(group) || padding >= group || count >= bits {
        return wrong(whole.len().saturating_sub(padding));
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn from_json(value: &json::Value<'_>) -> Value {
    match value {
        json::Value::Null => Value::Nil,
        json::Value::Bool(value) => Value::Bool(*value),
        json::Value::Number(number) => Value::Float(*number),
        json::Value::Text(value) => text(value),
        json::Value::List(items) => list(items.iter().map(from_json).collect()),
        json::Value::Object(fields) => {
            map(fields.iter().map(|(key, value)| (key.to_string(), from_json(value))).collect())
        }
    }
}

fn to_json(value: &Value, html: bool, pretty: bool) -> Result<String> {
    let value = json_value(value, 0)?;
    let mut out = String::new();
    if pretty {
        write_pretty(&value, 0, &mut out);
    } else {
        json::write(&value, html, &mut out);
    }
    Ok(out)
}

fn json_value(value: &Value, depth: usize) -> Result<json::Value<'static>> {
    if depth > 50 {
        return Err(Failed);
    }
    Ok(match value {
        Value::Nil => json::Value::Null,
        Value::Bool(value) => json::Value::Bool(*value),
        Value::Int(number) | Value::Int64(number) => json::Value::Number(*number as f64),
        Value::Float(number) => json::Value::Number(*number),
        Value::Text(text) => json::Value::Text(Cow::Owned(text.to_string())),
        Value::List(items, _) => {
            json::Value::List(items.iter().map(|item| json_value(item, depth + 1)).collect::<Result<_>>()?)
        }
        Value::Map(fields) => {
            let pair = |(key, value): (&String, &Value)| Ok((Cow::Owned(key.clone()), json_value(value, depth + 1)?));
            json::Value::Object(fields.borrow().iter().map(pair).collect::<Result<_>>()?)
        }
        Value::TextMap(fields) => {
            let pair = |(key, value): (&String, &Rc<str>)| {
                (Cow::Owned(key.clone()), json::Value::Text(Cow::Owned(value.to_string())))
            };
            json::Value::Object(fields.iter().map(pair).collect())
        }
        Value::Time(_) => json::Value::Text(Cow::Owned(value.show())),
    })
}

/// Two blanks for each level, as Go's `json.MarshalIndent`.
fn write_pretty(value: &json::Value<'_>, depth: usize, out: &mut String) {
    let line = |depth: usize| format!("\n{}", "  ".repeat(depth));
    match value {
        json::Value::List(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(&line(depth + 1));
                write_pretty(item, depth + 1, out);
            }
            out.push_str(&line(depth));
            out.push(']');
        }
        json::Value::Object(fields) if !fields.is_empty() => {
            out.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(&line(depth + 1));
                json::write_text(key, true, out);
                out.push_str(": ");
                write_pretty(value, depth + 1, out);
            }
            out.push_str(&line(depth));
            out.push('}');
        }
        value => json::write(value, true, out),
    }
}

/// A URL's parts: scheme, userinfo, host, hostname, path, query, opaque, fragment.
pub(super) fn url_parts(whole: &str) -> Result<BTreeMap<String, Value>> {
    if whole.contains(|c: char| c.is_ascii_control()) {
        return Err(Failed);
    }
    let (rest, fragment) = whole.split_once('#').unwrap_or((whole, ""));
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, after)) if is_scheme(scheme) => (scheme.to_lowercase(), after),
        Some(("", _)) => return Err(Failed),
        _ => (String::new(), rest),
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (mut authority, mut opaque, mut path) = ("", "", rest);
    if !scheme.is_empty() && !rest.starts_with('/') {
        (opaque, path) = (rest, "");
    } else if let Some(after) = rest.strip_prefix("//") {
        (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
    }
    let (userinfo, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let hostname = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) if !host.ends_with(']') => return Err(Failed),
        _ => host,
    };
    let hostname = hostname.trim_start_matches('[').trim_end_matches(']');
    let parts = [
        ("scheme", Cow::Owned(scheme)),
        ("host", Cow::Borrowed(host)),
        ("hostname", Cow::Borrowed(hostname)),
        ("path", Cow::Owned(unescaped(path)?)),
        ("query", Cow::Borrowed(query)),
        ("opaque", Cow::Borrowed(opaque)),
        ("fragment", Cow::Owned(unescaped(fragment)?)),
        ("userinfo", Cow::Borrowed(userinfo)),
    ];
    Ok(parts.into_iter().map(|(name, part)| (name.to_owned(), text(&part))).collect())
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn unescaped(text: &str) -> Result<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).ok_or(Failed)?;
        out.push(u8::from_str_radix(digits, 16).map_err(|_| Failed)?);
        rest = &after[2..];
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn url(part: impl Fn(&str) -> Result<String>) -> Result<String> {
    let (scheme, host, path, opaque) = (part("scheme")?, part("host")?, part("path")?, part("opaque")?);
    let (userinfo, query, fragment) = (part("userinfo")?, part("query")?, part("fragment")?);
    let mut out = if scheme.is_empty() { String::new() } else { format!("{scheme}:") };
    if opaque.is_empty() {
        if !scheme.is_empty() || !host.is_empty() || !userinfo.is_empty() {
            let user = if userinfo.is_empty() { String::new() } else { format!("{userinfo}@") };
            if !host.is_empty() || !path.is_empty() || !userinfo.is_empty() {
                out += &format!("//{user}{host}");
            }
        }
        if !path.is_empty() && !path.starts_with('/') && !host.is_empty() {
            out.push('/');
        }
        out += &path;
    } else {
        out += &opaque;
    }
    if !query.is_empty() {
        out += &format!("?{query}");
    }
    if !fragment.is_empty() {
        out += &format!("#{fragment}");
    }
    Ok(out)
}
