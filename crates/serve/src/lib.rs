//! What every server of wharf shares: listening under limits, an orderly end, signals, health checks, and
//! one look for their own pages.
//!
//! [`serve`] answers HTTP/1 on a TCP or a Unix socket. It defends itself against slow clients: [`Limits`] bounds the
//! number of connections, and how long a client may take to send a request's head or to read an answer. A request without
//! exactly one valid `Host` is answered 400.
//! [`Interrupts`] turns SIGINT and SIGTERM into cancellation, and [`health::check`] is the client behind the
//! `healthcheck` subcommands. [`Secret`] holds a password, [`Gather`] makes writes leave together, and [`page`] is the look
//! of the servers' own pages.
//!
//! ```
//! use axum::{Router, routing::get};
//! use tokio::net::TcpListener;
//! use tokio_util::sync::CancellationToken;
//! use wharf_serve::{Limits, health, serve};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! let router: Router = Router::new().route("/healthz", get(async || "ok\n"));
//! let stop = CancellationToken::new(); // a program takes `Interrupts::take()?.first`
//! let server = tokio::spawn(serve(listener, router, Limits::default(), stop.clone()));
//!
//! tokio::task::spawn_blocking(move || health::check(address, "/healthz")).await??;
//! stop.cancel();
//! server.await?;
//! # Ok(())
//! # }
//! ```

mod connections;
mod gather;
pub mod health;
mod hosted;
mod listener;
pub mod page;
mod secret;
mod server;
mod signals;
mod stream;

pub use gather::Gather;
pub use listener::Listener;
pub use secret::Secret;
pub use server::{Limits, serve, serve_each};
pub use signals::{Interrupts, SAME_SIGNAL};
