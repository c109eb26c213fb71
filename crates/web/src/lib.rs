//! `wharf-web`: a visit counter. Redis counts, Postgres keeps the history, and either may be away for a while.
//!
//! A request to `/count` is one `INCR`, sent once at most, over the one connection that all requests share
//! ([`counter`]). Beside the requests a task reads the total every second and writes what is new to Postgres
//! ([`ledger`] decides what that is, [`history`] writes it); it needs nothing from the requests, so that no visit is
//! lost with a process, and none is counted twice.
//!
//! [`settings`] says what can be set, [`server`] runs it all until it is told to stop.
//!
//! ```no_run
//! use clap::Parser;
//! use tokio_util::sync::CancellationToken;
//! use wharf_web::server::Server;
//! use wharf_web::settings::{Cli, Settings};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cli = Cli::parse_from(["wharf-web", "--listen", "127.0.0.1:0", "--redis-host", "127.0.0.1"]);
//! let settings = Settings::new(cli.options, |name| std::env::var(name))?;
//! let server = Server::bind(settings).await?;
//! println!("http://{}/", server.address());
//! let stop = CancellationToken::new(); // cancel it to stop
//! server.run(stop).await?;
//! # Ok(())
//! # }
//! ```

mod api;
mod app;
mod assets;
mod badge;
mod chart;
#[cfg(test)]
mod contrast;
pub mod counter;
mod flusher;
pub mod history;
mod hits;
mod instruments;
pub mod key;
pub mod ledger;
mod link;
mod pages;
mod probes;
mod reader;
mod requests;
mod security;
pub mod server;
pub mod settings;
mod slots;
mod stats;
mod trace;
mod unavailable;
