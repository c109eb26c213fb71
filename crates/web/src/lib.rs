//! `wharf-web`: a visit counter. Redis counts, Postgres keeps the history, and either may be away for a while.
//!
//! A request to `/count` is one `INCR`, sent once at most, over the one connection that all requests share
//! ([`counter`]). A task beside the requests reads the total every second and writes the new visits to Postgres: [`ledger`]
//! computes them, [`history`] writes them. The task needs nothing from the requests, so no visit is lost with a process
//! and none is counted twice.
//!
//! With a file in place of both, [`sqlite`] counts and keeps the history in the same transactions.
//!
//! [`settings`] reads flags and environment, [`server`] runs everything until it is cancelled.
//!
//! ```no_run
//! use clap::Parser;
//! use tokio_util::sync::CancellationToken;
//! use wharf_web::clock;
//! use wharf_web::server::Server;
//! use wharf_web::settings::{Cli, Settings};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cli = Cli::parse_from(["wharf-web", "--listen", "127.0.0.1:0", "--redis-host", "127.0.0.1"]);
//! let settings = Settings::new(cli.options, |name| std::env::var(name))?;
//! let server = Server::bind(settings, clock::system()).await?;
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
mod builder;
mod chart;
pub mod clock;
#[cfg(test)]
mod contrast;
pub mod counter;
mod duty;
mod embed;
mod flusher;
mod form;
pub mod history;
mod hits;
pub mod hits_ledger;
mod instruments;
pub mod key;
mod key_list;
mod key_page;
pub mod ledger;
mod link;
mod pages;
mod peer;
pub mod people;
mod picture;
mod probes;
mod reader;
mod recent;
mod requests;
pub mod retention;
mod section;
mod security;
mod series;
pub mod server;
pub mod settings;
mod slots;
pub mod sqlite;
mod stats;
mod tile;
mod trace;
mod unavailable;
mod upkeep;
mod wcag;
mod zone;
