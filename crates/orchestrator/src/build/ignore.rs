//! `.dockerignore` files.

use globset::{GlobBuilder, GlobMatcher};

/// The rules of a `.dockerignore` file: the last one that matches a path, or a directory above it, decides.
#[derive(Debug)]
pub(crate) struct Ignore {
    rules: Vec<(GlobMatcher, bool)>,
    has_exceptions: bool,
}

impl Ignore {
    /// Reads the rules, one per line.
    ///
    /// # Errors
    /// A pattern that cannot be understood, with its line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Vec::new();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (pattern, exception) = match line.strip_prefix('!') {
                Some(rest) => (rest.trim(), true),
                None => (line, false),
            };
            let pattern = pattern.trim_start_matches("./").trim_matches('/');
            if pattern.is_empty() || pattern == "." {
                continue;
            }
            let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
            let glob = glob.map_err(|error| format!(".dockerignore:{}: {error}", number + 1))?;
            rules.push((glob.compile_matcher(), exception));
        }
        let has_exceptions = rules.iter().any(|(_, exception)| *exception);
        Ok(Ignore { rules, has_exceptions })
    }

    /// Whether a path is excluded: relative to the file's directory, with `/` between its parts.
    pub(crate) fn excludes(&self, path: &str) -> bool {
        let above = || path.match_indices('/').map(|(end, _)| &path[..end]).chain([path]);
        let deciding = self.rules.iter().rev().find(|(glob, _)| above().any(|part| glob.is_match(part)));
        deciding.is_some_and(|(_, exception)| !exception)
    }

    /// Whether an exception may include a path in an excluded directory again.
    pub(crate) fn has_exceptions(&self) -> bool {
        self.has_exceptions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_matches_decides() {
        let ignore = Ignore::parse("# build output\ntarget\n**/*.log\n!keep/important.log\n").unwrap();
        for (path, excluded) in [
            ("target", true),
            ("target/debug/wharf", true),
            ("a.log", true),
            ("keep/other.log", true),
            ("keep/important.log", false),
            ("src/main.rs", false),
        ] {
            assert_eq!(ignore.excludes(path), excluded, "{path}");
        }
        assert!(ignore.has_exceptions());
    }

    #[test]
    fn a_pattern_that_cannot_be_understood_is_named_with_its_line() {
        let error = Ignore::parse("target\na[\n").unwrap_err();
        assert!(error.starts_with(".dockerignore:2: "), "{error}");
    }
}
