//! YAML text to nodes: each value with its place, within limits, in the dialect that the caller names.
//!
//! Programs disagree on what a plain scalar is: `yes` is text for one and true for another. So a [`Scalar`] keeps its text
//! beside its [`Kind`], and a [`Dialect`] says how kinds are found. Anchors, aliases, merge keys (`<<`) and duplicate keys
//! end here: no user of the nodes needs to know of them.
//!
//! ```
//! use wharf_yaml::{Dialect, Kind, ReadLimits, read};
//!
//! let text = "base: &base {retries: 0o17}\njob:\n  <<: *base\n  enabled: yes\n";
//! let found = read(text, 0, &Dialect::default(), &ReadLimits::default());
//! assert!(found.errors.is_empty());
//! let job = found.documents[0].get("job").expect("the text has it");
//! assert_eq!(job.get("retries").and_then(|node| node.as_scalar()).map(|scalar| scalar.kind), Some(Kind::Int(15)));
//! assert_eq!(job.get("enabled").and_then(|node| node.as_scalar()).map(|scalar| scalar.kind), Some(Kind::Text));
//! assert_eq!(job.get("enabled").map(|node| (node.span.line, node.span.column)), Some((4, 12)));
//!
//! let wrong = read("a: 1\nb: 2\na: 3\n", 0, &Dialect::default(), &ReadLimits::default());
//! assert_eq!(wrong.errors[0].to_string(), "duplicate key `a`");
//! assert_eq!(wrong.errors[0].span.line, 3);
//! ```
//!
//! - [`read`]: text to documents, on the parser [`granit_parser`].
//! - [`Node`], [`Value`], [`Scalar`], [`Span`]: what is read.
//! - [`Dialect`], [`Kind`]: what a scalar is.
//! - [`ReadLimits`], [`Error`]: what is refused, and where.

mod dialect;
mod error;
mod limits;
mod node;
mod reader;

pub use dialect::{Booleans, Dialect, Keys, Kind, LargeIntegers};
pub use error::{Error, ErrorKind};
pub use limits::ReadLimits;
pub use node::{Map, Node, Scalar, Span, Tag, Value};
pub use reader::{Documents, read};
