//! Foreign dashboards: converting them for Grafana's file provisioning, and checking what they show here.
//!
//! Pure: [`import`] converts a value, [`queries`] finds the queries of a dashboard, and [`examine`] evaluates them through a
//! function of the caller.

mod examine;
mod import;
mod promql;
mod queries;
mod rows;
mod variables;

pub use examine::{Answer, Reason, Verdict, examine};
pub use import::{ImportError, Imported, import};
pub use queries::{Query, queries};
