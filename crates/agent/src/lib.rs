//! Container logs to Loki.
//!
//! Pure parts: [`yaml`] reads configuration with places, [`relabel`] is Prometheus' relabelling, [`pipeline`] are
//! Promtail's stages.

pub mod batch;
pub mod pipeline;
pub mod position;
pub mod read;
pub mod reader;
pub mod relabel;
pub mod target;
pub mod yaml;

pub use yaml::{ConfigError, Node, Place};
