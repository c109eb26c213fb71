//! What a provider says about its options (`NAME compose metadata`), if it says anything.

use indexmap::IndexMap;
use serde::Deserialize;
use wharf_compose::model::Concealed;

use super::ProviderAct;

/// The parameters of the commands that a provider has. Empty: it does not tell.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    description: String,
    up: Command,
    down: Command,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Command {
    parameters: Option<Vec<Parameter>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Parameter {
    name: String,
    required: bool,
}

impl Metadata {
    /// Reads what a provider has printed. What cannot be read says nothing.
    pub(super) fn read(output: &[u8]) -> Self {
        serde_json::from_slice(output).unwrap_or_default()
    }

    /// The options as arguments, without those that the command does not have: `up` and `down` take different ones.
    ///
    /// # Errors
    /// The name of a required parameter that is not among the options.
    pub(super) fn arguments(
        &self,
        act: ProviderAct,
        options: &IndexMap<String, Vec<String>>,
    ) -> Result<Vec<Concealed>, String> {
        let command = match act {
            ProviderAct::Up => &self.up,
            ProviderAct::Down => &self.down,
        };
        let says_nothing =
            self.description.is_empty() && self.up.parameters.is_none() && self.down.parameters.is_none();
        let parameters = command.parameters.as_deref().unwrap_or_default();
        if let Some(missing) = parameters.iter().find(|known| known.required && !options.contains_key(&known.name)) {
            return Err(missing.name.clone());
        }
        let taken =
            options.iter().filter(|(key, _)| says_nothing || parameters.iter().any(|known| known.name == **key));
        Ok(taken
            .flat_map(|(key, values)| values.iter().map(move |value| Concealed(format!("--{key}={value}"))))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(metadata: &str, act: ProviderAct) -> Result<Vec<String>, String> {
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let options = IndexMap::from([("size".to_owned(), values(&["10"])), ("zone".to_owned(), values(&["a", "b"]))]);
        let given = Metadata::read(metadata.as_bytes()).arguments(act, &options)?;
        Ok(given.into_iter().map(|argument| argument.0).collect())
    }

    #[test]
    fn a_provider_that_says_nothing_gets_all_options() {
        for nothing in ["", "no JSON", "{}", r#"{"up": {"parameters": null}}"#, "[]"] {
            assert_eq!(arguments(nothing, ProviderAct::Up).unwrap(), ["--size=10", "--zone=a", "--zone=b"]);
        }
    }

    #[test]
    fn each_command_gets_the_options_that_it_knows_and_asks_for_those_it_requires() {
        let metadata = r#"{"description": "x", "up": {"parameters": [{"name": "size", "required": true}]},
            "down": {"parameters": [{"name": "name", "required": true}]}}"#;
        assert_eq!(arguments(metadata, ProviderAct::Up).unwrap(), ["--size=10"]);
        assert_eq!(arguments(metadata, ProviderAct::Down).unwrap_err(), "name");
        assert!(arguments(r#"{"description": "x"}"#, ProviderAct::Up).unwrap().is_empty());
    }
}
