//! What goes through a pipeline.

use std::borrow::Cow;
use std::sync::Arc;

use wharf_loki::Labels;

/// A log line on its way.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Nanoseconds since 1970.
    pub timestamp: i64,
    /// The line, without its line break.
    pub line: Cow<'a, str>,
    /// What names the stream. Stages intern: entries of one stream mostly carry clones of one set, so that
    /// [`Labels::address`] or its hash finds the stream's batch.
    pub labels: Labels,
    /// Loki's structured metadata.
    pub structured_metadata: Vec<(Arc<str>, Cow<'a, str>)>,
    /// Values that stages take and give.
    pub extracted: Extracted<'a>,
    /// Where the entry was read.
    pub origin: Origin,
}

/// The input that an entry was read from. The pipeline only copies it, and joins it where it joins lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin {
    /// The caller's number for the target.
    pub target: u64,
    /// The caller's number for the first line: it must grow with each line of a target.
    pub first: u64,
    /// The caller's number for the last line.
    pub last: u64,
}

/// The map that stages share for one entry. The labels of the entry are in it from the start, without being copied.
#[derive(Debug, Clone, Default)]
pub struct Extracted<'a> {
    /// Seen where `own` has no value.
    base: Labels,
    /// `None` hides a value of `base`.
    own: Vec<(Arc<str>, Option<ExtractedValue<'a>>)>,
}

/// A value in [`Extracted`].
#[derive(Debug, Clone, PartialEq)]
pub enum ExtractedValue<'a> {
    /// JSON's null, or a field that was not there.
    Null,
    /// true or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(Cow<'a, str>),
}

impl Entry<'_> {
    /// The same, with all text its own.
    pub fn into_owned(self) -> Entry<'static> {
        Entry {
            timestamp: self.timestamp,
            line: Cow::Owned(self.line.into_owned()),
            labels: self.labels,
            structured_metadata: self
                .structured_metadata
                .into_iter()
                .map(|(name, value)| (name, Cow::Owned(value.into_owned())))
                .collect(),
            extracted: self.extracted.into_owned(),
            origin: self.origin,
        }
    }
}

impl<'a> Entry<'a> {
    /// An entry as it enters a pipeline.
    pub fn new(timestamp: i64, line: impl Into<Cow<'a, str>>, labels: Labels, origin: Origin) -> Self {
        Self {
            timestamp,
            line: line.into(),
            labels,
            structured_metadata: Vec::new(),
            extracted: Extracted::default(),
            origin,
        }
    }

    /// The line, or the value of a source as text; `None` if there is no such value, or none that has a text.
    /// Borrows where it can.
    pub(super) fn input(&self, source: Option<&str>) -> Option<Cow<'a, str>> {
        let borrowed = |text: &Cow<'a, str>| match text {
            Cow::Borrowed(text) => Cow::Borrowed(*text),
            Cow::Owned(text) => Cow::Owned(text.clone()),
        };
        let Some(source) = source else { return Some(borrowed(&self.line)) };
        match self.extracted.own(source) {
            Some(Some(ExtractedValue::Text(text))) => Some(borrowed(text)),
            Some(Some(value)) => value.text().map(|text| Cow::Owned(text.into_owned())),
            Some(None) => None,
            None => self.extracted.base.get(source).map(|text| Cow::Owned(text.to_owned())),
        }
    }
}

impl Origin {
    /// The input of both.
    pub(super) fn join(self, other: Self) -> Self {
        Self { target: self.target, first: self.first.min(other.first), last: self.last.max(other.last) }
    }
}

impl<'a> Extracted<'a> {
    fn own(&self, name: &str) -> Option<&Option<ExtractedValue<'a>>> {
        self.own.iter().find(|(other, _)| **other == *name).map(|(_, value)| value)
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<Cow<'_, ExtractedValue<'a>>> {
        match self.own(name) {
            Some(value) => value.as_ref().map(Cow::Borrowed),
            None => {
                let text = self.base.get(name)?;
                Some(Cow::Owned(ExtractedValue::Text(Cow::Owned(text.to_owned()))))
            }
        }
    }

    /// The text of a value; `None` if there is no value, or null.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.own(name) {
            Some(value) => value.as_ref()?.text(),
            None => self.base.get(name).map(Cow::Borrowed),
        }
    }

    /// Whether there is a value, null included.
    pub fn contains(&self, name: &str) -> bool {
        match self.own(name) {
            Some(value) => value.is_some(),
            None => self.base.get(name).is_some(),
        }
    }

    /// Sets a value.
    pub fn set(&mut self, name: &Arc<str>, value: ExtractedValue<'a>) {
        self.put(name, Some(value));
    }

    /// Removes a value.
    pub fn remove(&mut self, name: &Arc<str>) {
        if self.contains(name) {
            self.put(name, None);
        }
    }

    fn put(&mut self, name: &Arc<str>, value: Option<ExtractedValue<'a>>) {
        match self.own.iter_mut().find(|(other, _)| Arc::ptr_eq(other, name) || **other == **name) {
            Some((_, slot)) => *slot = value,
            None => self.own.push((name.clone(), value)),
        }
    }

    /// All values, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Cow<'_, ExtractedValue<'a>>)> {
        let own = self.own.iter().filter_map(|(name, value)| Some((&**name, Cow::Borrowed(value.as_ref()?))));
        let base = self.base.iter().filter(|(name, _)| self.own(name).is_none());
        own.chain(base.map(|(name, value)| (name, Cow::Owned(ExtractedValue::Text(Cow::Owned(value.to_owned()))))))
    }

    /// Copies labels into the map, as Promtail does where a pipeline begins.
    pub(super) fn copy_labels(&mut self, labels: &Labels) {
        if self.base.address() == labels.address() && self.own.is_empty() {
            return;
        }
        if self.base.is_empty() {
            self.base = labels.clone();
            if self.own.is_empty() {
                return;
            }
        }
        for (name, value) in labels.pairs() {
            let same = match self.own(name) {
                Some(own) => matches!(own, Some(ExtractedValue::Text(text)) if **text == **value),
                None => self.base.get(name) == Some(value),
            };
            if !same {
                self.put(name, Some(ExtractedValue::Text(Cow::Owned(value.to_string()))));
            }
        }
    }

    fn into_owned(self) -> Extracted<'static> {
        let own = |value: Option<ExtractedValue<'a>>| value.map(ExtractedValue::into_owned);
        Extracted { base: self.base, own: self.own.into_iter().map(|(name, value)| (name, own(value))).collect() }
    }
}

impl ExtractedValue<'_> {
    /// As text, the way Promtail writes it: numbers without an exponent. `None` for null.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            ExtractedValue::Null => return None,
            ExtractedValue::Bool(true) => Cow::Borrowed("true"),
            ExtractedValue::Bool(false) => Cow::Borrowed("false"),
            ExtractedValue::Number(number) => Cow::Owned(number.to_string()),
            ExtractedValue::Text(text) => Cow::Borrowed(text),
        })
    }

    /// The same, with its text its own.
    pub fn into_owned(self) -> ExtractedValue<'static> {
        match self {
            ExtractedValue::Null => ExtractedValue::Null,
            ExtractedValue::Bool(value) => ExtractedValue::Bool(value),
            ExtractedValue::Number(value) => ExtractedValue::Number(value),
            ExtractedValue::Text(text) => ExtractedValue::Text(Cow::Owned(text.into_owned())),
        }
    }
}
