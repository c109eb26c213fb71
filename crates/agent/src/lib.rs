//! Container logs to Loki.
//!
//! Pure parts: [`yaml`] reads configuration with places, [`relabel`] is Prometheus' relabelling, [`pipeline`] are
//! Promtail's stages.
//!
//! The rest is a pipeline: [`discovery`] finds targets; the [`reader`] reads their lines on one thread, passes them
//! through the stages and gathers them in a [`batch`]; the [`delivery`] sends batches until they are accepted, and only then do
//! the [`positions`] advance.

pub mod agent;
pub mod alloy;
pub mod batch;
pub mod budget;
pub mod config;
pub mod delivery;
pub mod discovery;
pub mod lines;
pub mod metrics;
pub mod pages;
pub mod pipeline;
pub mod position;
pub mod positions;
pub mod reader;
pub mod relabel;
pub mod spool;
pub mod target;
pub mod targets;
pub mod wake;
pub mod yaml;

pub use yaml::{ConfigError, Node, Place};
