//! Container logs to Loki.
//!
//! Pure parts: [`yaml`] reads configuration with places, [`relabel`] is Prometheus' relabelling, [`pipeline`] are
//! Promtail's stages.

mod go_text;
mod go_time;
pub mod pipeline;
pub mod relabel;
pub mod yaml;

pub use yaml::{ConfigError, Node, Place};
