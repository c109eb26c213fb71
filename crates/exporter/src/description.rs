//! Descriptions of metrics. The scrape and the page `docs/metrics.md` are both generated from these tables.

use crate::exposition::Kind;

/// A metric that the exporter can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// The family's name.
    pub name: &'static str,
    /// What the values mean.
    pub kind: Kind,
    /// One sentence.
    pub help: &'static str,
    /// The names of the labels, in the order of their values. The target's own labels are added.
    pub labels: &'static [&'static str],
}

/// A table: each line is `CONSTANT = kind "name" [labels] "help";`. `$all` lists them in their order.
macro_rules! descriptions {
    ($all:ident: $($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(pub(crate) const $constant: $crate::description::Description = $crate::description::Description {
            name: $name,
            kind: $crate::exposition::Kind::$kind,
            help: $help,
            labels: &[$($label),*],
        };)*
        /// All of the above.
        pub(crate) const $all: &[$crate::description::Description] = &[$($constant),*];
    };
}
pub(crate) use descriptions;
