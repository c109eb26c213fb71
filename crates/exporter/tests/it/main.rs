//! The exporter against real servers, beside other exporters, and against servers that misbehave on purpose.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod clients;
mod containers;
mod host;
mod misbehaving;
mod peer;
mod postgres;
mod probes;
mod redis;
mod scraped;
mod served;
