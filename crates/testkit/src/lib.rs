//! What wharf's integration tests share: real servers in containers, and waiting without luck.
//!
//! A test asks for a [`Redis`] or a [`Postgres`]; it gets one of its own, ready to be used, on an ephemeral
//! port of the loopback interface. The test can stop it, start it again with its data, pause it, or kill its
//! main process. When the value is dropped the container goes, with its data.
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
//! - Each container carries labels with the test's name and its [`Run`]: the next run removes what a killed one
//!   left behind.
//! - What no event announces is polled by [`eventually`], under a deadline whose error tells what was seen last.
//!
//! [`Loki`] is one that records what an agent sends, and answers as a real one does or as the test asks. [`FakeEngine`] is a
//! Docker Engine whose answers and faults the test writes.
//!
//! This crate imports none of the crates that are tested with it.

mod error;
mod eventually;
mod fake_engine;
mod kill;
mod loki;
mod metrics_page;
mod peer;
mod port;
mod postgres;
mod ready;
mod redis;
mod run;
mod server;

pub use error::Error;
pub use eventually::{NeverHappened, eventually};
pub use fake_engine::{FakeEngine, FakeReply, FakeRequest};
pub use kill::kill_process;
pub use loki::{Loki, LokiAnswer, LokiLine};
pub use metrics_page::{MetricRow, PageError, metric_table, page_part};
pub use peer::Peer;
pub use postgres::{Postgres, PostgresKind};
pub use redis::{Redis, RedisKind};
pub use run::Run;
pub use server::{Kind, Server};
