//! Commands that are one text.

/// Splits a command into words like a shell, without expanding anything.
///
/// Returns the words and what follows an unquoted `;`, `&`, `|`, `<` or `>`, which is not part of the command. `None`:
/// a quote or bracket is not closed.
pub(crate) fn words(text: &str) -> Option<(Vec<String>, Option<&str>)> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    // The bracket or quote that ends the quoted part, if inside one.
    let mut until: Option<char> = None;
    let mut chars = text.char_indices();
    while let Some((index, c)) = chars.next() {
        match (c, until) {
            ('\\', quote) if quote != Some('\'') => {
                let c = match chars.next()?.1 {
                    't' => '\t',
                    'n' => '\n',
                    c => c,
                };
                word.get_or_insert_default().push(c);
            }
            ('\'' | '"', None) => {
                word.get_or_insert_default();
                until = Some(c);
            }
            ('\'' | '"', Some(quote)) if c == quote => until = None,
            ('`' | ')', Some(quote)) if c == quote => {
                word.get_or_insert_default().push(c);
                until = None;
            }
            ('`', None) => {
                word.get_or_insert_default().push(c);
                until = Some(c);
            }
            ('(', None) => {
                let word = word.as_mut().filter(|word| word.ends_with('$'))?;
                word.push(c);
                until = Some(')');
            }
            (';' | '&' | '|' | '<' | '>', None) => {
                // The number before `>` is a file descriptor of the shell and not a word.
                if c == '>' && word.as_ref().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
                    word = None;
                }
                words.extend(word);
                return Some((words, text.get(index..)));
            }
            (' ' | '\t' | '\r' | '\n', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if until.is_some() {
        return None;
    }
    words.extend(word);
    Some((words, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        words(text).expect("the words are well formed").0
    }

    #[test]
    fn commands_split_like_in_a_shell() {
        assert_eq!(split("bundle exec  thin -p 3000"), ["bundle", "exec", "thin", "-p", "3000"]);
        assert_eq!(split(r#"sh -c "echo 'a b' \"c\"""#), ["sh", "-c", "echo 'a b' \"c\""]);
        assert_eq!(split("a '' b"), ["a", "", "b"]);
        assert_eq!(split("echo $(date +%s) `x y`"), ["echo", "$(date +%s)", "`x y`"]);
        assert!(words("echo 'open").is_none());
        assert!(words("echo (open)").is_none());
    }

    #[test]
    fn a_command_ends_where_a_shell_would_begin_another() {
        assert_eq!(words("a b && c"), Some((vec!["a".to_owned(), "b".to_owned()], Some("&& c"))));
        assert_eq!(words("a 2>&1"), Some((vec!["a".to_owned()], Some(">&1"))));
    }
}
