//! What a mistake on the command line calls for, where more can be said than that it is one.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Called;

/// Verbs of docker compose that wharf does not have, and what does the same.
const ABSENT: [(&str, &str); 5] = [
    ("publish", "`PROGRAM push` publishes images; Compose files are published as files"),
    ("watch", "`PROGRAM up -d --build` applies a change; bind mounts show files at once"),
    ("bridge", "it converts Compose files for Kubernetes; kompose does that, too"),
    ("alpha", "it holds experiments of docker compose"),
    ("generate", "it is an experiment of docker compose"),
];

/// A message that says more than clap's.
pub(crate) fn advice(error: &clap::Error, called: Called, arguments: &[OsString], command: &Command) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => absent(text(ContextKind::InvalidSubcommand)?, called),
        ErrorKind::UnknownArgument => misplaced(text(ContextKind::InvalidArg)?, called, arguments, command),
        _ => None,
    }
}

fn absent(verb: &str, called: Called) -> Option<String> {
    let (_, instead) = ABSENT.iter().find(|(absent, _)| *absent == verb)?;
    let instead = instead.replace("PROGRAM", called.program());
    Some(format!("`{verb}` is not in wharf yet; {instead}"))
}

/// A flag that stands after the verb and belongs before it.
fn misplaced(flag: &str, called: Called, arguments: &[OsString], command: &Command) -> Option<String> {
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
    let is_verb = |word: &&str| command.find_subcommand(word).is_some();
    let verb = words.iter().position(is_verb)?;
    let own = command.find_subcommand(words[verb])?;
    let (mut before, mut after) = (words[..verb].to_vec(), vec![words[verb]]);
    let mut rest = words[verb + 1..].iter().copied();
    let mut found = false;
    while let Some(word) = rest.next() {
        if word == "--" {
            after.push(word);
            break;
        }
        match of_root(word, command).filter(|flag| !has(own, flag)) {
            None => after.push(word),
            Some(root) => {
                found |= root.name == flag;
                before.push(word);
                if root.value_follows {
                    before.extend(rest.next());
                }
            }
        }
    }
    after.extend(rest);
    let line = [vec![called.program()], before, after].concat().join(" ");
    found.then(|| format!("{flag} goes before the verb: {line}"))
}

struct RootFlag<'w> {
    /// With its dashes: `-f`, `--file`.
    name: &'w str,
    /// Its value is the next word.
    value_follows: bool,
}

/// The flag that a word is, if only the command itself takes it.
fn of_root<'w>(word: &'w str, command: &Command) -> Option<RootFlag<'w>> {
    let name = match word.strip_prefix("--") {
        Some(long) => &word[..2 + long.find('=').unwrap_or(long.len())],
        None => word.get(..2).filter(|short| short.starts_with('-'))?,
    };
    let flag = command.get_arguments().find(|flag| !flag.is_global_set() && is_called(flag, name))?;
    let value_follows = flag.get_action().takes_values() && word.len() == name.len();
    Some(RootFlag { name, value_follows })
}

fn is_called(flag: &clap::Arg, name: &str) -> bool {
    match name.strip_prefix("--") {
        Some(long) => flag.get_long() == Some(long),
        None => flag.get_short().is_some_and(|short| name.strip_prefix('-') == Some(&short.to_string())),
    }
}

fn has(verb: &Command, flag: &RootFlag<'_>) -> bool {
    verb.get_arguments().any(|own| is_called(own, flag.name))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::Cli;

    /// What is said to a mistaken command line.
    fn said(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let command = Cli::command();
        let error = command.clone().try_get_matches_from(&words).unwrap_err();
        advice(&error, Called::Wharf, &words[1..], &command).unwrap_or_default()
    }

    #[test]
    fn a_verb_that_is_not_there_says_what_does_the_same() {
        assert_eq!(
            said("wharf bridge"),
            "`bridge` is not in wharf yet; it converts Compose files for Kubernetes; kompose does that, too"
        );
        assert_eq!(
            said("wharf watch web"),
            "`watch` is not in wharf yet; `wharf up -d --build` applies a change; bind mounts show files at once"
        );
        assert_eq!(said("wharf pusch"), "");
    }

    #[test]
    fn the_table_of_absent_verbs_holds_none_that_is_there() {
        for (verb, _) in ABSENT {
            assert!(Cli::command().find_subcommand(verb).is_none(), "{verb}");
        }
    }

    #[test]
    fn a_flag_after_the_verb_is_shown_before_it() {
        assert_eq!(said("wharf up -f x"), "-f goes before the verb: wharf -f x up");
        assert_eq!(
            said("wharf --profile a up -d --file=x -p y web"),
            "--file goes before the verb: wharf --profile a --file=x -p y up -d web"
        );
        assert_eq!(said("wharf logs -f -pshop web"), "-p goes before the verb: wharf -pshop logs -f web");
        assert_eq!(said("wharf up --nonsense"), "");
    }
}
