//! Text that is not YAML, in words for its author.

/// What is wrong with text that is not YAML, in words for its author, and what to do. `parser` is the parser's own
/// message, `line` the line it points at, from its column on as `rest`.
pub(crate) fn explain(parser: &str, line: &str, rest: &str) -> (String, Option<String>) {
    let said = |message: &str| format!("this is not YAML: {message}");
    if line.trim_start_matches(' ').starts_with('\t') {
        let help = "YAML indents with spaces: replace each tab by two of them";
        return (said("the line is indented with a tab"), Some(help.to_owned()));
    }
    if let Some(c) =
        rest.chars().next().filter(|c| parser.contains("unexpected character") && matches!(c, '@' | '`' | '%'))
    {
        return (said(&format!("text cannot begin with `{c}`")), Some("put the text in quotes".to_owned()));
    }
    if parser.contains("mapping values are not allowed") {
        let help = "is the line indented like its neighbours? Text that holds `: ` has to be in quotes";
        return (said("a key and its value cannot stand here"), Some(help.to_owned()));
    }
    if parser.contains("quoted scalar") || parser.contains("unclosed quote") {
        return (said("a quote that was opened before is not closed"), Some("close it where the text ends".to_owned()));
    }
    (said(parser), None)
}
