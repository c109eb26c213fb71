//! The part of [PromQL](https://prometheus.io/docs/prometheus/latest/querying/basics/) that is needed to find what an
//! expression selects: words, strings and braces. Prometheus decides whether an expression is valid.

/// Functions whose arguments may follow a `by` or `without` clause.
const AGGREGATIONS: [&str; 14] = [
    "sum",
    "min",
    "max",
    "avg",
    "group",
    "stddev",
    "stdvar",
    "count",
    "count_values",
    "bottomk",
    "topk",
    "quantile",
    "limitk",
    "limit_ratio",
];
/// Words before a list of labels.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Other words that are not metrics.
const WORDS: [&str; 8] = ["and", "or", "unless", "atan2", "bool", "offset", "inf", "nan"];

/// A metric's name and the conditions on its labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selector {
    /// `None` if the selector is only braces.
    pub(super) metric: Option<String>,
    pub(super) matchers: Vec<Matcher>,
}

/// A condition on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Matcher {
    pub(super) label: String,
    /// `=`, `!=`, `=~` or `!~`.
    pub(super) operator: String,
    /// With its quotes, as written.
    pub(super) value: String,
}

impl Matcher {
    /// Whether a series without the label satisfies it, as far as that is known without evaluating a regular expression.
    pub(super) fn takes_absence(&self) -> bool {
        let value = self.value.trim_matches(['"', '\'', '`']);
        match self.operator.as_str() {
            "=" => value.is_empty(),
            "=~" => value.is_empty() || value == ".*" || value.starts_with('|') || value.ends_with('|'),
            "!=" | "!~" => !value.is_empty(),
            _ => true,
        }
    }
}

impl std::fmt::Display for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}{}", self.label, self.operator, self.value)
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.metric.as_deref().unwrap_or_default())?;
        if self.matchers.is_empty() && self.metric.is_some() {
            return Ok(());
        }
        let matchers: Vec<String> = self.matchers.iter().map(Matcher::to_string).collect();
        write!(f, "{{{}}}", matchers.join(","))
    }
}

/// A piece of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    /// With its quotes.
    Text(&'a str),
    Sign(&'a str),
    /// Blanks, comments, numbers and durations.
    Other(&'a str),
}

impl<'a> Token<'a> {
    pub(super) fn text(self) -> &'a str {
        match self {
            Token::Word(text) | Token::Text(text) | Token::Sign(text) | Token::Other(text) => text,
        }
    }
}

/// The pieces of an expression. Nothing is left out.
pub(super) fn tokens<'a>(expression: &'a str) -> Vec<Token<'a>> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let until = |found: Option<usize>| found.unwrap_or(rest.len());
        let (end, kind): (usize, fn(&'a str) -> Token<'a>) = match first {
            '"' | '\'' | '`' => (string_end(rest, first), Token::Text),
            '#' => (until(rest.find('\n')), Token::Other),
            c if c.is_whitespace() => (until(rest.find(|c: char| !c.is_whitespace())), Token::Other),
            c if c.is_ascii_digit() || c == '.' => {
                (until(rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.')), Token::Other)
            }
            // In the range of a subquery: `[5m:1m]`.
            ':' => (1, Token::Other),
            c if is_word(c) => (until(rest.find(|c: char| !is_word(c))), Token::Word),
            sign => (sign.len_utf8(), Token::Sign),
        };
        tokens.push(kind(&rest[..end]));
        rest = &rest[end..];
    }
    tokens
}

fn string_end(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// What an expression selects, each once, in its order.
pub(super) fn selectors(expression: &str) -> Vec<Selector> {
    let all = tokens(expression);
    let tokens: Vec<Token<'_>> = all.into_iter().filter(|token| !matches!(token, Token::Other(_))).collect();
    let mut found: Vec<Selector> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let selector = match token {
            Token::Word(word) if BEFORE_LABELS.contains(&word.to_ascii_lowercase().as_str()) => {
                if tokens.get(at) == Some(&Token::Sign("(")) {
                    at += tokens[at..].iter().position(|token| *token == Token::Sign(")")).unwrap_or(0);
                }
                continue;
            }
            Token::Word(word) if is_metric(word, tokens.get(at)) => {
                let mut selector = Selector { metric: Some((*word).to_owned()), ..Selector::default() };
                if tokens.get(at) == Some(&Token::Sign("{")) {
                    at += 1;
                    at += matchers(&tokens[at..], &mut selector);
                }
                selector
            }
            Token::Sign("{") => {
                let mut selector = Selector::default();
                at += matchers(&tokens[at..], &mut selector);
                selector
            }
            _ => continue,
        };
        if !found.contains(&selector) {
            found.push(selector);
        }
    }
    found
}

fn is_metric(word: &str, next: Option<&Token<'_>>) -> bool {
    let lower = word.to_ascii_lowercase();
    next != Some(&Token::Sign("(")) && !WORDS.contains(&lower.as_str()) && !AGGREGATIONS.contains(&lower.as_str())
}

/// Reads the inside of braces. Returns also the number of tokens, including the closing brace.
fn matchers(tokens: &[Token<'_>], selector: &mut Selector) -> usize {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let label = match token {
            Token::Sign("}") => break,
            Token::Word(label) | Token::Text(label) => label.trim_matches(['"', '\'', '`']),
            _ => continue,
        };
        let signs: String = tokens[at..]
            .iter()
            .map_while(|token| match token {
                Token::Sign(sign @ ("=" | "!" | "~")) => Some(*sign),
                _ => None,
            })
            .collect();
        // Each is one character.
        at += signs.len();
        match tokens.get(at) {
            Some(Token::Text(value)) if ["=", "!=", "=~", "!~"].contains(&signs.as_str()) => {
                at += 1;
                if label == "__name__" && signs == "=" {
                    selector.metric = Some(value.trim_matches(['"', '\'', '`']).to_owned());
                } else {
                    let (label, value) = (label.to_owned(), (*value).to_owned());
                    selector.matchers.push(Matcher { label, operator: signs, value });
                }
            }
            // Names may be quoted since Prometheus 3.
            _ if signs.is_empty() && matches!(token, Token::Text(_)) => selector.metric = Some(label.to_owned()),
            _ => {}
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(expression: &str) -> Vec<String> {
        selectors(expression).iter().map(Selector::to_string).collect()
    }

    #[test]
    fn metrics_are_told_from_functions_words_and_labels() {
        let quantile =
            "histogram_quantile(0.95, sum by (le, job) (rate(http_bucket{job=~\"a|b\", x!='y'}[5m:1m] offset 1h)))";
        assert_eq!(found(quantile), ["http_bucket{job=~\"a|b\",x!='y'}"]);
        let division = "sum(a) without (b) / on (c, d) group_left (e) avg (f) > bool 1e3 and g unless inf # h";
        assert_eq!(found(division), ["a", "f", "g"]);
        assert_eq!(found("time() - node:boot_time @ start() or vector(0)"), ["node:boot_time"]);
        assert_eq!(found("sum by (x) (up) + SUM BY (y) (up)"), ["up"]);
    }

    #[test]
    fn braces_may_stand_alone_or_name_the_metric() {
        assert_eq!(found("{job=\"a\"}"), ["{job=\"a\"}"]);
        assert_eq!(found("{__name__=\"up\", job=\"a\"}"), ["up{job=\"a\"}"]);
        assert_eq!(found("{\"up\", job=`}`}"), ["up{job=`}`}"]);
        assert_eq!(found("a{b=\"c\\\"{d}\"} + e{}"), ["a{b=\"c\\\"{d}\"}", "e"]);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "([a-z]{1,4}|[{}()\\[\\]\"'`=~!,:.#$\\\\ ]|[0-9]|\\PC){0,40}") {
            let whole: String = tokens(&text).into_iter().map(Token::text).collect();
            prop_assert_eq!(&whole, &text);
            let _ = selectors(&text);
        }
    }
}
