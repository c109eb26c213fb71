//! Label sets: what names a stream.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A set of labels, sorted by name. A clone costs one reference count.
///
/// Two sets that are clones of one another compare by address; others by a hash computed once, and then by content.
#[derive(Clone)]
pub struct Labels(Arc<Inner>);

struct Inner {
    hash: u64,
    pairs: Vec<(Arc<str>, Arc<str>)>,
}

/// A label name outside `[a-zA-Z_][a-zA-Z0-9_]*`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a label name: letters, digits and `_` only, and no digit first")]
pub struct InvalidLabelName(pub String);

/// Whether `name` is what Prometheus calls a legacy label name: `[a-zA-Z_][a-zA-Z0-9_]*`.
pub fn is_label_name(name: &str) -> bool {
    !name.is_empty()
        && !name.as_bytes()[0].is_ascii_digit()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Labels {
    /// No labels.
    pub fn empty() -> Self {
        Self::sorted(Vec::new())
    }

    /// A set of these pairs; of pairs with the same name, the last counts. An empty value is kept.
    ///
    /// # Errors
    ///
    /// The first name that is not a label name.
    pub fn new<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, InvalidLabelName>
    where
        N: AsRef<str> + Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        let mut checked = Vec::new();
        for (name, value) in pairs {
            if !is_label_name(name.as_ref()) {
                return Err(InvalidLabelName(name.as_ref().to_owned()));
            }
            checked.push((name.into(), value.into()));
        }
        Ok(Self::unchecked(checked))
    }

    /// A set of pairs whose names need no check; of pairs with the same name, the last counts.
    pub fn unchecked(mut pairs: Vec<(Arc<str>, Arc<str>)>) -> Self {
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        pairs.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Self::sorted(pairs)
    }

    fn sorted(pairs: Vec<(Arc<str>, Arc<str>)>) -> Self {
        let mut hasher = std::hash::DefaultHasher::new();
        pairs.hash(&mut hasher);
        Self(Arc::new(Inner { hash: hasher.finish(), pairs }))
    }

    /// The value of a label.
    pub fn get(&self, name: &str) -> Option<&str> {
        let index = self.0.pairs.binary_search_by(|(other, _)| (**other).cmp(name)).ok()?;
        Some(&self.0.pairs[index].1)
    }

    /// The pairs, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.0.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The pairs, by name, as they are shared.
    pub fn pairs(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.0.pairs
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.pairs.is_empty()
    }

    /// This set with one label set. The name is not checked.
    pub fn with(&self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        let (name, value) = (name.into(), value.into());
        let mut pairs = self.0.pairs.clone();
        match pairs.binary_search_by(|(other, _)| other.cmp(&name)) {
            Ok(index) => pairs[index].1 = value,
            Err(index) => pairs.insert(index, (name, value)),
        }
        Self::sorted(pairs)
    }

    /// This set without the labels that `keep` refuses.
    pub fn filtered(&self, mut keep: impl FnMut(&str, &str) -> bool) -> Self {
        if self.iter().all(|(name, value)| keep(name, value)) {
            return self.clone();
        }
        Self::sorted(self.0.pairs.iter().filter(|(name, value)| keep(name, value)).cloned().collect())
    }

    /// A hash of the content: equal sets have equal hashes, within one process.
    pub fn content_hash(&self) -> u64 {
        self.0.hash
    }

    /// The address that clones share.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::empty()
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.0.pairs == other.0.pairs)
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.pairs.cmp(&other.0.pairs)
    }
}

/// As Loki's push protocol has it: `{a="b", c="d"}`, values quoted as by Go's `strconv.Quote`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{name}={}", Quoted(value))?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text in double quotes, escaped so that Go's `strconv.Unquote` gives it back.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}
