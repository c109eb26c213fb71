//! Completion as `docker` and the shell scripts of its programs ask for it: `__complete compose logs w`.
//!
//! The answer is one line for each candidate, with a description after a tab, and at the end a number that tells the shell
//! what else to offer.

use std::ffi::OsString;

use clap::{Arg, Command, Parser};

use super::Called;
use crate::Cli;
use crate::session::Session;

/// The shell offers files.
const FILES: u8 = 0;
/// The shell offers nothing else.
const NOTHING_ELSE: u8 = 4;
/// The shell offers directories.
const DIRECTORIES: u8 = 16;

/// The answer for a command line, the last word of which is to be completed.
pub(crate) fn answer(called: Called, command: &Command, words: &[OsString], descriptions: bool) -> String {
    let mut command = command.clone();
    command.build();
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let (last, before) = words.split_last().unwrap_or((&"", &[]));
    let (candidates, directive) = candidates(&command, before, last, || services(called, &command, before));
    let line = |(word, about): &(String, String)| match descriptions && !about.is_empty() {
        true => format!("{word}\t{about}\n"),
        false => format!("{word}\n"),
    };
    let fitting = candidates.iter().filter(|(word, _)| word.starts_with(last));
    format!("{}:{directive}\n", fitting.map(line).collect::<String>())
}

type Candidates = (Vec<(String, String)>, u8);

fn candidates(command: &Command, before: &[&str], last: &str, services: impl Fn() -> Vec<String>) -> Candidates {
    let (verb, pending) = position(command, before);
    if let Some(flag) = pending {
        return values(flag, services);
    }
    if last.starts_with('-') {
        let shown = verb.get_arguments().filter(|flag| !flag.is_hide_set());
        let long = shown.filter_map(|flag| Some((format!("--{}", flag.get_long()?), help(flag.get_help()))));
        return (long.collect(), NOTHING_ELSE);
    }
    if verb.has_subcommands() {
        let shown = verb.get_subcommands().filter(|verb| !verb.is_hide_set());
        return (shown.map(|verb| (verb.get_name().to_owned(), help(verb.get_about()))).collect(), NOTHING_ELSE);
    }
    match verb.get_positionals().next() {
        Some(argument) => values(argument, services),
        None => (Vec::new(), NOTHING_ELSE),
    }
}

/// The verb that the words lead to, and the flag whose value comes next.
fn position<'c>(command: &'c Command, words: &[&str]) -> (&'c Command, Option<&'c Arg>) {
    let (mut verb, mut pending) = (command, None);
    for word in words {
        if pending.take().is_some() {
            continue;
        }
        match verb.find_subcommand(word) {
            Some(found) => verb = found,
            None => pending = flag(verb, word),
        }
    }
    (verb, pending)
}

/// The flag that a word is, if its value is the next word.
fn flag<'c>(verb: &'c Command, word: &str) -> Option<&'c Arg> {
    let mut flags = verb.get_arguments().filter(|flag| flag.get_action().takes_values());
    match word.strip_prefix("--") {
        Some(long) => flags.find(|flag| flag.get_long() == Some(long) && !flag.is_require_equals_set()),
        None => {
            let short = word.strip_prefix('-')?.chars().last();
            flags.find(|flag| flag.get_short() == short && short.is_some() && !flag.is_require_equals_set())
        }
    }
}

/// What an argument may be.
fn values(argument: &Arg, services: impl Fn() -> Vec<String>) -> Candidates {
    let possible = argument.get_possible_values();
    if !possible.is_empty() {
        let values = possible.iter().filter(|value| !value.is_hide_set());
        return (values.map(|value| (value.get_name().to_owned(), help(value.get_help()))).collect(), NOTHING_ELSE);
    }
    match argument.get_value_names().map_or("", |names| names[0].as_str()) {
        "SERVICE" | "SERVICES" => (services().into_iter().map(|name| (name, String::new())).collect(), NOTHING_ELSE),
        "DIR" => (Vec::new(), DIRECTORIES),
        "FILE" | "COMMAND" | "SOURCE" | "TARGET" => (Vec::new(), FILES),
        _ => (Vec::new(), NOTHING_ELSE),
    }
}

fn help(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

/// The services of the project that the flags before the verb name.
fn services(called: Called, command: &Command, words: &[&str]) -> Vec<String> {
    let verb = words.iter().position(|word| command.find_subcommand(word).is_some()).unwrap_or(words.len());
    let line = std::iter::once("wharf").chain(words[..verb].iter().copied()).chain(["ps"]);
    let Ok(cli) = Cli::try_parse_from(line) else { return Vec::new() };
    let Ok(loaded) = Session::new(called, cli.global).load_quietly() else { return Vec::new() };
    let project = loaded.project;
    project.services.into_keys().chain(project.disabled_services.into_keys()).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn offered(line: &str) -> (Vec<String>, u8) {
        let mut command = Cli::command();
        command.build();
        let words: Vec<&str> = line.split(' ').collect();
        let (last, before) = words.split_last().unwrap();
        let (all, directive) = candidates(&command, before, last, || vec!["db".into(), "web".into()]);
        (all.into_iter().map(|(word, _)| word).filter(|word| word.starts_with(last)).collect(), directive)
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn verbs_flags_values_and_services_are_offered() {
        assert_eq!(offered("res"), (words(&["restart"]), NOTHING_ELSE));
        assert_eq!(offered("-p shop -f x.yaml res"), (words(&["restart"]), NOTHING_ELSE));
        assert_eq!(offered("logs "), (words(&["db", "web"]), NOTHING_ELSE));
        assert_eq!(offered("logs -f -n 5 w"), (words(&["web"]), NOTHING_ELSE));
        assert_eq!(offered("exec d"), (words(&["db"]), NOTHING_ELSE));
        assert_eq!(offered("up --exit-code-from d"), (words(&["db"]), NOTHING_ELSE));
        assert_eq!(offered("up --detac"), (words(&["--detach"]), NOTHING_ELSE));
        assert_eq!(offered("--progress js"), (words(&["json"]), NOTHING_ELSE));
        assert_eq!(offered("-f "), (words(&[]), FILES));
    }

    #[test]
    fn the_answer_ends_with_what_the_shell_may_add() {
        let command = Cli::command();
        let asked = |descriptions| answer(Called::Plugin, &command, &["pau".into()], descriptions);
        assert_eq!(asked(true), "pause\tPause the processes in containers\n:4\n");
        assert_eq!(asked(false), "pause\n:4\n");
    }
}
