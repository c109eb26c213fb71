//! The application against real servers, against a Redis that misbehaves on purpose, and as a process.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod browser;
mod collector;
mod connections;
mod counting;
mod fake_redis;
mod history;
mod hits;
mod http;
mod key_history;
mod model;
mod pause;
mod people;
mod pooler;
mod process;
mod redis_away;
mod redis_refuses;
mod replica;
mod sqlite;
mod stats;
mod traces;
