//! Builds images with the BuildKit that is inside the Docker Engine.
//!
//! [`build`] opens two connections to the engine: one on which it asks for the build and follows its progress (`POST /grpc`),
//! and one on which the engine asks back for files, secrets, SSH agents and logins (`POST /session`). Folders are read while
//! they are sent, so their size does not matter, and the engine asks only for what changed since the last build.
//!
//! [`Tracker`] turns the engine's reports into [`News`] of numbered steps.

mod client;
mod dockerfile;
mod error;
mod folder;
mod links;
mod lint;
mod patterns;
mod progress;
mod raw_status;
mod regular_file;
mod session;
mod solve;

pub use dockerfile::{Lack, is_older, lacks, line_of_step, syntax_line};
pub use error::{Error, Failure};
pub use folder::Folder;
pub use lint::Finding;
pub use patterns::{Patterns, escaped};
pub use progress::{Ending, News, Tracker};
pub use regular_file::open_regular;
pub use session::{Offer, Secret};
pub use solve::{Built, CacheEntry, Request, build, check, host_gateway};
