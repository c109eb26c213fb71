//! The small part of Go's templates that `--format` is used for: `{{.Name}}`, `{{json .}}`, `{{.Label "key"}}`, `{{upper .State}}`.

use serde_json::{Map, Value};

/// How a list is printed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Format {
    /// In columns of our choice.
    Table,
    /// An object a line.
    Json,
    /// A text for each row; with a head if it is a table.
    Template { parts: Vec<Part>, table: bool },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Field { name: String, function: Option<Function> },
    Label(String),
    Whole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Json,
    Upper,
    Lower,
    Title,
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" | "table" => return Ok(Format::Table),
            "json" => return Ok(Format::Json),
            _ => {}
        }
        let (template, table) = match text.strip_prefix("table ") {
            Some(rest) => (rest.trim_start(), true),
            None => (text, false),
        };
        let unescaped = template.replace("\\t", "\t").replace("\\n", "\n");
        let mut parts = Vec::new();
        let mut rest = unescaped.as_str();
        while let Some((before, action)) = rest.split_once("{{") {
            let (action, after) = action.split_once("}}").ok_or("a `{{` is not closed by `}}`")?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(part(action.trim())?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Format::Template { parts, table })
    }
}

fn part(action: &str) -> Result<Part, String> {
    let unknown = || {
        format!(
            "`{{{{{action}}}}}` is not understood: use {{{{.Field}}}}, {{{{json .}}}}, {{{{.Label \"key\"}}}}, or one of json, \
             upper, lower, title before a field"
        )
    };
    if let Some(key) = action.strip_prefix(".Label ") {
        let key = key.trim().trim_matches(['"', '`']);
        return Ok(Part::Label(key.to_owned()));
    }
    let (function, operand) = match action.split_once(' ') {
        Some(("json", operand)) => (Some(Function::Json), operand),
        Some(("upper", operand)) => (Some(Function::Upper), operand),
        Some(("lower", operand)) => (Some(Function::Lower), operand),
        Some(("title", operand)) => (Some(Function::Title), operand),
        Some(_) => return Err(unknown()),
        None => (None, action),
    };
    match (operand.trim(), function) {
        (".", Some(Function::Json)) => Ok(Part::Whole),
        (field, _) => {
            let name = field.strip_prefix('.').filter(|name| !name.is_empty()).ok_or_else(unknown)?;
            match name.chars().all(|character| character.is_ascii_alphanumeric()) {
                true => Ok(Part::Field { name: name.to_owned(), function }),
                false => Err(unknown()),
            }
        }
    }
}

/// Writes rows by a template. `known` are the fields that there are.
pub(crate) fn render(
    parts: &[Part],
    table: bool,
    rows: &[Map<String, Value>],
    known: &[&str],
) -> anyhow::Result<String> {
    for part in parts {
        if let Part::Field { name, .. } = part
            && !known.contains(&name.as_str())
        {
            anyhow::bail!("there is no field {name}; there are: {}", known.join(", "));
        }
    }
    let lines: Vec<String> = rows.iter().map(|row| parts.iter().map(|part| shown(part, row)).collect()).collect();
    if !table {
        return Ok(lines.iter().map(|line| format!("{line}\n")).collect());
    }
    let head: String = parts.iter().map(heading).collect();
    let rows: Vec<Vec<String>> =
        std::iter::once(&head).chain(&lines).map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    Ok(crate::screen::columns::aligned(&rows))
}

fn shown(part: &Part, row: &Map<String, Value>) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Whole => Value::Object(row.clone()).to_string(),
        Part::Label(key) => {
            let labels = row.get("Labels").and_then(Value::as_str).unwrap_or_default();
            let found = labels.split(',').filter_map(|label| label.split_once('=')).find(|(name, _)| name == key);
            found.map(|(_, value)| value.to_owned()).unwrap_or_default()
        }
        Part::Field { name, function } => {
            let value = row.get(name).unwrap_or(&Value::Null);
            let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match function {
                Some(Function::Json) => value.to_string(),
                Some(Function::Upper) => text().to_uppercase(),
                Some(Function::Lower) => text().to_lowercase(),
                Some(Function::Title) => {
                    let text = text();
                    let mut rest = text.chars();
                    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
                }
                None => text(),
            }
        }
    }
}

/// `RunningFor` heads its column as `RUNNING FOR`.
fn heading(part: &Part) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Whole => String::new(),
        Part::Label(key) => key.rsplit('.').next().unwrap_or(key).to_owned(),
        Part::Field { name, .. } => {
            let mut head = String::new();
            let mut before = '_';
            for character in name.chars() {
                if character.is_uppercase() && before.is_lowercase() {
                    head.push(' ');
                }
                head.extend(character.to_uppercase());
                before = character;
            }
            head
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(template: &str) -> String {
        let Format::Template { parts, table } = template.parse().unwrap() else { panic!("{template}") };
        let row =
            serde_json::json!({ "Name": "web-1", "State": "running", "RunningFor": "1 hour", "Labels": "a.b=c,d=e" });
        let Value::Object(row) = row else { unreachable!() };
        let known: Vec<&str> = row.keys().map(String::as_str).collect();
        render(&parts, table, std::slice::from_ref(&row), &known).unwrap()
    }

    #[test]
    fn fields_labels_and_functions_are_put_in() {
        assert_eq!(rendered("{{.Name}}: {{upper .State}}"), "web-1: RUNNING\n");
        assert_eq!(rendered(r#"{{.Label "a.b"}}{{json .Name}}"#), "c\"web-1\"\n");
        assert_eq!(rendered("{{ title .State }}\\t{{lower .Name}}"), "Running\tweb-1\n");
        assert!(rendered("{{json .}}").starts_with('{'));
    }

    #[test]
    fn a_table_has_a_head() {
        assert_eq!(rendered("table {{.Name}}\\t{{.RunningFor}}"), "NAME    RUNNING FOR\nweb-1   1 hour\n");
    }

    #[test]
    fn what_is_not_understood_is_said() {
        assert_eq!("table".parse(), Ok(Format::Table));
        assert_eq!("json".parse(), Ok(Format::Json));
        for wrong in ["{{.Name", "{{range .}}", "{{Name}}", "{{.}}"] {
            assert!(wrong.parse::<Format>().is_err(), "{wrong}");
        }
        let Ok(Format::Template { parts, table }) = "{{.Nmae}}".parse() else { panic!() };
        assert!(render(&parts, table, &[], &["Name"]).is_err());
    }
}
