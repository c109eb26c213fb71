//! Reads Compose files: many files in, one checked [`Project`] out.
//!
//! The whole [Compose specification](https://github.com/compose-spec/compose-spec) is known: several files, `include`,
//! `extends`, profiles, interpolation, anchors, `!reset` and `!override`. There is no Docker here and no network, and
//! nothing is read from the process: environment and directory are part of [`Options`].
//!
//! ```
//! use wharf_compose::{Options, Project};
//!
//! let options = Options::from_text("
//! services:
//!   web:
//!     image: nginx:${TAG:-1}
//!     ports: ['8080:80']
//!     depends_on: [db]
//!   db:
//!     image: postgres:15
//! ");
//! let project = Project::load(&options)?.project;
//! assert_eq!(project.services["web"].image.as_deref(), Some("nginx:1"));
//! assert_eq!(project.services["web"].ports[0].target, 80);
//! assert_eq!(project.places.get("services.web.ports[0]").map(|place| place.line), Some(5));
//! println!("{}", project.to_yaml());
//! # Ok::<(), wharf_compose::LoadError>(())
//! ```
//!
//! From disk: [`Options::in_directory`], which finds `compose.yaml` there or above, with [`Options::with_environment`].
//! What is wrong with the files comes back all at once, as [`Diagnostic`]s with file, line, column and advice:
//!
//! ```
//! # use wharf_compose::{Options, Project};
//! let error = Project::load(&Options::from_text("services: { web: { imgae: nginx } }")).unwrap_err();
//! assert_eq!(error.diagnostics[0].help.as_deref(), Some("did you mean `image`?"));
//! ```
//!
//! # The way through
//!
//! | stage | module | from | to |
//! |---|---|---|---|
//! | find | `find`, `files`, `name` | options | files, project directory, environment, name |
//! | read | `read`, `scalar` | text | a tree of nodes, each with its place |
//! | interpolate | `interpolate`, `template`, `dotenv` | tree | tree |
//! | conform | `conform`, by the tables in `spec`; `advice` | tree | tree: checked, short forms written out |
//! | include, extend | `assemble`, `extend` | tree | tree: completed by what it names |
//! | merge | `merge` | trees | one tree |
//! | complete | `complete`, by the same tables | tree | tree: nothing missing, nothing twice |
//! | normalise | `normalise`, `paths` | tree | tree: defaults, implied parts, absolute paths |
//! | decode | `value` | tree | [`Project`] |
//! | check | `consistency`, `lint` | project | errors and warnings |
//!
//! `spec` holds the specification as tables: a key's line says what its value may be, what its short form stands for,
//! how two files' values merge and what makes two entries of a list the same. The other modules hold no key's rules.

mod advice;
mod assemble;
mod complete;
pub mod config;
mod conform;
mod consistency;
pub mod diagnostic;
mod dotenv;
mod extend;
mod files;
mod find;
mod interpolate;
mod lint;
mod load;
mod merge;
pub mod model;
mod mounts;
mod name;
mod node;
mod normalise;
pub mod options;
mod paths;
pub mod place;
mod ports;
mod queries;
mod read;
mod render;
mod report;
mod scalar;
mod scalar_style;
mod service_files;
mod shape;
mod short;
mod spec;
mod steps;
mod template;
mod value;
pub mod variables;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use config::Config;
pub use diagnostic::{Diagnostic, LoadError};
pub use load::Loaded;
pub use model::Project;
pub use options::Options;
pub use place::Place;
pub use render::{to_json, to_yaml};
pub use steps::Steps;
pub use variables::{Variable, environment, variables};
