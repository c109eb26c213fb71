//! `--format`: a table, JSON, or a Go template with docker's functions.

use std::rc::Rc;

use serde_json::{Map, Value as Json};
use wharf_go::strings;
use wharf_go::template::{
    self, Arguments, Failed, Function, FunctionTable, Object, Template, Value, function, text, texts,
};

/// How a list is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// In columns of our choice.
    Table,
    /// An object a line.
    Json,
    /// A text for each row, by a template as it was given; with headings if it is a table.
    Template { source: String, table: bool },
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" | "table" => return Ok(Self::Table),
            "json" => return Ok(Self::Json),
            _ => {}
        }
        parse(text, ROW_FUNCTIONS)?;
        Ok(Self::Template { source: text.to_owned(), table: text.starts_with("table ") })
    }
}

fn parse(source: &str, functions: &'static [Function]) -> Result<Template, String> {
    let mut template =
        Template::parse(source, &FunctionTable::go().with(functions)).map_err(|error| error.to_string())?;
    let mut is_first = true;
    template.change_text(|text| {
        if std::mem::take(&mut is_first) && source.starts_with("table ") {
            *text = text.trim_start_matches("table").trim_start().to_owned();
        }
        *text = text.replace("\\t", "\t").replace("\\n", "\n");
    });
    Ok(template)
}

/// Writes rows by a template. `known` are the fields that there are.
pub(crate) fn render(source: &str, table: bool, rows: &[Map<String, Json>], known: &[&str]) -> anyhow::Result<String> {
    let template = parse(source, ROW_FUNCTIONS).map_err(anyhow::Error::msg)?;
    // A wrong name is a mistake even without rows.
    if let Some(name) = template.fields().into_iter().find(|name| *name != LABEL && !known.contains(name)) {
        anyhow::bail!("unknown field {name}; the fields are: {}", known.join(", "));
    }
    let mut lines = Vec::with_capacity(rows.len() + 1);
    if table {
        let headings = parse(source, HEADING_FUNCTIONS).map_err(anyhow::Error::msg)?;
        // What cannot be done with headings, as a `range`, leaves the head empty.
        lines.push(headings.execute(Value::Object(Rc::new(Headings)), 0).unwrap_or_default());
    }
    for row in rows {
        let line = template.execute(Value::Object(Rc::new(Row(row.clone()))), 0);
        lines.push(line.map_err(|error| anyhow::anyhow!("the template of --format fails: {error}"))?);
    }
    if !table {
        return Ok(lines.iter().map(|line| format!("{line}\n")).collect());
    }
    let cells: Vec<Vec<String>> = lines.iter().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    Ok(super::columns::aligned(&cells))
}

/// The method `.Label "key"`.
const LABEL: &str = "Label";

/// The functions that docker adds to Go's.
const ROW_FUNCTIONS: &[Function] = &[
    function("json", "a", |a, _| a[0].to_json().map(|json| text(&json))),
    function("split", "ss", |a, _| Ok(split(a.text(0)?, a.text(1)?))),
    function("join", "as", |a, _| {
        let items: Result<Vec<&str>, Failed> = (0..a.items(0)?.len()).map(|index| a.items(0)?.text(index)).collect();
        Ok(text(&items?.join(a.text(1)?)))
    }),
    // Numbers, too: docker's rows have only texts.
    function("title", "a", |a, _| Ok(text(&strings::title(&a[0].show())))),
    function("lower", "a", |a, _| Ok(text(&strings::lower(&a[0].show())))),
    function("upper", "a", |a, _| Ok(text(&strings::upper(&a[0].show())))),
    function("pad", "sii", |a, _| padded(a.text(0)?, a.int(1)?, a.int(2)?)),
    function("truncate", "si", |a, _| Ok(text(truncated(a.text(0)?, a.int(1)?)))),
];

/// The same for the head of a table: a heading stays as it is.
const HEADING_FUNCTIONS: &[Function] = &[
    function("json", "a", |a, _| Ok(a[0].clone())),
    function("split", "as", |a, _| Ok(a[0].clone())),
    function("join", "as", |a, _| Ok(a[0].clone())),
    function("title", "a", |a, _| Ok(a[0].clone())),
    function("lower", "a", |a, _| Ok(a[0].clone())),
    function("upper", "a", |a, _| Ok(a[0].clone())),
    function("pad", "sii", |a, _| padded(a.text(0)?, a.int(1)?, a.int(2)?)),
    function("truncate", "ai", |a, _| Ok(a[0].clone())),
];

fn split(whole: &str, separator: &str) -> Value {
    if separator.is_empty() {
        return texts(whole.chars().map(String::from));
    }
    texts(whole.split(separator))
}

/// Blanks before and behind a text; an empty one stays empty.
fn padded(inside: &str, before: i64, behind: i64) -> Result<Value, Failed> {
    let blanks = |count: i64| usize::try_from(count).ok().filter(|count| *count <= 1000).map(|count| " ".repeat(count));
    match (blanks(before), blanks(behind)) {
        (Some(before), Some(behind)) if !inside.is_empty() => Ok(text(&format!("{before}{inside}{behind}"))),
        (Some(_), Some(_)) => Ok(text("")),
        _ => Err(Failed),
    }
}

/// At most so many bytes, whole characters.
fn truncated(whole: &str, most: i64) -> &str {
    &whole[..whole.floor_char_boundary(usize::try_from(most).unwrap_or(0))]
}

/// A row, or an object inside one.
#[derive(Debug)]
struct Row(Map<String, Json>);

impl Object for Row {
    fn field(&self, name: &str) -> Option<Value> {
        self.0.get(name).map(value)
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Failed>> {
        let labels = self.0.get("Labels").filter(|_| name == LABEL)?.as_str().unwrap_or_default();
        Some(arguments.text(0).map(|key| {
            let found = labels.split(',').filter_map(|label| label.split_once('=')).find(|(name, _)| *name == key);
            text(found.map_or("", |(_, value)| value))
        }))
    }

    fn show(&self) -> String {
        self.json()
    }

    fn json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        Json::String(value) => text(value),
        Json::Array(items) => template::list(items.iter().map(value).collect()),
        Json::Object(fields) => Value::Object(Rc::new(Row(fields.clone()))),
    }
}

/// The headings of the columns.
#[derive(Debug)]
struct Headings;

impl Object for Headings {
    fn field(&self, name: &str) -> Option<Value> {
        Some(text(&heading(name)))
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Failed>> {
        (name == LABEL).then(|| arguments.text(0).map(|key| text(key.rsplit('.').next().unwrap_or(key))))
    }

    fn show(&self) -> String {
        String::new()
    }

    fn json(&self) -> String {
        String::new()
    }
}

/// `RunningFor` heads its column as `RUNNING FOR`.
fn heading(name: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Map<String, Json> {
        let row = serde_json::json!({
            "Name": "web-1",
            "State": "running",
            "ExitCode": 0,
            "RunningFor": "1 hour",
            "Labels": "a.b=c,d=e",
            "Publishers": [{ "URL": "::", "TargetPort": 80 }, { "URL": "::1", "TargetPort": 81 }],
        });
        let Json::Object(row) = row else { unreachable!() };
        row
    }

    fn try_rendered(template: &str) -> Result<String, String> {
        let Format::Template { source, table } = template.parse()? else { panic!("{template}") };
        let known: Vec<String> = row().keys().cloned().collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        render(&source, table, &[row()], &known).map_err(|error| error.to_string())
    }

    fn rendered(template: &str) -> String {
        try_rendered(template).unwrap()
    }

    #[test]
    fn fields_labels_and_functions_are_put_in() {
        assert_eq!(rendered("{{.Name}}: {{upper .State}}"), "web-1: RUNNING\n");
        assert_eq!(rendered(r#"{{.Label "a.b"}}{{json .Name}}"#), "c\"web-1\"\n");
        assert_eq!(rendered("{{ title .State }}\\t{{lower .Name}}"), "Running\tweb-1\n");
        assert!(rendered("{{json .}}").starts_with(r#"{"Name":"web-1","State":"running","ExitCode":0,"#));
        assert_eq!(rendered("{{.ExitCode}} {{json .ExitCode}}"), "0 0\n");
    }

    #[test]
    fn templates_are_gos() {
        assert_eq!(
            rendered(r#"{{range $i, $p := .Publishers}}{{if $i}}, {{end}}{{$p.URL}}->{{.TargetPort}}{{end}}"#),
            "::->80, ::1->81\n"
        );
        assert_eq!(rendered(r#"{{printf "%-8s|%03d" .Name .ExitCode}}"#), "web-1   |000\n");
        assert_eq!(rendered(r#"{{if eq .State "running"}}up{{else}}down{{end}} {{len .Publishers}}"#), "up 2\n");
        assert_eq!(rendered(r#"{{join (split .Labels ",") "\n"}}"#), "a.b=c\nd=e\n");
        assert_eq!(
            rendered(r#"[{{pad .Name 1 2}}] {{truncate .Name 3}} {{truncate .Name 30}}"#),
            "[ web-1  ] web web-1\n"
        );
    }

    #[test]
    fn a_table_has_a_head() {
        assert_eq!(rendered("table {{.Name}}\\t{{.RunningFor}}"), "NAME    RUNNING FOR\nweb-1   1 hour\n");
        assert_eq!(
            rendered(r#"table {{upper .State}}\t{{truncate .Name 3}}\t{{.Label "a.b"}}"#),
            "STATE     NAME   b\nRUNNING   web    c\n"
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!("table".parse(), Ok(Format::Table));
        assert_eq!("json".parse(), Ok(Format::Json));
        for (wrong, message) in [
            ("{{.Name", "line 1, column 1: an action is not closed with }}"),
            ("{{range .}}", "line 1, column 3: this action has no {{end}}"),
            ("table {{.Name}}\\t{{Name}}", "line 1, column 20: there is no function Name"),
            ("{{.Nmae}}", "unknown field Nmae; the fields are: Name, State, ExitCode, RunningFor, Labels, Publishers"),
            (
                "\\t{{range .Publishers}}{{.Port}}{{end}}",
                "the template of --format fails: line 1, column 26: there is no field Port in a value of type struct",
            ),
            (
                "{{truncate .ExitCode 3}}",
                "the template of --format fails: line 1, column 3: an argument must be a string, not int",
            ),
        ] {
            assert_eq!(try_rendered(wrong).unwrap_err(), message, "{wrong}");
        }
        let Ok(Format::Template { source, table }) = "{{.Nmae}}".parse() else { panic!() };
        assert!(render(&source, table, &[], &["Name"]).is_err(), "even without a row");
    }
}
