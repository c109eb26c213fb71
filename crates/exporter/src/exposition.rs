//! Metric families as values, and as the [text format
//! 0.0.4](https://prometheus.io/docs/instrumenting/exposition_formats/).
//!
//! Each scrape makes new families, so no series of a removed thing can remain.

use std::borrow::Cow;
use std::fmt::Write;

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Only grows, or restarts at zero.
    Counter,
    /// Goes up and down.
    Gauge,
    /// The source does not say.
    Untyped,
}

/// A label's name and value. A value may be any text.
pub type Label = (Cow<'static, str>, String);

/// One value under its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// In the order in which they are written. The names must differ.
    pub labels: Vec<Label>,
    /// `NaN` and the infinities are written as Prometheus spells them.
    pub value: f64,
}

/// All samples of one metric name.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The metric's name: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    pub name: Cow<'static, str>,
    /// One sentence.
    pub help: Cow<'static, str>,
    /// What the values mean.
    pub kind: Kind,
    /// Each under other labels.
    pub samples: Vec<Sample>,
}

impl Family {
    /// A family without samples. Such a family is not written.
    pub fn new(name: impl Into<Cow<'static, str>>, help: impl Into<Cow<'static, str>>, kind: Kind) -> Self {
        Family { name: name.into(), help: help.into(), kind, samples: Vec::new() }
    }

    /// Adds a value.
    pub fn add(&mut self, labels: Vec<Label>, value: f64) {
        self.samples.push(Sample { labels, value });
    }
}

/// Writes families in text format 0.0.4. No two may have the same name.
pub fn write(families: &[Family]) -> String {
    let mut text = String::with_capacity(families.iter().map(|family| 128 + family.samples.len() * 128).sum());
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Untyped => "untyped",
        };
        text.push_str("# HELP ");
        text.push_str(&family.name);
        text.push(' ');
        escape(&mut text, &family.help, false);
        text.push_str("\n# TYPE ");
        text.push_str(&family.name);
        text.push(' ');
        text.push_str(kind);
        text.push('\n');
        for sample in &family.samples {
            write_sample(&mut text, &family.name, sample);
        }
    }
    text
}

fn write_sample(text: &mut String, name: &str, sample: &Sample) {
    text.push_str(name);
    for (at, (label, value)) in sample.labels.iter().enumerate() {
        text.push(if at == 0 { '{' } else { ',' });
        text.push_str(label);
        text.push_str("=\"");
        escape(text, value, true);
        text.push('"');
    }
    if !sample.labels.is_empty() {
        text.push('}');
    }
    text.push(' ');
    let written = match sample.value {
        value if value.is_nan() => text.write_str("NaN"),
        f64::INFINITY => text.write_str("+Inf"),
        f64::NEG_INFINITY => text.write_str("-Inf"),
        value => write!(text, "{value}"),
    };
    written.expect("a String takes all that is written");
    text.push('\n');
}

/// Escapes the backslash and the line break, and in a label value the double quote.
fn escape(text: &mut String, value: &str, quoted: bool) {
    if !value.bytes().any(|byte| matches!(byte, b'\\' | b'\n' | b'"')) {
        text.push_str(value);
        return;
    }
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '"' if quoted => text.push_str("\\\""),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_help_are_escaped_and_empty_families_left_out() {
        let mut family = Family::new("a_total", "One\nline \\ \"quoted\".", Kind::Counter);
        family.add(vec![("name".into(), "a\"b\\c\nd".to_owned())], 1.5);
        family.add(Vec::new(), f64::NAN);
        let empty = Family::new("b", "None.", Kind::Gauge);
        assert_eq!(
            write(&[family, empty]),
            "# HELP a_total One\\nline \\\\ \"quoted\".\n# TYPE a_total counter\na_total{name=\"a\\\"b\\\\c\\nd\"} 1.5\n\
             a_total NaN\n"
        );
    }
}
