//! The Docker Engine at arm's length.
//!
//! [`Endpoint::resolve`] finds the engine that the `docker` command would talk to (`DOCKER_HOST`, contexts, TLS, ssh,
//! rootless); [`Engine::connect`] opens it and agrees on an API version; [`follow_events`] follows its events without a
//! gap; [`roster::follow`] says which containers there are and what becomes of them; [`logs::read`] reads a container's
//! log and carries on exactly where a stopped container left off; [`Error::kind`] says what an error means. What is done
//! with containers is not decided here.
//!
//! ```no_run
//! # async fn example() -> Result<(), wharf_docker::Error> {
//! use wharf_docker::{Endpoint, Engine};
//!
//! let environment = std::env::vars().collect();
//! let endpoint = Endpoint::resolve(&environment, &Default::default())?;
//! let engine = Engine::connect(&endpoint).await?;
//! println!("{} speaks API {}", endpoint.host, engine.api_version());
//! # Ok(())
//! # }
//! ```

mod answer;
mod api_version;
pub mod attach;
mod backoff;
mod connections;
pub mod container;
mod create;
mod endpoint;
mod engine;
mod error;
mod error_kind;
pub mod event_history;
pub mod events;
pub mod exec;
pub mod export;
pub mod images;
pub mod labels;
pub mod listing;
mod logins;
pub mod logs;
pub mod models;
pub mod names;
mod networks;
mod ping;
mod plugins;
mod port_holder;
pub mod processes;
pub mod raw_log;
mod registry;
mod registry_refusal;
pub mod roster;
mod start_error;
pub mod stats;
mod timestamp;
mod upgrade;
pub mod volumes;

pub use api_version::ApiVersion;
pub use connections::connections;
pub use create::create_container;
pub use endpoint::{Endpoint, EndpointChoice, TlsFiles};
pub use engine::Engine;
pub use error::{Error, root_cause};
pub use error_kind::{ErrorKind, unless_gone};
pub use events::follow_events;
pub use logins::{Login, LoginError, Logins};
pub use networks::{AddressManagement, AddressPool, NetworkDetails, list_networks};
pub use plugins::plugin_folders;
pub use port_holder::{PortHolder, port_holder};
pub use registry::{Transfer, pull_image, push_image, registry_digest, with_logins};
pub use registry_refusal::{RegistryRefusal, without_secrets};
pub use start_error::StartError;
pub use timestamp::Timestamp;
pub use upgrade::{Upgraded, upgrade};
