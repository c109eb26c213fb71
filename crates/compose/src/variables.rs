//! The variables that a project's files use.

use std::collections::BTreeMap;

use crate::assemble::assembler::{Assembler, Settings};
use crate::find::files::Files;
use crate::find::locate::{self, Environment};
use crate::find::name;
use crate::interpolate::template;
use crate::load::read_inputs;
use crate::options::Options;
use crate::report::diagnostic::LoadError;
use crate::report::findings::Report;
use wharf_yaml::{Node, Value};

/// A variable that the files use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whether a use of it fails without a value (`${V:?}`).
    pub required: bool,
    /// The default that a use gives (`${V:-default}`).
    pub default: Option<String>,
    /// What a use puts in its place if it is set (`${V:+other}`).
    pub alternate: Option<String>,
}

/// Lists the variables in the files that `options` name, by name; those of included and extended files are not looked at.
///
/// # Errors
/// The files cannot be found or read.
pub fn variables(options: &Options) -> Result<Vec<Variable>, LoadError> {
    let mut report = Report::default();
    let files = Files::of(options);
    let mut all: BTreeMap<String, Variable> = BTreeMap::new();
    if let Some(found) = locate::find(options, files, &mut report) {
        let settings = Settings { interpolate: false, resolve_paths: false };
        let mut assembler = Assembler::new(files, &mut report, settings);
        let inputs = read_inputs(options, &found.files, &mut assembler);
        inputs.iter().flat_map(|input| &input.documents).for_each(|document| collect(document, &mut all));
    }
    report.into_result(())?;
    Ok(all.into_values().collect())
}

/// The values that interpolation takes: the environment's, after them those of the env files, and the project's name as
/// `COMPOSE_PROJECT_NAME`.
///
/// # Errors
/// An env file, or the project's files, cannot be found or read.
pub fn environment(options: &Options) -> Result<BTreeMap<String, String>, LoadError> {
    let mut report = Report::default();
    let files = Files::of(options);
    let mut environment = Environment::new();
    if let Some(found) = locate::find(options, files, &mut report) {
        environment = found.environment;
        let settings = Settings { interpolate: false, resolve_paths: false };
        let inputs = read_inputs(options, &found.files, &mut Assembler::new(files, &mut report, settings));
        let (name, _) = name::choose(options, &inputs, &found.dir, &environment, &mut report);
        environment.insert("COMPOSE_PROJECT_NAME".to_owned(), name);
    }
    report.into_result(environment)
}

/// The environment, and after it the values of the env files, where the Compose files have not been read yet. What cannot be
/// found or read is left out: reading the project says so.
pub fn values_of_env_files(options: &Options) -> BTreeMap<String, String> {
    let found = locate::find(options, Files::of(options), &mut Report::default());
    found.map_or_else(|| options.environment.clone(), |found| found.environment)
}

fn collect(node: &Node, all: &mut BTreeMap<String, Variable>) {
    match &node.value {
        Value::Null => {}
        Value::List(list) => list.iter().for_each(|node| collect(node, all)),
        Value::Map(map) => map.values().for_each(|node| collect(node, all)),
        Value::Scalar(scalar) => template::variables(&scalar.text, &mut |found| {
            let variable = all.entry(found.name.to_owned()).or_default();
            found.name.clone_into(&mut variable.name);
            let operand = || Some(found.operand.to_owned());
            match found.operator.trim_start_matches(':') {
                "-" => variable.default = operand(),
                "+" => variable.alternate = operand(),
                "?" => variable.required = true,
                _ => {}
            }
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_listed_with_their_defaults() {
        let options = Options::from_text("services: { web: { image: '${A:-${B:?}}$C', user: '${D+x}' } }");
        let found = variables(&options).expect("the file can be read");
        let names: Vec<_> = found.iter().map(|variable| variable.name.as_str()).collect();
        assert_eq!(names, ["A", "B", "C", "D"]);
        assert_eq!(found[0].default.as_deref(), Some("${B:?}"));
        assert!(found[1].required);
        assert_eq!(found[3].alternate.as_deref(), Some("x"));
    }
}
