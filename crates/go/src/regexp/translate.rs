//! From Go's syntax to that of the crate `regex`.

use std::sync::Arc;

/// What is wrong with an expression.
pub(super) type Syntax = String;

/// The largest count in braces, nested ones multiplied.
const MAX_REPEAT: u64 = 1000;

/// An expression in the other dialect.
pub(super) struct Translated {
    pub(super) pattern: String,
    pub(super) names: Vec<Option<Arc<str>>>,
}

pub(super) fn translate(expression: &str) -> Result<Translated, Syntax> {
    let mut parser = Parser { text: expression, at: 0, names: vec![None], depth: 0 };
    let (pattern, _) = parser.alternation(Flags::default())?;
    if !parser.rest().is_empty() {
        return Err("unexpected )".to_owned());
    }
    Ok(Translated { pattern, names: parser.names })
}

pub(super) struct Parser<'t> {
    text: &'t str,
    at: usize,
    names: Vec<Option<Arc<str>>>,
    depth: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_nl: bool,
    ungreedy: bool,
}

/// Something that a repetition applies to, and how often its inside is repeated already.
struct Piece {
    pattern: String,
    weight: u64,
}

/// `*`, `{2,5}` and their like.
struct Repeat {
    min: u64,
    /// `None`: without end.
    max: Option<u64>,
    text: String,
}

impl Parser<'_> {
    pub(super) fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn take(&mut self, prefix: &str) -> bool {
        let there = self.rest().starts_with(prefix);
        if there {
            self.at += prefix.len();
        }
        there
    }

    /// Up to a closing parenthesis or the end.
    fn alternation(&mut self, mut flags: Flags) -> Result<(String, u64), Syntax> {
        let (mut pattern, mut pieces, mut weight) = (String::new(), Vec::new(), 1);
        let mut repeated = false;
        loop {
            let rest = self.rest();
            if rest.is_empty() || rest.starts_with(')') {
                break;
            }
            if self.take("|") {
                weight = weight.max(append(&mut pattern, &mut pieces));
                pattern.push('|');
                repeated = false;
                continue;
            }
            if let Some(repeat) = self.repeat()? {
                self.apply(&repeat, repeated, flags, &mut pieces)?;
                repeated = true;
                continue;
            }
            repeated = false;
            if self.take(r"\Q") {
                let quoted = self.rest().split_once(r"\E").map_or(self.rest(), |(quoted, _)| quoted).to_owned();
                self.skip(quoted.len());
                self.take(r"\E");
                pieces.extend(quoted.chars().map(|c| literal(c, flags)));
            } else if self.rest().starts_with("(?") && !self.is_named() {
                if let Some(piece) = self.flag_group(&mut flags)? {
                    pieces.push(piece);
                }
            } else if self.take("(") {
                pieces.push(self.capture(flags)?);
            } else {
                pieces.push(self.single(flags)?);
            }
        }
        weight = weight.max(append(&mut pattern, &mut pieces));
        Ok((pattern, weight))
    }

    fn is_named(&self) -> bool {
        self.rest().starts_with("(?P<") || self.rest().starts_with("(?<")
    }

    fn enter(&mut self) -> Result<(), Syntax> {
        self.depth += 1;
        if self.depth > super::NEST_LIMIT { Err("expression nests too deeply".to_owned()) } else { Ok(()) }
    }

    fn group(&mut self, flags: Flags) -> Result<(String, u64), Syntax> {
        self.enter()?;
        let inside = self.alternation(flags)?;
        if !self.take(")") {
            return Err("missing closing )".to_owned());
        }
        self.depth -= 1;
        Ok(inside)
    }

    /// The inside of a group whose parenthesis was taken.
    fn capture(&mut self, flags: Flags) -> Result<Piece, Syntax> {
        let name = if self.take("?P<") || self.take("?<") {
            let (name, _) = self.rest().split_once('>').ok_or("invalid named capture")?;
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_name {
                return Err(format!("invalid named capture `{name}`"));
            }
            let name = Arc::from(name);
            self.skip(str::len(&name) + 1);
            Some(name)
        } else {
            None
        };
        self.names.push(name);
        let (inside, weight) = self.group(flags)?;
        Ok(Piece { pattern: format!("({inside})"), weight })
    }

    /// `(?flags)`, which holds for the rest of the group around it, or `(?flags:inside)`.
    fn flag_group(&mut self, flags: &mut Flags) -> Result<Option<Piece>, Syntax> {
        self.skip(2);
        let (mut set, mut on, mut saw_flag) = (*flags, true, false);
        loop {
            let c = self.next().ok_or("missing closing )")?;
            match c {
                'i' => set.fold_case = on,
                'm' => set.multi_line = on,
                's' => set.dot_nl = on,
                'U' => set.ungreedy = on,
                '-' if on => {
                    (on, saw_flag) = (false, false);
                    continue;
                }
                ':' | ')' if on || saw_flag => {
                    if c == ')' {
                        *flags = set;
                        return Ok(None);
                    }
                    let (inside, weight) = self.group(set)?;
                    return Ok(Some(Piece { pattern: format!("(?:{inside})"), weight }));
                }
                _ => return Err("invalid or unsupported Perl syntax in a group".to_owned()),
            }
            saw_flag = true;
        }
    }

    fn single(&mut self, flags: Flags) -> Result<Piece, Syntax> {
        if self.rest().starts_with('[') {
            let class = self.brackets()?;
            return Ok(folded(class, flags));
        }
        if let Some(class) = self.shorthand()? {
            return Ok(folded(class, flags));
        }
        for (escape, pattern) in [(r"\A", r"\A"), (r"\z", r"\z"), (r"\b", r"(?-u:\b)"), (r"\B", r"(?-u:\B)")] {
            if self.take(escape) {
                return Ok(piece(pattern));
            }
        }
        if self.rest().starts_with('\\') {
            return Ok(literal(self.escape()?, flags));
        }
        let c = self.next().ok_or("missing argument")?;
        Ok(match c {
            '^' if flags.multi_line => piece("(?m:^)"),
            '^' => piece(r"\A"),
            '$' if flags.multi_line => piece("(?m:$)"),
            '$' => piece(r"\z"),
            '.' if flags.dot_nl => piece("(?s:.)"),
            '.' => piece(r"[^\n]"),
            c => literal(c, flags),
        })
    }

    /// A character behind a backslash, which is next.
    pub(super) fn escape(&mut self) -> Result<char, Syntax> {
        let start = self.at;
        self.skip(1);
        let c = self.next().ok_or("trailing backslash at end of expression")?;
        let character = match c {
            '1'..='7' if !self.rest().starts_with(|c: char| matches!(c, '0'..='7')) => None,
            '0'..='7' => Some(self.octal(c)),
            'x' => self.hex(),
            'a' => Some('\x07'),
            'f' => Some('\x0c'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\x0b'),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
            _ => None,
        };
        character.ok_or_else(|| format!("invalid escape sequence `{}`", &self.text[start..self.at]))
    }

    fn octal(&mut self, first: char) -> char {
        let mut code = first as u32 - '0' as u32;
        for _ in 1..3 {
            match self.rest().chars().next().and_then(|c| c.to_digit(8)) {
                Some(digit) => code = code * 8 + digit,
                None => break,
            }
            self.skip(1);
        }
        char::from_u32(code).unwrap_or('\0')
    }

    fn hex(&mut self) -> Option<char> {
        let digits = if self.take("{") {
            let (digits, _) = self.rest().split_once('}')?;
            let digits = digits.to_owned();
            self.skip(digits.len() + 1);
            digits
        } else {
            let digits = self.rest().get(..2)?.to_owned();
            self.skip(2);
            digits
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
    }

    /// A repetition, if one is next. Other braces are plain text.
    fn repeat(&mut self) -> Result<Option<Repeat>, Syntax> {
        for (sign, min, max) in [("*", 0, None), ("+", 1, None), ("?", 0, Some(1))] {
            if self.take(sign) {
                return Ok(Some(Repeat { min, max, text: sign.to_owned() }));
            }
        }
        let Some(inside) =
            self.rest().strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(inside, _)| inside)
        else {
            return Ok(None);
        };
        let (min, max) = match inside.split_once(',') {
            Some((min, "")) => (count(min), Some(None)),
            Some((min, max)) => (count(min), count(max).map(Some)),
            None => (count(inside), count(inside).map(Some)),
        };
        let (Some(min), Some(max)) = (min, max) else { return Ok(None) };
        let text = format!("{{{inside}}}");
        if min > MAX_REPEAT || max.is_some_and(|max| max > MAX_REPEAT || max < min) {
            return Err(format!("invalid repeat count `{text}`"));
        }
        self.skip(text.len());
        Ok(Some(Repeat { min, max, text }))
    }

    fn apply(&mut self, repeat: &Repeat, repeated: bool, flags: Flags, pieces: &mut [Piece]) -> Result<(), Syntax> {
        let lazy = self.take("?") != flags.ungreedy;
        if repeated {
            return Err(format!("invalid nested repetition operator `{}`", repeat.text));
        }
        let Some(last) = pieces.last_mut() else {
            return Err(format!("missing argument to repetition operator `{}`", repeat.text));
        };
        if repeat.text.starts_with('{') && (repeat.min >= 2 || repeat.max.is_some_and(|max| max >= 2)) {
            last.weight = last.weight.saturating_mul(repeat.max.unwrap_or(repeat.min).max(1));
            if last.weight > MAX_REPEAT {
                return Err(format!("invalid repeat count `{}`", repeat.text));
            }
        }
        last.pattern = format!("(?:{}){}{}", last.pattern, repeat.text, if lazy { "?" } else { "" });
        Ok(())
    }
}

/// A count without leading zeros; one that is far too large is still a count.
fn count(digits: &str) -> Option<u64> {
    let is_count = !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == 1 || !digits.starts_with('0'));
    is_count.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn append(pattern: &mut String, pieces: &mut Vec<Piece>) -> u64 {
    pieces.drain(..).map(|piece| (pattern.push_str(&piece.pattern), piece.weight).1).max().unwrap_or(1)
}

fn piece(pattern: impl Into<String>) -> Piece {
    Piece { pattern: pattern.into(), weight: 1 }
}

fn folded(pattern: String, flags: Flags) -> Piece {
    piece(if flags.fold_case { format!("(?i:{pattern})") } else { pattern })
}

fn literal(c: char, flags: Flags) -> Piece {
    folded(regex::escape(c.encode_utf8(&mut [0; 4])), flags)
}
