//! Delivery to Loki: requests in order for each tenant of a lane, retried until they are accepted, and only then the
//! positions.

mod answer;
mod backoff;
mod body;
mod client;
mod dispatch;
mod error;
mod ledger;
mod otlp;
mod part;
mod queue;
mod sender;
mod tls;

pub use answer::{Verdict, judge, retry_after};
pub use backoff::{Backoff, Schedule};
pub use body::PushFormat;
pub use client::{Auth, Client, ClientConfig, Proxy};
pub use error::ClientError;
pub use queue::{Delivery, DeliveryState, Entrance};
pub use tls::{Pem, TlsConfig};
