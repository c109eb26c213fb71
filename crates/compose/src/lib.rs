//! Reads Compose files: many files in, one checked [`Project`] out.
//!
//! The whole [Compose specification](https://github.com/compose-spec/compose-spec) is known: several files, `include`,
//! `extends`, profiles, interpolation, anchors, `!reset` and `!override`. There is no Docker here and no network, and
//! nothing is read from the process: environment, directory, and what fetches Git repositories are part of [`Options`].
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
//! assert_eq!(project.services["web"].ports[0].published.map(|ports| ports.first()), Some(8080));
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
//! | find | `find` | options | files, project directory, environment, name |
//! | read | `read` | text | a tree of nodes, each with its place |
//! | interpolate | `interpolate` | tree | tree |
//! | validate | `validate::document`, by the tables in `spec` | tree | tree: checked, short forms written out |
//! | include, extend | `assemble::assembler`, `assemble::extend` | tree | tree: completed by what it names |
//! | merge | `assemble::merge` | trees | one tree |
//! | require | `validate::required`, by the same tables | tree | tree: nothing missing, nothing twice |
//! | normalise | `assemble::normalise`, `assemble::paths` | tree | tree: defaults, implied parts, absolute paths |
//! | decode | `model::decode` | tree | [`Project`] |
//! | check | `validate::check`, `validate::lint` | project | errors and warnings |
//! | print | `print` | project | the canonical form as YAML or JSON |
//!
//! `spec` holds the specification as tables: a key's line says what its value may be, what its short form means,
//! how two files' values merge and what makes two entries of a list the same. The other modules hold no key's rules.
//! `report` collects what each stage finds wrong. `load` is the way through; `config` and `variables` take parts of it.

mod assemble;
mod config;
mod find;
mod interpolate;
mod load;
pub mod model;
mod options;
mod passes;
mod print;
mod read;
mod report;
mod spec;
mod unknown_service;
mod validate;
mod variables;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use config::Config;
pub use find::remote::{FetchError, FetchGit, GitSource, is_commit};
pub use load::Loaded;
pub use model::Project;
pub use options::Options;
pub use passes::Passes;
pub use print::render::{to_json, to_yaml};
pub use report::diagnostic::{Diagnostic, LoadError};
pub use report::place::{Place, Places};
pub use unknown_service::UnknownService;
pub use variables::{Variable, environment, values_of_env_files, variables};
