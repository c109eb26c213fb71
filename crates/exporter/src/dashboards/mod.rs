//! Dashboards of others: made loadable by Grafana's file provisioning, and asked what they show here.
//!
//! Pure: [`import`] makes one value out of another, [`queries`] finds what a dashboard asks, and [`examine`] asks what it
//! has to through a function of the caller's.

mod examine;
mod import;
mod promql;
mod queries;
mod rows;
mod variables;

pub use examine::{Answer, Reason, Verdict, examine};
pub use import::{ImportError, Imported, import};
pub use queries::{Query, queries};
