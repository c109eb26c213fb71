//! The vocabulary that the specification's tables ([`crate::spec::file`]) are written in.
//!
//! A schema says at once what a value may look like, what its short form means, how two files' values
//! merge, and what makes an entry of a list the same as another.

use wharf_yaml::Node;

/// Writes a short form out; the error says what was expected.
pub(crate) type Expand = fn(&Node, &str) -> Result<Vec<Node>, String>;

/// What makes two entries of a list the same.
#[derive(Clone, Copy)]
pub(crate) enum Unique {
    /// Entries may repeat.
    No,
    /// Of entries with the same key, the last one counts, at the first one's position.
    By(fn(&Node) -> Option<String>),
    /// Repeating is an error.
    Refused,
}

/// What a key without a value means in a dictionary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoValue {
    /// The empty text.
    Empty,
    /// Nothing: the value is the environment's.
    Kept,
    /// An error in a list; the empty text in a map.
    Refused,
}

/// How values of several files become one, where that is not plain from the schema.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The later value, as a whole.
    Replace,
    /// Merged if both name the same driver or one names none; the later value otherwise.
    SameDriver,
    /// Entries with the same subnet are merged.
    BySubnet,
}

/// What a value looks like.
#[derive(Clone, Copy)]
pub(crate) enum Schema {
    /// Anything (`x-*`).
    Any,
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Text that the function accepts; the words say what that is.
    Form(fn(&str) -> bool, &'static str),
    Bool,
    /// An integer between two bounds.
    Int(i64, i64),
    Number,
    /// A percentage: an integer, or in quotes any number.
    Percent,
    /// An integer that is not in quotes.
    BareInt,
    /// A number of which the fraction does not count.
    Whole,
    /// A size, as number or text.
    Bytes,
    /// A size, as text only.
    BytesText,
    Duration,
    /// A file mode.
    Mode,
    /// `all` or an integer.
    Count,
    /// Text, a number, a boolean or nothing; becomes text.
    Loose,
    /// Text, a number or a boolean; becomes text.
    LooseValue,
    /// Text or a number; becomes text.
    TextOrNumber,
    /// Text or a number that the function accepts; the words say what that is. Becomes text.
    FormOrNumber(fn(&str) -> bool, &'static str),
    /// A command: a list of words, text that is split like a shell does, or nothing.
    Words,
    /// Known keys.
    Map(&'static [Field]),
    /// Keys that name resources: letters, digits, `.`, `_`, `-`.
    Names(&'static Schema),
    /// Any keys.
    Free(&'static Schema),
    /// `KEY=value` entries, or a map with any keys and scalar values.
    Dict(NoValue),
    /// `host=address` entries, or a map.
    Hosts,
    List(&'static Schema, Unique),
    /// One text, or a list.
    OneOrMore(&'static Schema, Unique),
    /// Text that stands for a longer form.
    Short(Expand, &'static Schema),
    /// Text or a number that stands for a longer form.
    ShortNumber(Expand, &'static Schema),
    /// A scalar of the first schema, or the second schema.
    ScalarOr(&'static Schema, &'static Schema),
    /// A list of names that stands for a map.
    Keyed(fn(&Node) -> Node, &'static Schema),
    OrNull(&'static Schema),
    Merged(Rule, &'static Schema),
}

/// A known key of a map.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) schema: Schema,
    pub(crate) required: bool,
    /// The key with a value, where the schema alone shows no good one.
    pub(crate) example: Option<&'static str>,
}

pub(crate) const fn field(name: &'static str, schema: Schema) -> Field {
    Field { name, schema, required: false, example: None }
}

impl Field {
    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(crate) const fn example(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }

    /// The key with a value, as one would write it.
    pub(crate) fn show(&self) -> String {
        match self.example {
            Some(example) => example.to_owned(),
            None => format!("{}: {}", self.name, self.schema.example()),
        }
    }
}

pub(crate) const TEXT: Schema = Schema::Text;
pub(crate) const BOOL: Schema = Schema::Bool;
pub(crate) const DICT: Schema = Schema::Dict(NoValue::Empty);
/// Variables: a key without a value takes it from the environment.
pub(crate) const VARIABLES: Schema = Schema::Dict(NoValue::Kept);
pub(crate) const BARE_INT: Schema = Schema::BareInt;
pub(crate) const INT: Schema = Schema::Int(i64::MIN, i64::MAX);
/// A count: an integer from 0 up.
pub(crate) const UINT: Schema = Schema::Int(0, i64::MAX);
/// A number of things that are made one by one.
pub(crate) const COUNT: Schema = Schema::Int(0, u32::MAX as i64);
/// A list of texts, without repeats.
pub(crate) const TEXTS: Schema = Schema::List(&TEXT, Unique::Refused);
/// A list of texts; the last one of those with the same key counts.
pub(crate) const KEYED_TEXTS: Schema = Schema::List(&TEXT, Unique::By(before_equals));
/// One text or a list, without repeats.
pub(crate) const ONE_OR_MORE: Schema = Schema::OneOrMore(&TEXT, Unique::Refused);
/// Options that are passed on as text.
pub(crate) const OPTIONS: Schema = Schema::Free(&Schema::TextOrNumber);

/// The part of a text before `=`.
pub(crate) fn before_equals(node: &Node) -> Option<String> {
    let text = node.as_text()?;
    Some(text.split_once('=').map_or(text, |(key, _)| key).to_owned())
}

impl Schema {
    /// What the value should have been, as in "must be ...".
    pub(crate) fn expected(&self) -> String {
        match self {
            Schema::Any => "anything".to_owned(),
            Schema::Text => "text".to_owned(),
            Schema::Word(words) => format!("one of {}", quoted(words)),
            Schema::Form(_, what) | Schema::FormOrNumber(_, what) => (*what).to_owned(),
            Schema::Bool => "true or false".to_owned(),
            Schema::Int(i64::MIN, i64::MAX) => "an integer".to_owned(),
            Schema::Int(low, i64::MAX) => format!("an integer from {low} up"),
            Schema::Int(low, high) => format!("an integer from {low} to {high}"),
            Schema::Number | Schema::Whole => "a number".to_owned(),
            Schema::Percent => "an integer from 0 to 100".to_owned(),
            Schema::BareInt => "an integer without quotes".to_owned(),
            Schema::Bytes => "a size in bytes".to_owned(),
            Schema::BytesText => "a size as text".to_owned(),
            Schema::Duration => "a duration with its unit".to_owned(),
            Schema::Mode => "a file mode".to_owned(),
            Schema::Count => "`all` or an integer".to_owned(),
            Schema::Loose | Schema::LooseValue => "text, a number or a boolean".to_owned(),
            Schema::TextOrNumber => "text or a number".to_owned(),
            Schema::Words => "text or a list of words".to_owned(),
            Schema::Map(_) | Schema::Names(_) | Schema::Free(_) => "a mapping".to_owned(),
            Schema::Dict(_) | Schema::Hosts => "a mapping, or a list of `key=value`".to_owned(),
            Schema::List(..) => "a list".to_owned(),
            Schema::OneOrMore(..) => "text or a list".to_owned(),
            Schema::Short(_, long) => format!("text or {}", long.expected()),
            Schema::ShortNumber(_, long) => format!("text, a number or {}", long.expected()),
            Schema::ScalarOr(scalar, other) => format!("{} or {}", scalar.expected(), other.expected()),
            Schema::Keyed(_, long) => format!("a list of names or {}", long.expected()),
            Schema::OrNull(schema) | Schema::Merged(_, schema) => schema.expected(),
        }
    }

    /// A value, as one would write it.
    fn example(&self) -> String {
        match self {
            Schema::Any | Schema::Text | Schema::Form(..) | Schema::Loose | Schema::LooseValue => {
                "some-text".to_owned()
            }
            Schema::Word(words) => words.first().copied().unwrap_or_default().to_owned(),
            Schema::Bool => "true".to_owned(),
            Schema::Int(low, high) => 2.clamp(*low, *high).to_string(),
            Schema::Number => "0.5".to_owned(),
            Schema::Percent | Schema::BareInt => "50".to_owned(),
            Schema::Whole => "1000".to_owned(),
            Schema::Bytes | Schema::BytesText => "512m".to_owned(),
            Schema::Duration => "30s".to_owned(),
            Schema::Mode => "\"0440\"".to_owned(),
            Schema::Count => "all".to_owned(),
            Schema::TextOrNumber | Schema::FormOrNumber(..) => "\"8080\"".to_owned(),
            Schema::Words => "[\"program\", \"--flag\"]".to_owned(),
            Schema::Map(fields) => {
                let field = fields.iter().find(|field| field.required).or(fields.first());
                format!("{{ {} }}", field.map(Field::show).unwrap_or_default())
            }
            Schema::Names(schema) => format!("{{ name: {} }}", schema.example()),
            Schema::Free(schema) => format!("{{ key: {} }}", schema.example()),
            Schema::Dict(_) => "{ KEY: value }".to_owned(),
            Schema::Hosts => "[\"host=192.0.2.1\"]".to_owned(),
            Schema::List(schema, _) => format!("[{}]", schema.example()),
            Schema::OneOrMore(schema, _) => schema.example(),
            Schema::Short(..) | Schema::ShortNumber(..) => "some-text".to_owned(),
            Schema::ScalarOr(scalar, _) => scalar.example(),
            Schema::Keyed(..) => "[name]".to_owned(),
            Schema::OrNull(schema) | Schema::Merged(_, schema) => schema.example(),
        }
    }
}

/// `` `a`, `b` or `c` ``.
pub(crate) fn quoted(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
