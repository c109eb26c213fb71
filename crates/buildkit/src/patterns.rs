//! Patterns of paths, as `.dockerignore` files and BuildKit write them: the last one that matches a path, or a directory
//! above it, decides; `!` makes an exception.

use globset::{GlobBuilder, GlobMatcher};

/// Patterns in their order.
#[derive(Debug, Default)]
pub struct Patterns(Vec<Pattern>);

#[derive(Debug)]
struct Pattern {
    glob: GlobMatcher,
    /// The parts before the first one with a wildcard.
    fixed: String,
    exception: bool,
}

impl Patterns {
    /// Reads a `.dockerignore` file: a pattern per line, blank lines and comments aside.
    ///
    /// # Errors
    /// A pattern that cannot be understood, with its line.
    pub fn of_ignore_file(text: &str) -> Result<Self, String> {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).enumerate();
        let patterns = lines.filter(|(_, line)| !line.starts_with('#')).map(|(number, line)| {
            Pattern::read(line).map_err(|error| format!(".dockerignore:{}: {error}", number + 1))
        });
        Ok(Patterns(patterns.filter_map(Result::transpose).collect::<Result<_, _>>()?))
    }

    /// Reads patterns.
    ///
    /// # Errors
    /// The first that cannot be understood.
    pub fn read<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let read = |pattern: &str| Pattern::read(pattern.trim()).map_err(|error| error.to_string());
        let patterns = patterns.into_iter().map(read);
        Ok(Patterns(patterns.filter_map(Result::transpose).collect::<Result<_, _>>()?))
    }

    /// Whether a path matches: relative, with `/` between its parts.
    pub fn matches(&self, path: &str) -> bool {
        let above = || path.match_indices('/').map(|(end, _)| &path[..end]).chain([path]);
        let deciding = self.0.iter().rev().find(|pattern| above().any(|part| pattern.glob.is_match(part)));
        deciding.is_some_and(|pattern| !pattern.exception)
    }

    /// Whether a path below `directory` may match although the directory itself does not.
    pub(crate) fn may_match_below(&self, directory: &str) -> bool {
        self.0.iter().any(|pattern| !pattern.exception && pattern.reaches_below(directory))
    }

    /// Whether an exception may concern a path below `directory`.
    pub fn may_except_below(&self, directory: &str) -> bool {
        self.0.iter().any(|pattern| pattern.exception && pattern.reaches_below(directory))
    }
}

impl Pattern {
    /// `None`: it says nothing.
    fn read(line: &str) -> Result<Option<Self>, globset::Error> {
        let (pattern, exception) = match line.strip_prefix('!') {
            Some(rest) => (rest.trim(), true),
            None => (line, false),
        };
        let pattern = pattern.trim_start_matches("./").trim_matches('/');
        if pattern.is_empty() || pattern == "." {
            return Ok(None);
        }
        // Braces mean nothing in these files.
        let escaped: String = pattern
            .chars()
            .flat_map(|character| matches!(character, '{' | '}').then_some('\\').into_iter().chain([character]))
            .collect();
        let glob = GlobBuilder::new(&escaped).literal_separator(true).backslash_escape(true).build()?;
        let fixed: Vec<&str> = pattern.split('/').take_while(|part| !part.contains(['*', '?', '[', '\\'])).collect();
        Ok(Some(Pattern { glob: glob.compile_matcher(), fixed: fixed.join("/"), exception }))
    }

    fn reaches_below(&self, directory: &str) -> bool {
        let is_within = |inner: &str, outer: &str| {
            outer.is_empty() || inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
        };
        is_within(&self.fixed, directory) || is_within(directory, &self.fixed)
    }
}

/// A path as a pattern that matches it alone.
pub fn escaped(path: &str) -> String {
    path.chars()
        .flat_map(|c| matches!(c, '*' | '?' | '[' | ']' | '\\').then_some('\\').into_iter().chain([c]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let text = "# build output\ntarget\n\n**/*.log\n!keep/important.log\n/a{1}/\n";
        let patterns = Patterns::of_ignore_file(text).unwrap();
        for (path, excluded) in [
            ("target", true),
            ("target/debug/wharf", true),
            ("a.log", true),
            ("keep/other.log", true),
            ("keep/important.log", false),
            ("src/main.rs", false),
            ("a{1}/x", true),
            ("a1", false),
        ] {
            assert_eq!(patterns.matches(path), excluded, "{path}");
        }
    }

    #[test]
    fn a_directory_is_left_out_when_nothing_below_it_can_match() {
        let patterns = Patterns::read(["src/lib", "*/x", "!out/keep"]).unwrap();
        let exact = Patterns::read(["src/lib/**", "!out/keep"]).unwrap();
        assert!(patterns.may_match_below("other"));
        assert_eq!(
            ["src", "src/lib", "src/lib/a", "srcs", "out"].map(|path| exact.may_match_below(path)),
            [true, true, true, false, false]
        );
        assert_eq!(
            ["out", "out/keep", "out/other", "src"].map(|path| exact.may_except_below(path)),
            [true, true, false, false]
        );
    }

    #[test]
    fn a_pattern_that_cannot_be_understood_is_named_with_its_line() {
        let error = Patterns::of_ignore_file("target\na[\n").unwrap_err();
        assert!(error.starts_with(".dockerignore:2: "), "{error}");
    }

    #[test]
    fn an_escaped_path_matches_itself_alone() {
        let path = "a*b[c]?\\d";
        let patterns = Patterns::read([escaped(path).as_str()]).unwrap();
        assert!(patterns.matches(path) && !patterns.matches("axb[c]?\\d"));
    }
}
