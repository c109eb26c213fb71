//! The canonical form of a project with some of the way left out: what `config` and its flags print.

use serde_json::Value;

use crate::load;
use crate::options::Options;
use crate::passes::Passes;
use crate::print::render;
use crate::report::diagnostic::{Diagnostic, LoadError};

/// The canonical form of a project, as plain values.
///
/// ```
/// use wharf_compose::{Config, Options, Passes};
///
/// let options = Options::from_text("services: { web: { image: 'nginx:$TAG' } }");
/// let config = Config::load(&options, Passes { interpolate: false, normalise: false, ..Passes::default() })?;
/// assert_eq!(config.to_yaml(), "name: project\nservices:\n  web:\n    image: nginx:$TAG\n");
/// # Ok::<(), wharf_compose::LoadError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The canonical form. Each `$` is doubled if variables have been filled in, so that reading it changes nothing.
    pub value: Value,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// Reads the files that `options` name, by the given passes: the services that [`Options::services`] names, with all
    /// that they depend on, or all enabled ones; with variables left in, the whole of the files.
    ///
    /// # Errors
    /// All that is wrong with the files, each with its place.
    pub fn load(options: &Options, passes: Passes) -> Result<Self, LoadError> {
        let (value, warnings) = match passes.interpolate {
            true => load::canonical(options, passes)?,
            false => load::uninterpolated(options, passes)?,
        };
        Ok(Self { value, warnings })
    }

    /// The form as JSON, indented by two spaces, with a line break at the end.
    pub fn to_json(&self) -> String {
        render::to_json(&self.value)
    }

    /// The form as YAML.
    pub fn to_yaml(&self) -> String {
        self.clone().into_yaml()
    }

    /// The same, without a copy of the whole on the way.
    pub fn into_yaml(self) -> String {
        render::to_yaml(&render::for_yaml(self.value))
    }
}
