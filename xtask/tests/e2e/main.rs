//! Tests of the whole stack of `deploy/`, run by the built `wharf` as a user would run it.
//!
//! Run by `cargo xtask test`, which builds `wharf` and the images first.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what is wrong by its panic and output")]

mod count_goes_on;
mod examples;
mod grafana;
mod killed_processes;
mod monitored;
mod panels;
mod restart_policies;
mod stack;
mod visitor;
