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

impl Lack {
    /// What a person can do about it.
    pub const HELP: &'static str =
        "a `# syntax=docker/dockerfile:1` line at the top makes the engine load a newer frontend from Docker Hub";

    /// What the engine of a version (`20.10.24`) does not know, in one sentence.
    pub fn message(&self, engine: &str) -> String {
        format!("Docker Engine {engine} does not know {}; {} and later do", self.feature, self.needs)
    }
}

/// A version of the engine: major and minor.
type Version = (u32, u32);

/// The first engine that has heredocs.
const HEREDOCS: Version = (23, 0);
/// The first engine that has secrets as variables of a command.
const SECRETS_AS_VARIABLES: Version = (27, 3);
/// The first engine that has a flag of an instruction.
const FLAGS: [(&str, &str, Version); 10] = [
    ("RUN", "--network", (23, 0)),
    ("COPY", "--link", (23, 0)),
    ("ADD", "--link", (23, 0)),
    ("ADD", "--keep-git-dir", (25, 0)),
    ("ADD", "--checksum", (25, 0)),
    ("HEALTHCHECK", "--start-interval", (25, 0)),
    ("ADD", "--unpack", (28, 3)),
    ("COPY", "--exclude", (28, 5)),
    ("ADD", "--exclude", (28, 5)),
    ("COPY", "--parents", (29, 1)),
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
    for Instruction { line, text } in instructions(dockerfile) {
        let mut words = text.split_whitespace();
        let Some(keyword) = words.next().map(str::to_uppercase) else { continue };
        let mut lack = |feature: String, since: Version| {
            if is_older(engine, since) {
                found.push(Lack { line, feature, needs: format!("{}.{}", since.0, since.1) });
            }
        };
        for flag in words.take_while(|word| word.starts_with("--")) {
            let name = flag.split('=').next().unwrap_or(flag);
            if let Some((_, _, since)) = FLAGS.iter().find(|(of, known, _)| *of == keyword && *known == name) {
                lack(format!("`{keyword} {name}`"), *since);
            }
            let mut mount = flag.strip_prefix("--mount=").unwrap_or_default().split(',');
            if mount.clone().any(|part| part == "type=secret") && mount.any(|part| part.starts_with("env=")) {
                lack("`RUN --mount=type=secret,env=`".to_owned(), SECRETS_AS_VARIABLES);
            }
        }
        if may_have_heredocs(&keyword) && !heredocs(&text).is_empty() {
            lack("heredocs (`<<`)".to_owned(), HEREDOCS);
        }
    }
    found
}

/// The line, from 1, of the instruction that a step of a build carries out, by the step's name: `[2/4] RUN make`. `None`: it
/// is not known, or several are the same.
pub fn line_of_step(dockerfile: &str, step: &str) -> Option<usize> {
    let in_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let image = step.strip_prefix("[internal] load metadata for ");
    let (_, own) = step.split_once("] ")?;
    let own = in_one_line(own);
    let is_it = |instruction: &Instruction| match image {
        // The step has the image's full name.
        Some(image) => {
            let mut words = instruction.text.split_whitespace().filter(|word| !word.starts_with("--"));
            let is_from = words.next().is_some_and(|keyword| keyword.eq_ignore_ascii_case("FROM"));
            let named = words.next().unwrap_or_default();
            is_from
                && !named.is_empty()
                && [image, image.trim_end_matches(":latest")].iter().any(|image| image.ends_with(named))
        }
        None => in_one_line(&instruction.text) == own,
    };
    let mut found = instructions(dockerfile).into_iter().filter(is_it);
    found.next().filter(|_| found.next().is_none()).map(|instruction| instruction.line)
}

/// An instruction in one line, and the line that it begins in, from 1.
struct Instruction {
    line: usize,
    text: String,
}

/// The instructions of a Dockerfile, without comments and the bodies of heredocs.
fn instructions(dockerfile: &str) -> Vec<Instruction> {
    let mut found = Vec::new();
    let mut lines = dockerfile.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let mut text = line.trim().to_owned();
        if text.starts_with('#') {
            continue;
        }
        while text.ends_with('\\')
            && let Some((_, next)) = lines.next()
        {
            text.pop();
            let next = next.trim();
            if next.starts_with('#') {
                text.push('\\');
            } else {
                text.push(' ');
                text.push_str(next);
            }
        }
        let keyword = text.split_whitespace().next().unwrap_or_default().to_uppercase();
        if may_have_heredocs(&keyword) {
            for end in heredocs(&text) {
                lines.by_ref().find(|(_, line)| line.trim_start_matches('\t') == end);
            }
        }
        if !keyword.is_empty() {
            found.push(Instruction { line: index + 1, text });
        }
    }
    found
}

fn may_have_heredocs(keyword: &str) -> bool {
    matches!(keyword, "RUN" | "COPY" | "ADD")
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
        let secret = "FROM x\nRUN --mount=type=secret,id=a,env=A --mount=type=cache,target=/env=b true\n";
        let shown_of_secret =
            |engine| lacks(secret, engine).into_iter().map(|lack| lack.message(engine)).collect::<Vec<_>>();
        assert_eq!(
            shown_of_secret("27.2.1"),
            ["Docker Engine 27.2.1 does not know `RUN --mount=type=secret,env=`; 27.3 and later do"]
        );
        assert_eq!(shown_of_secret("27.3.0"), [""; 0]);
        assert_eq!(shown("28.5.2"), [""; 0]);
        assert_eq!(shown("dev"), [""; 0]);
    }

    #[test]
    fn a_step_is_found_by_its_name_if_it_is_the_only_one() {
        let dockerfile = "FROM debian AS base\nRUN a && \\\n  b\nRUN same\nFROM --platform=x shop/base:1\nRUN same\n";
        let line = |step| line_of_step(dockerfile, step);
        assert_eq!(line("[base 2/3] RUN a && b"), Some(2));
        assert_eq!(line("[base 3/3] RUN same"), None);
        assert_eq!(line("[internal] load metadata for docker.io/library/debian:latest"), Some(1));
        assert_eq!(line("[internal] load metadata for docker.io/shop/base:1"), Some(5));
        assert_eq!(line("exporting to image"), None);
    }

    #[test]
    fn a_syntax_line_counts_at_the_top_only() {
        assert_eq!(syntax_line("# syntax=docker/dockerfile:1\nFROM x"), Some((1, "docker/dockerfile:1".to_owned())));
        assert_eq!(syntax_line("# escape=`\n#syntax = a/b\nFROM x"), Some((2, "a/b".to_owned())));
        assert_eq!(syntax_line("# a comment\n# syntax=a\nFROM x"), None);
        assert_eq!(syntax_line("FROM x\n# syntax=a\n"), None);
    }
}
