//! `wharf agent` against a Loki that records: nothing lost, nothing repeated, in order. Each test has an agent, a Loki and
//! containers of its own. `WHARF_TEST_DOCKER_HOST` names another engine than the usual one.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by its panic")]

mod answers;
mod configuration;
mod killed;
mod lifecycle;
mod lines;
mod many;
mod pages;
mod restarted_engine;
mod rotation;
mod scene;
mod spool;
