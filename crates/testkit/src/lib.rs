//! What wharf's integration tests share: real servers in containers, and waits with a deadline.
//!
//! A test starts a [`Redis`] or a [`Postgres`] of its own, which is ready for use on an ephemeral port of the loopback
//! interface. The test can stop it, start it again with its data, pause it, or kill its main process. Dropping the
//! value removes the container and its data.
//!
//! ```no_run
//! # async fn example() -> Result<(), wharf_testkit::Error> {
//! use wharf_testkit::Redis;
//!
//! let redis = Redis::start().await?;
//! println!("a client connects to {}", redis.url());
//! redis.kill_main_process().await?; // as the OOM killer would
//! redis.start_again().await?; // same port, same data
//! # Ok(())
//! # }
//! ```
//!
//! - The images come from `cargo xtask images`; `WHARF_TEST_REDIS_IMAGE` and `WHARF_TEST_POSTGRES_IMAGE` name
//!   others, such as the official ones.
//! - Each container carries labels with the test's name and its [`Run`], so that the next run removes what a killed
//!   one left behind.
//! - [`eventually`] polls what no event announces. Its error after the deadline says what was seen last.
//!
//! [`Loki`] is a fake that records what an agent sends, and answers like the real one or as the test asks.
//! [`FakeEngine`] is a Docker Engine with scripted answers and faults. [`SimulatedEngine`] is one that keeps containers,
//! networks and volumes, and can fail or lose its client at any call. [`Shop`] is a project for attacks on the orchestrator, and
//! [`Picture`] is what an engine has of a project after one.
//!
//! This crate imports none of the crates that use it in their tests.

mod error;
mod eventually;
mod fake_engine;
mod kill;
mod loki;
mod metrics_page;
mod peer;
pub mod picture;
mod port;
mod postgres;
mod ready;
mod redis;
mod run;
mod server;
mod shop;
pub mod simulated_engine;
mod unix_server;

pub use error::Error;
pub use eventually::{NeverHappened, eventually};
pub use fake_engine::FakeEngine;
pub use kill::kill_process;
pub use loki::{Loki, LokiAnswer, LokiLine};
pub use metrics_page::{MetricRow, PageError, metric_table, page_part};
pub use peer::Peer;
pub use picture::Picture;
pub use postgres::{Postgres, PostgresKind};
pub use redis::{Redis, RedisKind};
pub use run::Run;
pub use server::{Kind, Server};
pub use shop::Shop;
pub use simulated_engine::SimulatedEngine;
pub use unix_server::{FakeReply, FakeRequest};
