//! What of a Dockerfile an engine's built-in frontend does not understand yet. The engine's own errors name what it read
//! instead ("unknown instruction: ECHO"), not what it lacks.
//!
//! The versions are those of the frontend's release notes and of the engines that contain them.

/// Something that an engine lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// The Dockerfile's line, from 1.
    pub line: usize,
    /// What is used there: `heredocs`.
    pub feature: String,
    /// The first engine that has it: `23.0`.
    pub needs: String,
}

/// A version of the engine: major and minor.
type Version = (u32, u32);

/// The first engine that has heredocs.
const HEREDOCS: Version = (23, 0);
/// The first engine that has a flag of an instruction.
const FLAGS: [(&str, &str, Version); 9] = [
    ("COPY", "--link", (23, 0)),
    ("ADD", "--link", (23, 0)),
    ("ADD", "--keep-git-dir", (25, 0)),
    ("ADD", "--checksum", (25, 0)),
    ("HEALTHCHECK", "--start-interval", (25, 0)),
    ("ADD", "--unpack", (28, 2)),
    ("COPY", "--exclude", (28, 3)),
    ("ADD", "--exclude", (28, 3)),
    ("COPY", "--parents", (28, 4)),
];

/// Whether an engine's version (`20.10.24`) is older than another. One that cannot be read is not.
pub fn is_older(engine: &str, than: Version) -> bool {
    let mut parts = engine.split('.').map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) < than,
        _ => false,
    }
}

/// What of a Dockerfile the engine of a version (`20.10.24`) lacks, in the order of its lines.
pub fn lacks(dockerfile: &str, engine: &str) -> Vec<Lack> {
    let mut found = Vec::new();
    let mut lines = dockerfile.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let mut instruction = line.trim().to_owned();
        if instruction.starts_with('#') {
            continue;
        }
        while instruction.ends_with('\\')
            && let Some((_, next)) = lines.next()
        {
            instruction.pop();
            let next = next.trim();
            if next.starts_with('#') {
                instruction.push('\\');
            } else {
                instruction.push(' ');
                instruction.push_str(next);
            }
        }
        let mut words = instruction.split_whitespace();
        let Some(keyword) = words.next().map(str::to_uppercase) else { continue };
        let mut lack = |feature: String, since: Version| {
            if is_older(engine, since) {
                found.push(Lack { line: index + 1, feature, needs: format!("{}.{}", since.0, since.1) });
            }
        };
        for flag in words.take_while(|word| word.starts_with("--")) {
            let name = flag.split('=').next().unwrap_or(flag);
            if let Some((_, _, since)) = FLAGS.iter().find(|(of, known, _)| *of == keyword && *known == name) {
                lack(format!("`{keyword} {name}`"), *since);
            }
        }
        if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") {
            let ends = heredocs(&instruction);
            if !ends.is_empty() {
                lack("heredocs (`<<`)".to_owned(), HEREDOCS);
            }
            for end in ends {
                lines.by_ref().find(|(_, line)| line.trim_start_matches('\t') == end);
            }
        }
    }
    found
}

/// The words that end the heredocs which an instruction begins.
fn heredocs(instruction: &str) -> Vec<String> {
    let mut ends = Vec::new();
    let mut rest = instruction;
    while let Some((before, after)) = rest.split_once("<<") {
        rest = after;
        // `<<<` is a string of the shell, `1<<2` is arithmetic.
        let begins =
            before.is_empty() || before.ends_with([' ', '\t']) || before.ends_with(|c: char| c.is_ascii_digit());
        let word = after.trim_start_matches('-').trim_start_matches(['"', '\'']);
        let length = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
        if begins && length > 0 && !word.starts_with(|c: char| c.is_ascii_digit()) {
            ends.push(word[..length].to_owned());
        }
    }
    ends
}

/// The line and the image of `# syntax=`, which only counts before everything but other directives.
pub fn syntax_line(dockerfile: &str) -> Option<(usize, String)> {
    for (index, line) in dockerfile.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if index == 0 && line.starts_with("#!") {
            continue;
        }
        let (key, value) = line.strip_prefix('#')?.split_once('=')?;
        match key.trim().to_lowercase().as_str() {
            "syntax" => return Some((index + 1, value.trim().to_owned())),
            key if key.is_empty() || key.contains(char::is_whitespace) => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_lacks_is_named_with_its_line() {
        let dockerfile = "FROM debian\n\
                          # COPY --link in a comment\n\
                          COPY --chmod=755 --link a b\n\
                          RUN <<EOF\n\
                          COPY --link is not an instruction here\n\
                          EOF\n\
                          RUN echo $((1<<2)) && \\\n  cat <<< word\n\
                          COPY <<-\"ONE\" <<TWO /x/\n\tONE\nTWO\n\
                          ADD \\\n  --checksum=sha256:1 https://x /\n";
        let shown = |engine| -> Vec<String> {
            let lacks = lacks(dockerfile, engine).into_iter();
            lacks.map(|lack| format!("{} {} {}", lack.line, lack.feature, lack.needs)).collect()
        };
        assert_eq!(
            shown("20.10.24+dfsg1"),
            ["3 `COPY --link` 23.0", "4 heredocs (`<<`) 23.0", "9 heredocs (`<<`) 23.0", "12 `ADD --checksum` 25.0"]
        );
        assert_eq!(shown("24.0.1"), ["12 `ADD --checksum` 25.0"]);
        assert_eq!(shown("28.5.2"), [""; 0]);
        assert_eq!(shown("dev"), [""; 0]);
    }

    #[test]
    fn a_syntax_line_counts_at_the_top_only() {
        assert_eq!(syntax_line("# syntax=docker/dockerfile:1\nFROM x"), Some((1, "docker/dockerfile:1".to_owned())));
        assert_eq!(syntax_line("# escape=`\n#syntax = a/b\nFROM x"), Some((2, "a/b".to_owned())));
        assert_eq!(syntax_line("# a comment\n# syntax=a\nFROM x"), None);
        assert_eq!(syntax_line("FROM x\n# syntax=a\n"), None);
    }
}
