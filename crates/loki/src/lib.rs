//! Loki's data model and wire, without I/O.
//!
//! - [`labels`]: the sorted label set that names a stream.
//! - [`go_regex`]: Go's regular expressions (RE2 syntax), which labels and lines are matched with.
//! - [`go_text`]: Go's quoted texts.
//! - [`selector`]: LogQL's stream selectors, `{app="x", env=~"y.*"}`.
//! - [`logfmt`], [`json`]: line parsers, which borrow from the line.
//! - [`push`]: `logproto.PushRequest` as protobuf; [`entries`] reads its entries back.

pub mod entries;
pub mod go_regex;
pub mod go_text;
pub mod json;
pub mod labels;
pub mod logfmt;
pub mod push;
pub mod selector;

pub use labels::{InvalidLabelName, Labels};
pub use selector::{MatchOp, Matcher, Selector, SelectorError};
