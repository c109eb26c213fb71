//! Paths that a Dockerfile copies, as patterns: a symbolic link stands for itself and for what it points at.

use std::collections::BTreeSet;

use globset::GlobBuilder;

use crate::folder::Folder;
use crate::patterns::escaped;

/// How many links may lead from one to the next.
const MOST_LINKS: usize = 255;

/// The paths with what their links lead to, all within the folder. `None`: the whole folder is meant.
pub(crate) fn follow(folder: &Folder, paths: &[String]) -> Option<Vec<String>> {
    let mut found = BTreeSet::new();
    for path in paths {
        resolve(folder, &clean(path), &mut found, MOST_LINKS);
    }
    if found.contains("") { None } else { Some(found.into_iter().collect()) }
}

/// Adds `path` and what its links lead to.
fn resolve(folder: &Folder, path: &str, found: &mut BTreeSet<String>, left: usize) {
    let parts: Vec<&str> = path.split('/').collect();
    for end in 1..=parts.len() {
        let here = parts[..end].join("/");
        let targets = targets(folder, &here);
        let is_last = end == parts.len();
        if (is_last || !targets.is_empty()) && !found.insert(here) && !targets.is_empty() {
            return;
        }
        if !targets.is_empty() && left > 0 {
            let rest = parts[end..].join("/");
            for target in targets {
                resolve(folder, &clean(&format!("{target}/{rest}")), found, left - 1);
            }
            // A wildcard stands for names that are no links, too.
            if !has_wildcard(parts[end - 1]) {
                return;
            }
        }
    }
}

/// What the links at `path` point at, from the folder's root. Its last part may have wildcards.
fn targets(folder: &Folder, path: &str) -> Vec<String> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let within = |name: &str| if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
    let names = if has_wildcard(name) {
        let glob = GlobBuilder::new(name).backslash_escape(true).build().map(|glob| glob.compile_matcher());
        let Ok(glob) = glob else { return Vec::new() };
        folder.names(directory).into_iter().filter(|name| glob.is_match(name)).collect()
    } else {
        vec![name.replace('\\', "")]
    };
    let target = |name: String| {
        let link = folder.link(&within(&name))?;
        let target = if link.starts_with('/') { link } else { format!("{directory}/{link}") };
        Some(escaped(&clean(&target)))
    };
    names.into_iter().filter_map(target).collect()
}

/// The path from the folder's root, which `..` does not leave; empty for the root itself.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn has_wildcard(part: &str) -> bool {
    let mut characters = part.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_lead_to_what_they_point_at_and_never_out_of_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        std::fs::create_dir_all(at("real/deep")).unwrap();
        std::fs::write(at("real/deep/file"), "x").unwrap();
        symlink("real", at("link")).unwrap();
        symlink("../../../etc/passwd", at("out")).unwrap();
        symlink("/real/deep", at("rooted")).unwrap();
        symlink("two", at("one")).unwrap();
        symlink("one", at("two")).unwrap();
        let folder = Folder::Directory(root.path().to_owned());
        let found = |path: &str| follow(&folder, &[path.to_owned()]).unwrap_or_else(|| vec!["(all)".to_owned()]);
        assert_eq!(found("real/deep/file"), ["real/deep/file"]);
        assert_eq!(found("link/deep/file"), ["link", "real/deep/file"]);
        assert_eq!(found("../../rooted/file"), ["real/deep/file", "rooted"]);
        assert_eq!(found("out"), ["etc/passwd", "out"]);
        assert_eq!(found("one"), ["one", "two"]);
        assert_eq!(found("l*k/deep"), ["l*k", "l*k/deep", "real/deep"]);
        assert_eq!(found("."), ["(all)"]);
    }
}
