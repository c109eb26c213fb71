//! What Go's libraries mean, written again in Rust, without I/O.
//!
//! Configuration that was written for a Go program keeps its meaning only where its expressions, layouts, durations and
//! templates are read by Go's rules. Near equivalents differ: Rust's `\d` is Unicode's, other template engines convert
//! types where Go fails. `docs/decisions/0020-go-semantics.md` has the reasons.
//!
//! - [`regexp`]: regular expressions in Go's syntax, on the crate [`regex`].
//! - [`time`]: layouts (`2006-01-02`), durations (`1h30m`) and locations.
//! - [`strconv`], [`strings`]: quoted strings, numbers, case.
//! - [`encoding`]: base 64 and base 32.
//! - [`json`]: JSON as json-iterator reads it and `encoding/json` writes it.
//! - [`units`]: sizes (`512m`, `1.5MiB`) and ages as Docker writes them.
//! - [`template`]: `text/template`, with Sprig's functions and those of the caller.
//!
//! ```
//! use wharf_go::template::{self, FunctionTable, Template};
//! use wharf_go::{regexp, time};
//!
//! assert_eq!(time::parse_duration("1m30s"), Some(90_000_000_000));
//! assert!(!regexp::compile(r"^\d$")?.is_match("٣"), "digits are ASCII");
//!
//! let functions = FunctionTable::go().with_sprig();
//! let template = Template::parse("{{ .name | upper | printf \"%-8s|\" }}", &functions)?;
//! let data = template::map([("name".to_owned(), template::text("web"))].into());
//! assert_eq!(template.execute(data, 0)?, "WEB     |");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod encoding;
pub mod json;
pub mod regexp;
pub mod strconv;
pub mod strings;
pub mod template;
pub mod time;
pub mod units;
