//! How Compose files are read.
//!
//! They are neither YAML 1.1 nor 1.2: `0440` is octal, `yes` is text (and true where a boolean belongs), `22:22` is text.
//! See `docs/decisions/0005-compose-scalars.md`.

use wharf_yaml::{Booleans, Dialect, Keys, LargeIntegers, Tag};

/// The dialect of Compose files.
pub(crate) const DIALECT: Dialect = Dialect {
    booleans: Booleans::Core,
    large_integers: LargeIntegers::Float,
    keys: Keys::Text,
    several_merge_keys: false,
    tags: &["!reset", "!override"],
};

/// `!reset`: forget what earlier files say.
pub(crate) const RESET: Tag = Tag::nth(0);

/// `!override`: take this instead of what earlier files say.
pub(crate) const OVERRIDE: Tag = Tag::nth(1);
