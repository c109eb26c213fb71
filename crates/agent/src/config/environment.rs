//! `${NAME}` in a configuration, as Promtail reads it with `-config.expand-env`: by the rules of
//! [drone/envsubst](https://github.com/drone/envsubst), on the text before it is YAML.
//!
//! `$$` is a dollar sign, `\\` and `\/` are a backslash and a slash. The functions are those of Bash: `${X:-default}`,
//! `${X^^}`, `${X,,}`, `${#X}`, `${X:3:2}`, `${X#prefix}`, `${X%suffix}`, `${X/from/to}` and their variants.

use std::collections::BTreeMap;

use crate::yaml::{ConfigError, ErrorAt as _, Place};

/// Variables may have others in their defaults, as deep as this.
const DEEPEST: usize = 32;

/// Replaces variables by their values.
///
/// # Errors
///
/// The first substitution that does not end or is none.
pub fn expand_environment(text: &str, environment: &BTreeMap<String, String>) -> Result<String, ConfigError> {
    let mut expansion = Expansion { text, at: 0, environment };
    expansion.text(&|_| false, true, 0).map_err(|Bad(at)| {
        let before = &text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let place = Place { line: u32::try_from(line).unwrap_or(0), column: u32::try_from(column).unwrap_or(0) };
        place.error(
            "bad substitution: with --expand-env, `${NAME}` is a variable; write `$${` for these characters themselves",
        )
    })
}

/// Writes a text so that [`expand_environment`] gives it back.
pub(crate) fn escape(text: &str) -> String {
    text.replace('\\', r"\\").replace('$', "$$")
}

/// Where a substitution begins that is none.
struct Bad(usize);

struct Expansion<'a> {
    text: &'a str,
    at: usize,
    environment: &'a BTreeMap<String, String>,
}

impl Expansion<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// Text with variables, up to a character that ends it.
    fn text(&mut self, ends: &dyn Fn(char) -> bool, escapes: bool, depth: usize) -> Result<String, Bad> {
        let mut out = String::new();
        while let Some(c) = self.peek() {
            if self.rest().starts_with("${") {
                out.push_str(&self.variable(depth)?);
            } else if let Some((escaped, c)) = escaped(self.rest()).filter(|_| escapes) {
                self.at += escaped;
                out.push(c);
            } else if ends(c) {
                break;
            } else {
                self.at += c.len_utf8();
                out.push(c);
            }
        }
        Ok(out)
    }

    fn variable(&mut self, depth: usize) -> Result<String, Bad> {
        let start = self.at;
        self.at += 2;
        let found = if depth > DEEPEST { None } else { self.function(depth)? };
        found.ok_or(Bad(start))
    }

    /// What is behind `${`, with the brace that ends it; `None`: it is no substitution.
    fn function(&mut self, depth: usize) -> Result<Option<String>, Bad> {
        if self.takes("#") {
            let value = self.name();
            return Ok(value.filter(|_| self.takes("}")).map(|value| value.len().to_string()));
        }
        let Some(value) = self.name() else { return Ok(None) };
        let in_braces = |c: char| c == '}';
        let became = if let Some(_operator) = self.takes_one(&[":=", ":-", ":?", ":+", "="]) {
            // Like envsubst, all of them give the default.
            let default = self.text(&in_braces, false, depth + 1)?;
            if value.is_empty() { default } else { value }
        } else if self.takes(":") {
            let offset = self.text(&|c| matches!(c, ':' | '}'), false, depth + 1)?;
            let length = if self.takes(":") { Some(self.text(&in_braces, false, depth + 1)?) } else { None };
            part(&value, &offset, length.as_deref())
        } else if let Some(operator) = self.takes_one(&[",,", ",", "^^", "^"]) {
            cased(&value, operator)
        } else if let Some(operator) = self.takes_one(&["##", "#", "%%", "%"]) {
            let pattern = self.text(&in_braces, false, depth + 1)?;
            trimmed(&value, operator, &pattern)
        } else if let Some(operator) = self.takes_one(&["//", "/#", "/%", "/"]) {
            let from = self.text(&|c| c == '/', true, depth + 1)?;
            if !self.takes("/") {
                return Ok(None);
            }
            let to = self.text(&in_braces, true, depth + 1)?;
            replaced(&value, operator, &from, &to)
        } else {
            value
        };
        Ok(Some(became).filter(|_| self.takes("}")))
    }

    /// The value of the variable whose name follows; `None`: no name follows.
    fn name(&mut self) -> Option<String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(rest.len());
        let value = self.environment.get(&rest[..end]).cloned().unwrap_or_default();
        self.at += end;
        (end > 0).then_some(value)
    }

    fn takes_one(&mut self, words: &[&'static str]) -> Option<&'static str> {
        words.iter().copied().find(|word| self.takes(word))
    }
}

/// An escape at the start of a text: its length, and what it means.
fn escaped(text: &str) -> Option<(usize, char)> {
    let mut chars = text.chars();
    match (chars.next()?, chars.next()?) {
        ('$', '$') => Some((2, '$')),
        ('\\', c @ ('\\' | '/')) => Some((2, c)),
        _ => None,
    }
}

/// `${X:offset:length}`, in bytes; cut at whole characters. What is not a number changes nothing.
fn part(value: &str, offset: &str, length: Option<&str>) -> String {
    let Ok(offset) = offset.parse::<i64>() else { return value.to_owned() };
    let from = if offset < 0 { value.len().saturating_sub(offset.unsigned_abs() as usize) } else { offset as usize };
    let from = value.ceil_char_boundary(from.min(value.len()));
    let Some(length) = length else { return value[from..].to_owned() };
    let Ok(length) = length.parse::<usize>() else { return value.to_owned() };
    let to = value.floor_char_boundary(from.saturating_add(length).min(value.len()));
    value[from..to.max(from)].to_owned()
}

fn cased(value: &str, operator: &str) -> String {
    let mut chars = value.chars();
    match operator {
        ",," => value.to_lowercase(),
        "^^" => value.to_uppercase(),
        "," => chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect(),
        _ => chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect(),
    }
}

fn replaced(value: &str, operator: &str, from: &str, to: &str) -> String {
    match operator {
        "//" => value.replace(from, to),
        "/#" => value.strip_prefix(from).map_or_else(|| value.to_owned(), |rest| format!("{to}{rest}")),
        "/%" => value.strip_suffix(from).map_or_else(|| value.to_owned(), |rest| format!("{rest}{to}")),
        _ => value.replacen(from, to, 1),
    }
}

/// `${X#pattern}` and `${X%pattern}`: without the shortest match at the start or the end, or (doubled) the longest.
fn trimmed(value: &str, operator: &str, pattern: &str) -> String {
    let pattern: Vec<char> = pattern.chars().collect();
    let places = value.char_indices().map(|(place, _)| place).chain([value.len()]);
    let matching = |text: &str| matches(&pattern, &text.chars().collect::<Vec<_>>());
    let rest = if operator.starts_with('#') {
        let mut ends = places.filter(|end| *end > 0 && matching(&value[..*end]));
        let end = if operator == "#" { ends.next() } else { ends.next_back() };
        end.map(|end| &value[end..])
    } else {
        let mut starts = places.filter(|start| *start < value.len() && matching(&value[*start..]));
        let start = if operator == "%" { starts.next_back() } else { starts.next() };
        start.map(|start| &value[..start])
    };
    rest.unwrap_or(value).to_owned()
}

/// Whether a shell pattern (`*`, `?`, `[a-z]`, `\c`) matches a whole text. Its time grows with the product of the lengths.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut place) = (0, 0);
    // Behind the last star, and the text that it takes so far.
    let mut star: Option<(usize, usize)> = None;
    while place < text.len() {
        match one(&pattern[at..], text[place]) {
            Some(length) if length > 0 => (at, place) = (at + length, place + 1),
            _ if pattern.get(at) == Some(&'*') => {
                star = Some((at + 1, place));
                at += 1;
            }
            _ => match &mut star {
                Some((behind, taken)) => {
                    *taken += 1;
                    (at, place) = (*behind, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// How many characters of a pattern match a character; `None`: it does not match.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['*', ..] | [] => None,
        ['?', ..] => Some(1),
        ['\\', escaped, ..] => (*escaped == c).then_some(2),
        ['[', rest @ ..] => {
            let (negated, class) = match rest {
                ['^' | '!', class @ ..] => (1, class),
                class => (0, class),
            };
            let end = class.iter().skip(1).position(|c| *c == ']')? + 1;
            let class = &class[..end];
            let mut within = class.contains(&c);
            for range in class.windows(3) {
                within |= range[1] == '-' && (range[0]..=range[2]).contains(&c);
            }
            (within != (negated == 1)).then_some(1 + negated + end + 1)
        }
        [literal, ..] => (*literal == c).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, String> {
        let pairs = [
            ("U", "v"),
            ("LONG", "abcABC123ABCabc"),
            ("PATH_", "/home/me/notes.txt"),
            ("FILE", "bash.string.txt"),
            ("SLASH", "foo/bar/baz"),
            ("EMPTY", ""),
        ];
        let environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        expand_environment(text, &environment).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_and_functions_are_those_of_envsubst() {
        let cases = [
            ("a ${U} b $U", "a v b $U"),
            ("$${U} $$ $$$$", "${U} $ $$"),
            (r"'\\w*' \d \\\\ a\/b", r"'\w*' \d \\ a/b"),
            ("${NONE}|${NONE:-d}|${NONE:=d}|${NONE=d}|${EMPTY:-d}|${U:-d}|${U:=d}", "|d|d|d|d|v|v"),
            ("${NONE:-${U}-x}", "v-x"),
            ("${NONE:-a b: c}", "a b: c"),
            ("${#LONG}", "15"),
            ("${U^} ${U^^} ${LONG,,} ${LONG^}", "V V abcabc123abcabc AbcABC123ABCabc"),
            ("${LONG:3} ${LONG:3:3} ${LONG:-3} ${LONG:99}", "ABC123ABCabc ABC abcABC123ABCabc "),
            ("${FILE#*.} ${FILE##*.} ${FILE%.*} ${FILE%%.*}", "string.txt txt bash.string bash"),
            ("${PATH_##*/} ${PATH_#*/}", "notes.txt home/me/notes.txt"),
            (
                "${LONG/abc/x} ${LONG//abc/x} ${LONG/#abc/x} ${LONG/%abc/x}",
                "xABC123ABCabc xABC123ABCx xABC123ABCabc abcABC123ABCx",
            ),
            (r"${SLASH/\//-} ${SLASH//\//-} ${FILE/./}", "foo-bar/baz foo-bar-baz bashstring.txt"),
            ("c-${1}-x c-$${1}-x", "c--x c-${1}-x"),
        ];
        for (text, expected) in cases {
            assert_eq!(expanded(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_substitution_is_told_with_its_place() {
        for text in ["a: 1\nb: ${", "a: 1\nb: ${}", "a: 1\nb: ${U", "a: 1\nb: ${U!}", "a: 1\nb: ${U/x}"] {
            let error = expanded(text).unwrap_err();
            assert!(error.starts_with("2:4: bad substitution"), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_upsets_it(text in r"[a-zU${}\\/#%:=^,*?\[\]!é-]{0,40}") {
            let _ = expanded(&text);
        }

        #[test]
        fn what_is_escaped_comes_back(text in r"(?s).{0,40}|[$\\{}/U]{0,40}") {
            proptest::prop_assert_eq!(expanded(&escape(&text)), Ok(text));
        }
    }
}
