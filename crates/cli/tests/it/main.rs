//! The `wharf` command as a person uses it, against a real engine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_input;
mod build;
mod completion;
mod config;
mod doctor;
mod engine_away;
mod foreground;
mod git;
mod hooks;
mod lifecycle;
mod lock;
mod logs;
mod manual;
mod menu;
mod mistakes;
mod names;
mod namesakes;
mod output;
mod probes;
mod providers;
mod recorded;
mod registry;
mod run;
mod sandbox;
mod setup;
mod terminal;
mod verbs;
mod watch;
