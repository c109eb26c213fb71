//! Character classes: `[a-z]`, `\d`, `\p{Greek}`, `[[:alpha:]]`.

use super::translate::{Parser, Syntax};

/// A Perl class as the inside of brackets: ASCII only, and `\s` has no vertical tab.
fn perl(c: char) -> Option<&'static str> {
    Some(match c {
        'd' | 'D' => "0-9",
        's' | 'S' => r"\t\n\f\r ",
        'w' | 'W' => "0-9A-Za-z_",
        _ => return None,
    })
}

fn posix(name: &str) -> Option<&'static str> {
    Some(match name {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "ascii" => r"\x00-\x7F",
        "blank" => r"\t ",
        "cntrl" => r"\x00-\x1F\x7F",
        "digit" => "0-9",
        "graph" => r"!-\~",
        "lower" => "a-z",
        "print" => r" -\~",
        "punct" => r"!-/:-@\[-`\{-\~",
        "space" => r"\t\n\x0B\f\r ",
        "upper" => "A-Z",
        "word" => "0-9A-Za-z_",
        "xdigit" => "0-9A-Fa-f",
        _ => return None,
    })
}

/// The general categories that Go knows, and the scripts by the form of their names.
fn unicode(name: &str) -> Option<String> {
    const CATEGORIES: &str =
        " L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs Cc Cf Co ";
    match name {
        "Any" => Some(r"[\x{0}-\x{10FFFF}]".to_owned()),
        "C" => Some(r"[\p{Cc}\p{Cf}\p{Co}]".to_owned()),
        "Cs" => Some("[a&&b]".to_owned()),
        name if name.len() <= 2 => CATEGORIES.contains(&format!(" {name} ")).then(|| format!(r"\p{{gc={name}}}")),
        name => {
            let is_script = name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
            is_script.then(|| format!(r"\p{{sc={name}}}"))
        }
    }
}

fn wrap(negated: bool, inside: &str) -> String {
    format!("[{}{inside}]", if negated { "^" } else { "" })
}

impl Parser<'_> {
    /// `\d` and its like, `\pL`, `\p{Greek}`, if they are next.
    pub(super) fn shorthand(&mut self) -> Result<Option<String>, Syntax> {
        let mut ahead = self.rest().chars();
        if ahead.next() != Some('\\') {
            return Ok(None);
        }
        let Some(c) = ahead.next() else { return Ok(None) };
        if let Some(inside) = perl(c) {
            self.skip(2);
            return Ok(Some(wrap(c.is_ascii_uppercase(), inside)));
        }
        if c != 'p' && c != 'P' {
            return Ok(None);
        }
        self.skip(2);
        let name = match self.next() {
            None => return Err("invalid character class range".to_owned()),
            Some('{') => {
                let (name, _) = self.rest().split_once('}').ok_or("invalid character class range")?;
                let name = name.to_owned();
                self.skip(name.len() + 1);
                name
            }
            Some(c) => c.to_string(),
        };
        let (negated, name) = match name.strip_prefix('^') {
            Some(name) => (c == 'p', name),
            None => (c == 'P', name.as_str()),
        };
        let inside = unicode(name).ok_or_else(|| format!("invalid character class range `{name}`"))?;
        Ok(Some(wrap(negated, &inside)))
    }

    /// A class in brackets, which are next.
    pub(super) fn brackets(&mut self) -> Result<String, Syntax> {
        self.skip(1);
        let negated = self.take("^");
        let (mut inside, mut first) = (String::new(), true);
        loop {
            if !first && self.take("]") {
                return Ok(wrap(negated, &inside));
            }
            first = false;
            if self.rest().is_empty() {
                return Err("missing closing ]".to_owned());
            }
            if let Some(class) = self.posix()? {
                inside.push_str(&class);
            } else if let Some(class) = self.shorthand()? {
                inside.push_str(&class);
            } else {
                self.range(&mut inside)?;
            }
        }
    }

    /// `[:alpha:]` or `[:^alpha:]`.
    fn posix(&mut self) -> Result<Option<String>, Syntax> {
        let Some(after) = self.rest().strip_prefix("[:") else { return Ok(None) };
        let Some((name, _)) = after.split_once(":]") else { return Ok(None) };
        let (negated, bare) = name.strip_prefix('^').map_or((false, name), |bare| (true, bare));
        let inside = posix(bare).ok_or_else(|| format!("invalid character class range `[:{name}:]`"))?;
        self.skip(name.len() + 4);
        Ok(Some(wrap(negated, inside)))
    }

    /// One character, or two with a dash between.
    fn range(&mut self, inside: &mut String) -> Result<(), Syntax> {
        let low = self.class_char()?;
        let mut ahead = self.rest().chars();
        let high = if ahead.next() == Some('-') && !matches!(ahead.next(), None | Some(']')) {
            self.skip(1);
            self.class_char()?
        } else {
            low
        };
        if high < low {
            return Err("invalid character class range".to_owned());
        }
        inside.push_str(&format!(r"\x{{{:X}}}-\x{{{:X}}}", u32::from(low), u32::from(high)));
        Ok(())
    }

    fn class_char(&mut self) -> Result<char, Syntax> {
        if self.rest().starts_with('\\') {
            return self.escape();
        }
        self.next().ok_or_else(|| "missing closing ]".to_owned())
    }
}
