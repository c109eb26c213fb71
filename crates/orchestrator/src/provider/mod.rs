//! Services that a program outside the engine provides (`provider:`), by the protocol of docker compose's provider services
//! (docker/compose, `docs/extension.md`, as release 2.40 has it).
//!
//! What a provider makes is not known before it has run, and the variables that it sets are part of the configuration of the
//! services that depend on it. So providers run before the containers of those services are planned.

mod call;
mod messages;
mod metadata;
mod program;
mod variables;

pub(crate) use call::{CallError, call};
pub use program::{ProviderAct, ProviderProgram, ProviderPrograms, programs};
pub(crate) use variables::{Variables, amended, prefixed, remembered};
