//! Loki's data model and wire, without I/O.
//!
//! - [`labels`]: the sorted label set that names a stream.
//! - [`selector`]: LogQL's stream selectors, `{app="x", env=~"y.*"}`.
//! - [`duration`]: Go's durations with days, weeks and years.
//! - [`logfmt`]: a line parser, which borrows from the line. JSON is `wharf_go::json`.
//! - [`template_functions`]: what Loki and Promtail add to Go's templates.
//! - [`push`]: `logproto.PushRequest` as protobuf; [`entries`] reads its entries back.

pub mod duration;
pub mod entries;
pub mod labels;
pub mod logfmt;
pub mod push;
pub mod selector;
pub mod template_functions;

pub use labels::{InvalidLabelName, Labels};
pub use selector::{MatchOp, Matcher, Selector, SelectorError};
