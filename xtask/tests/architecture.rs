//! Checks `docs/architecture.md`: its folders exist, and its arrows are those of the workspace.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by its panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

type Arrows = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The part of the page from a marker to the next heading.
fn section(marker: &str) -> String {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, rest) = page.split_once(marker).unwrap_or_else(|| panic!("no `{marker}` on the page"));
    rest.split("\n## ").next().unwrap().to_owned()
}

#[test]
fn every_path_on_the_page_is_there_and_every_crate_is_on_the_page() {
    let page = section("<!-- folders:");
    let paths: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    for path in &paths {
        assert!(root().join(path).exists(), "{path} is on the page and not there");
    }
    for folder in fs::read_dir(root().join("crates")).unwrap() {
        let path = format!("crates/{}/", folder.unwrap().file_name().to_str().unwrap());
        assert!(paths.contains(path.as_str()), "{path} is not on the page");
    }
}

#[test]
fn the_arrows_on_the_page_are_those_of_the_workspace() {
    let drawn: Arrows = section("<!-- arrows:")
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_once("->"))
        .map(|(from, to)| (from.trim().to_owned(), to.split_whitespace().map(str::to_owned).collect()))
        .collect();
    assert_eq!(drawn, dependencies());
}

/// The packages of the workspace that each package depends on, without dev-dependencies.
fn dependencies() -> Arrows {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    packages
        .iter()
        .map(|package| {
            let uses = package["dependencies"].as_array().unwrap().iter();
            let of_ours = uses.filter(|used| used["kind"] != "dev").map(name).filter(|used| ours.contains(used));
            (name(package), of_ours.collect())
        })
        .collect()
}
