//! Reading and checking of rules, as Prometheus' `relabel.Config` does it.

use wharf_go::regexp::{self, Regex, Replacement};
use wharf_loki::labels::is_label_name;

use super::{Action, Rule, Rules};
use crate::yaml::{ConfigError, ErrorAt as _, Kind, Map, Node, Scalar, Value};

const FIELDS: [&str; 7] = ["source_labels", "separator", "regex", "modulus", "target_label", "replacement", "action"];
const DEFAULT_REGEX: &str = "(.*)";
const DEFAULT_REPLACEMENT: &str = "$1";

impl Rules {
    /// Reads a `relabel_configs` list; null is an empty one.
    ///
    /// # Errors
    ///
    /// All that Prometheus refuses, each with its place.
    pub fn from_config(config: &Node) -> Result<Self, Vec<ConfigError>> {
        let list = match &config.value {
            Value::Null => return Ok(Self::default()),
            Value::List(list) => list,
            _ => return Err(vec![config.error("relabelling rules are a list: begin each with `-`")]),
        };
        let (mut rules, mut errors) = (Vec::new(), Vec::new());
        for node in list {
            match rule(node) {
                Ok(rule) => rules.push(rule),
                Err(mut faults) => errors.append(&mut faults),
            }
        }
        if errors.is_empty() { Ok(Self(rules)) } else { Err(errors) }
    }
}

/// A rule as it is written, defaults filled in.
struct Draft<'n> {
    node: &'n Node,
    map: &'n Map,
    source_labels: Vec<String>,
    separator: String,
    regex: Option<String>,
    modulus: u64,
    target: String,
    replacement: String,
}

fn rule(node: &Node) -> Result<Rule, Vec<ConfigError>> {
    let map = match &node.value {
        Value::Map(map) => map,
        _ => return Err(vec![node.error("a relabelling rule is a mapping, as `source_labels: [...]`")]),
    };
    let mut errors: Vec<_> = map
        .iter()
        .filter(|(name, _)| !FIELDS.contains(&name.as_str()))
        .map(|(name, field)| field.key.error(format!("a relabelling rule has no field `{name}`")))
        .collect();
    let mut text = |name: &str, default: &str| field_text(map, name, default).map_err(|error| errors.push(error));
    let separator = text("separator", ";");
    let target = text("target_label", "");
    let replacement = text("replacement", DEFAULT_REPLACEMENT);
    let action = text("action", "replace");
    let regex = if map.contains_key("regex") { text("regex", "").map(Some) } else { Ok(None) };
    let source_labels = source_labels(map).map_err(|mut faults| errors.append(&mut faults));
    let modulus = modulus(map).map_err(|error| errors.push(error));
    let (Ok(separator), Ok(target), Ok(replacement), Ok(action), Ok(regex), Ok(source_labels), Ok(modulus)) =
        (separator, target, replacement, action, regex, source_labels, modulus)
    else {
        return Err(errors);
    };
    let draft = Draft { node, map, source_labels, separator, regex, modulus, target, replacement };
    match draft.action(&action.to_lowercase()) {
        Ok(action) if errors.is_empty() => Ok(Rule {
            source_labels: draft.source_labels.iter().map(|name| name.as_str().into()).collect(),
            separator: draft.separator,
            action,
        }),
        Ok(_) => Err(errors),
        Err(error) => {
            errors.push(error);
            Err(errors)
        }
    }
}

/// A text field. Numbers and booleans count as they are written; null is the empty text.
fn field_text(map: &Map, name: &str, default: &str) -> Result<String, ConfigError> {
    match map.get(name) {
        None => Ok(default.to_owned()),
        Some(node) => match &node.value {
            Value::Null => Ok(String::new()),
            Value::Scalar(scalar) => Ok(scalar.text.clone()),
            _ => Err(node.error(format!("`{name}` must be a text"))),
        },
    }
}

fn source_labels(map: &Map) -> Result<Vec<String>, Vec<ConfigError>> {
    let Some(node) = map.get("source_labels") else { return Ok(Vec::new()) };
    let list = match &node.value {
        Value::Null => return Ok(Vec::new()),
        Value::List(list) => list,
        _ => return Err(vec![node.error("`source_labels` must be a list, as `[__meta_docker_container_name]`")]),
    };
    let (mut names, mut errors) = (Vec::new(), Vec::new());
    for item in list {
        match item.as_text() {
            Some(name) if is_label_name(name) => names.push(name.to_owned()),
            name => errors.push(item.error(format!("`{}` is not a label name", name.unwrap_or_default()))),
        }
    }
    if errors.is_empty() { Ok(names) } else { Err(errors) }
}

fn modulus(map: &Map) -> Result<u64, ConfigError> {
    let Some(node) = map.get("modulus") else { return Ok(0) };
    match &node.value {
        Value::Null => Ok(0),
        Value::Scalar(Scalar { kind: Kind::UInt(number), .. }) => Ok(*number),
        Value::Scalar(Scalar { kind: Kind::Int(number), .. }) if *number >= 0 => Ok(number.unsigned_abs()),
        Value::Scalar(Scalar { kind: Kind::Float(number), .. }) if *number >= 0.0 => Ok(*number as u64),
        _ => Err(node.error("`modulus` must be a whole number, and not below 0")),
    }
}

/// A label name, or one with references to groups: `^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$`.
fn is_target_template(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    let mut begun = false;
    while let Some(c) = rest.chars().next() {
        if let Some(reference) = rest.strip_prefix('$') {
            let name = reference.strip_prefix('{').unwrap_or(reference);
            let end = name.find(|c| !word(c)).unwrap_or(name.len());
            let braced = reference.starts_with('{');
            if end == 0 || (braced && !name[end..].starts_with('}')) {
                return false;
            }
            rest = &name[end + usize::from(braced)..];
        } else if c.is_ascii_alphabetic() || c == '_' || (begun && c.is_ascii_digit()) {
            rest = &rest[1..];
        } else {
            return false;
        }
        begun = true;
    }
    begun
}

impl Draft<'_> {
    fn action(&self, action: &str) -> Result<Action, ConfigError> {
        let name = action;
        let action = match action {
            "replace" => {
                let template = if self.target.contains('$') { is_target_template } else { is_label_name };
                self.require_target(name, template)?;
                Action::Replace {
                    regex: self.regex()?,
                    target: Replacement::new(&self.target),
                    replacement: Replacement::new(&self.replacement),
                }
            }
            "keep" => Action::Keep(self.regex()?),
            "drop" => Action::Drop(self.regex()?),
            "keepequal" | "dropequal" => {
                self.require_target(name, is_label_name)?;
                self.refuse_others(name, &["source_labels", "target_label"])?;
                let target = self.target.clone();
                if name == "keepequal" { Action::KeepEqual(target) } else { Action::DropEqual(target) }
            }
            "hashmod" => {
                if self.modulus == 0 {
                    return Err(self.at("modulus").error("`hashmod` needs a `modulus` above 0"));
                }
                self.require_target(name, is_label_name)?;
                Action::HashMod { target: self.target.as_str().into(), modulus: self.modulus }
            }
            "labelmap" => {
                if !is_target_template(&self.replacement) {
                    let message = format!("`{}` is not a `replacement` that gives a label name", self.replacement);
                    return Err(self.at("replacement").error(message));
                }
                Action::LabelMap { regex: self.regex()?, replacement: Replacement::new(&self.replacement) }
            }
            "labeldrop" | "labelkeep" => {
                self.refuse_others(name, &["regex"])?;
                let regex = self.regex()?;
                if name == "labeldrop" { Action::LabelDrop(regex) } else { Action::LabelKeep(regex) }
            }
            "lowercase" | "uppercase" => {
                self.require_target(name, is_label_name)?;
                if self.replacement != DEFAULT_REPLACEMENT {
                    return Err(self.at("replacement").error(format!("`{name}` takes no `replacement`")));
                }
                let target = self.target.as_str().into();
                if name == "lowercase" { Action::Lowercase(target) } else { Action::Uppercase(target) }
            }
            _ => {
                return Err(self.at("action").error(format!(
                    "`{name}` is not a relabelling action: replace, keep, drop, keepequal, dropequal, hashmod, labelmap, \
                     labeldrop, labelkeep, lowercase or uppercase"
                )));
            }
        };
        // The expression is checked even where the action does not use it.
        self.regex()?;
        Ok(action)
    }

    /// The node of a field, or the rule.
    fn at(&self, field: &str) -> &Node {
        self.map.get(field).unwrap_or(self.node)
    }

    fn regex(&self) -> Result<Regex, ConfigError> {
        let expression = self.regex.as_deref().unwrap_or(DEFAULT_REGEX);
        regexp::compile_anchored(expression).map_err(|error| self.at("regex").error(error.to_string()))
    }

    fn require_target(&self, action: &str, is_valid: fn(&str) -> bool) -> Result<(), ConfigError> {
        if self.target.is_empty() {
            return Err(self.at("target_label").error(format!("`{action}` needs a `target_label`")));
        }
        if !is_valid(&self.target) {
            let message = format!("`{}` is not a `target_label` for `{action}`", self.target);
            return Err(self.at("target_label").error(message));
        }
        Ok(())
    }

    /// Refuses fields that have no meaning, where they differ from their defaults.
    fn refuse_others(&self, action: &str, allowed: &[&str]) -> Result<(), ConfigError> {
        let set = [
            ("source_labels", self.map.get("source_labels").is_some_and(|field| !field.is_null())),
            ("separator", self.separator != ";"),
            ("regex", self.regex.is_some()),
            ("modulus", self.modulus != 0),
            ("target_label", !self.target.is_empty()),
            ("replacement", self.replacement != DEFAULT_REPLACEMENT),
        ];
        match set.iter().find(|(name, set)| *set && !allowed.contains(name)) {
            Some((name, _)) => {
                let allowed: Vec<_> = allowed.iter().map(|name| format!("`{name}`")).collect();
                let message = format!("`{action}` takes {} only, not `{name}`", allowed.join(" and "));
                Err(self.at(name).error(message))
            }
            None => Ok(()),
        }
    }
}
