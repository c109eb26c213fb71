//! What rules do, and where their faults are.

use super::Rules;
use crate::yaml::{self, ConfigError};
use wharf_loki::Labels;

fn rules(text: &str) -> Result<Rules, Vec<ConfigError>> {
    Rules::from_config(&yaml::read(text).unwrap())
}

fn apply(text: &str, pairs: &[(&str, &str)]) -> Option<String> {
    let labels = Labels::new(pairs.iter().map(|(name, value)| (*name, *value))).unwrap();
    rules(text).unwrap().apply(&labels).map(|labels| labels.to_string())
}

#[test]
fn a_replacement_takes_groups_and_an_empty_one_removes() {
    let text = "[{source_labels: [a, b], regex: '(.*);(?P<second>.*)', target_label: c, replacement: '${second}-$1'}]";
    assert_eq!(apply(text, &[("a", "x"), ("b", "y")]), Some(r#"{a="x", b="y", c="y-x"}"#.to_owned()));
    assert_eq!(apply("[{target_label: a, replacement: ''}]", &[("a", "x")]), Some("{}".to_owned()));
}

#[test]
fn expressions_match_whole_values_without_line_breaks() {
    assert_eq!(apply("[{source_labels: [a], regex: b, action: keep}]", &[("a", "abc")]), None);
    assert_eq!(apply("[{source_labels: [a], regex: 'a.c', action: keep}]", &[("a", "a\nc")]), None);
}

#[test]
fn hashmod_is_prometheus_own() {
    let text = "[{source_labels: [c], target_label: d, action: hashmod, modulus: 1000}]";
    assert_eq!(apply(text, &[("c", "baz")]), Some(r#"{c="baz", d="976"}"#.to_owned()));
}

#[test]
fn labelmap_copies_and_labelkeep_drops_the_rest() {
    let text = "[{regex: '__meta_(.*)', action: labelmap}, {regex: 'x|y', action: labelkeep}]";
    assert_eq!(apply(text, &[("__meta_x", "1"), ("y", "2"), ("z", "3")]), Some(r#"{x="1", y="2"}"#.to_owned()));
}

#[test]
fn all_faults_are_told_with_their_places() {
    let text = "- action: replace\n- {source_labels: [a-b], target_label: c}\n- {regexp: x, target_label: c}\n- {regex: '(', action: drop}\n";
    let errors = rules(text).unwrap_err();
    let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "1:3: `replace` needs a `target_label`",
            "2:20: `a-b` is not a label name",
            "3:4: a relabelling rule has no field `regexp`",
            "4:11: `(` is not a regular expression: missing closing )",
        ]
    );
}
