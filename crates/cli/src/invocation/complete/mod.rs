//! Completion as `docker` and our own shell scripts ask for it: `__complete compose logs w`.
//!
//! The answer has one line for each candidate, with a description after a tab, and at the end a number that tells the shell
//! what else to offer. Candidates for `--flag=val` are values alone. This is the protocol of Cobra's programs, so `docker`
//! passes it on, and docker compose's scripts can ask wharf.
//!
//! A shell waits for the answer at every press of TAB: nothing is printed but candidates, the engine has a deadline, and what
//! cannot be read offers nothing.

mod known;
mod wanted;

use std::ffi::OsString;

use clap::Command;

use self::known::Known;
use self::wanted::{Wanted, wanted};
use super::Called;

/// A word that may be added, and what it means.
type Candidate = (String, String);

/// What a shell offers besides the candidates: bits of Cobra's directive.
mod directive {
    /// No blank after the candidate.
    pub(super) const NO_SPACE: u8 = 2;
    /// No files.
    pub(super) const NO_FILES: u8 = 4;
    /// Directories.
    pub(super) const DIRECTORIES: u8 = 16;
}

/// The answer for a command line, the last word of which is to be completed.
pub(crate) fn answer(called: Called, command: &Command, words: &[OsString], descriptions: bool) -> String {
    let mut command = command.clone();
    command.build();
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let (last, before) = words.split_last().unwrap_or((&"", &[]));
    let (wanted, last) = wanted(&command, before, last);
    let candidates = Known::new(called, before).candidates(&wanted, last);
    told(&candidates, &wanted, last, descriptions)
}

fn told(candidates: &[Candidate], wanted: &Wanted, last: &str, descriptions: bool) -> String {
    let line = |(word, about): &Candidate| match about.lines().next().filter(|_| descriptions) {
        Some(about) => format!("{word}\t{about}\n"),
        None => format!("{word}\n"),
    };
    // A name with a line break or a tab would be several candidates, and shells print the others as they are.
    let is_one_word = |word: &str| !word.chars().any(char::is_control);
    let fitting = candidates.iter().filter(|(word, _)| word.starts_with(last) && is_one_word(word));
    format!("{}:{}\n", fitting.map(line).collect::<String>(), wanted.directive())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_ends_with_what_the_shell_may_add() {
        let command = crate::command(Called::Plugin);
        let asked = |descriptions| answer(Called::Plugin, &command, &["pau".into()], descriptions);
        assert_eq!(asked(true), "pause\tPause the processes in containers\n:4\n");
        assert_eq!(asked(false), "pause\n:4\n");
    }

    #[test]
    fn names_with_control_characters_are_not_offered() {
        let candidates = ["web", "new\nline", "tab\tabout", "\x1b[31mred"].map(|name| (name.to_owned(), String::new()));
        assert_eq!(told(&candidates, &Wanted::Profile, "", false), "web\n:4\n");
    }
}
