//! What a mistake on the command line calls for, where more can be said than that it is one.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Called;

/// Verbs of docker compose that wharf does not have, and what does the same.
const ABSENT: [(&str, &str); 5] = [
    ("publish", "`wharf push` publishes images; Compose files are published as files"),
    ("bridge", "it converts Compose files for Kubernetes; kompose does that, too"),
    ("alpha", "it holds experiments of docker compose"),
    ("generate", "it is an experiment of docker compose"),
    ("viz", "it is an experiment of docker compose"),
];

/// Flags of docker compose that wharf does not have: the verb, the flag, and what does the same.
const ABSENT_FLAGS: [(&str, &str, &str); 2] = [
    ("", "--insecure-registry", "the engine's daemon.json names such registries (`insecure-registries`)"),
    ("build", "--print", "it prints a file for Bake; `wharf config` prints what is built"),
];

/// Verbs of the `docker` command that people look for here.
const OF_DOCKER: [&str; 15] = [
    "container",
    "context",
    "history",
    "image",
    "info",
    "inspect",
    "load",
    "login",
    "network",
    "rename",
    "rmi",
    "save",
    "system",
    "tag",
    "volume",
];

/// A message that says more than clap's.
pub(crate) fn advice(error: &clap::Error, called: Called, arguments: &[OsString], command: &Command) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
    let line = Line { program: called.program(), words: &words, command };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let is_like_another = error.get(ContextKind::SuggestedSubcommand).is_some();
            line.wrong_verb(text(ContextKind::InvalidSubcommand)?, is_like_another)
        }
        ErrorKind::UnknownArgument => line.wrong_flag(text(ContextKind::InvalidArg)?),
        _ => None,
    }
    .map(|text| called.name_in(&text).into_owned())
}

/// Takes away clap's tip to pass an unknown flag as a value (`-- -d`): no name of a service begins with a dash.
pub(crate) fn without_tip(mut error: clap::Error) -> clap::Error {
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::StyledStrs(tips)) = error.get(ContextKind::Suggested)
        && tips.iter().any(|tip| tip.to_string().starts_with("to pass '"))
    {
        error.remove(ContextKind::Suggested);
    }
    error
}

/// A command line with a mistake.
struct Line<'a> {
    program: &'static str,
    words: &'a [&'a str],
    command: &'a Command,
}

impl<'a> Line<'a> {
    fn wrong_verb(&self, verb: &str, is_like_another: bool) -> Option<String> {
        if let Some((_, instead)) = ABSENT.iter().find(|(absent, _)| *absent == verb) {
            return Some(format!("wharf does not have `{verb}`; {instead}"));
        }
        let at = self.words.iter().position(|word| *word == verb)?;
        let (before, rest) = (&self.words[..at], &self.words[at + 1..]);
        if verb == "compose" {
            let line = [&[self.program], before, rest].concat().join(" ");
            return Some(format!("leave `compose` out: {line}"));
        }
        // `wharf web logs`
        if let Some(found) = rest.iter().position(|word| self.is_verb(word)).filter(|_| !is_like_another) {
            let (skipped, after) = (&rest[..found], &rest[found + 1..]);
            let line = [&[self.program], before, &[rest[found], verb], skipped, after].concat().join(" ");
            return Some(format!("the verb comes first: {line}"));
        }
        let docker = OF_DOCKER.contains(&verb);
        docker.then(|| format!("`{verb}` is a verb of docker: {}", [&["docker", verb], rest].concat().join(" ")))
    }

    fn wrong_flag(&self, flag: &str) -> Option<String> {
        let at = self.words.iter().position(|word| self.is_verb(word));
        let verb = at.map_or("", |at| self.words[at]);
        if let Some((.., instead)) =
            ABSENT_FLAGS.iter().find(|(of, absent, _)| *absent == flag && [verb, ""].contains(of))
        {
            return Some(format!("{flag} is not in wharf; {instead}"));
        }
        let own = self.command.find_subcommand(verb)?;
        let before_verb = &self.words[..at?];
        if before_verb.iter().any(|word| is_flag(word, flag)) {
            return self.belongs_after(flag, at?, own);
        }
        self.belongs_before(flag, at?, own).or_else(|| self.of_others(flag, own))
    }

    fn is_verb(&self, word: &str) -> bool {
        self.command.find_subcommand(word).is_some()
    }

    /// A flag that stands before the verb and belongs after it.
    fn belongs_after(&self, flag: &str, at: usize, own: &Command) -> Option<String> {
        let found = own.get_arguments().find(|argument| is_called(argument, flag))?;
        let from = self.words[..at].iter().position(|word| is_flag(word, flag))?;
        let has_value = found.get_action().takes_values() && self.words[from] == flag && from + 1 < at;
        let until = from + 1 + usize::from(has_value);
        let moved = &self.words[from..until];
        let verb = &self.words[at..=at];
        let line = [&[self.program], &self.words[..from], &self.words[until..at], verb, moved, &self.words[at + 1..]];
        Some(format!("{flag} goes after the verb: {}", line.concat().join(" ")))
    }

    /// A flag that stands after the verb and belongs before it.
    fn belongs_before(&self, flag: &str, at: usize, own: &Command) -> Option<String> {
        let (mut before, mut after) = (self.words[..at].to_vec(), vec![self.words[at]]);
        let mut rest = self.words[at + 1..].iter().copied();
        let mut found = false;
        while let Some(word) = rest.next() {
            if word == "--" {
                after.push(word);
                break;
            }
            match of_root(word, self.command).filter(|flag| !has(own, flag)) {
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
        let line = [vec![self.program], before, after].concat().join(" ");
        found.then(|| format!("{flag} goes before the verb: {line}"))
    }

    /// A flag that only other verbs have.
    fn of_others(&self, flag: &str, own: &Command) -> Option<String> {
        let of_verb = |verb: &'a Command| {
            let found = verb.get_arguments().find(|argument| !argument.is_hide_set() && is_called(argument, flag))?;
            Some((format!("`{}`", verb.get_name()), found.get_long()))
        };
        let verbs = self.command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let (others, names): (Vec<String>, Vec<Option<&str>>) = verbs.filter_map(of_verb).unzip();
        // A letter says nothing if it stands for one thing here and for another there.
        if !flag.starts_with("--") && names.iter().any(|name| *name != names[0]) {
            return None;
        }
        let last = others.last()?;
        let names = match &others[..others.len() - 1] {
            [] => format!("{last} has"),
            first => format!("{} and {last} have", first.join(", ")),
        };
        (others.len() <= 3).then(|| format!("`{}` has no {flag}; {names} it", own.get_name()))
    }
}

/// Whether a word gives a flag, with its value or without.
fn is_flag(word: &str, flag: &str) -> bool {
    word == flag || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=') || !flag.starts_with("--"))
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
    use super::*;

    /// What is said to a mistaken command line.
    fn said(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let command = crate::command(Called::Wharf);
        let error = command.clone().try_get_matches_from(&words).unwrap_err();
        advice(&error, Called::Wharf, &words[1..], &command).unwrap_or_default()
    }

    #[test]
    fn a_verb_that_is_not_there_says_what_does_the_same() {
        assert_eq!(
            said("wharf bridge"),
            "wharf does not have `bridge`; it converts Compose files for Kubernetes; kompose does that, too"
        );
        assert_eq!(
            said("wharf publish"),
            "wharf does not have `publish`; `wharf push` publishes images; Compose files are published as files"
        );
        assert_eq!(said("wharf pusch"), "");
    }

    #[test]
    fn the_table_of_absent_verbs_holds_none_that_is_there() {
        for (verb, _) in ABSENT {
            assert!(crate::command(Called::Wharf).find_subcommand(verb).is_none(), "{verb}");
        }
    }

    #[test]
    fn the_table_of_absent_flags_holds_none_that_is_there() {
        let command = crate::command(Called::Wharf);
        for (verb, flag, _) in ABSENT_FLAGS {
            let owner = if verb.is_empty() { &command } else { command.find_subcommand(verb).unwrap() };
            assert!(!owner.get_arguments().any(|argument| is_called(argument, flag)), "{verb} {flag}");
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

    #[test]
    fn a_flag_before_the_verb_is_shown_after_it() {
        assert_eq!(said("wharf -d up"), "-d goes after the verb: wharf up -d");
        assert_eq!(said("wharf -p x --tail 5 logs web"), "--tail goes after the verb: wharf -p x logs --tail 5 web");
        assert_eq!(said("wharf --scale=web=2 up -d"), "--scale goes after the verb: wharf up --scale=web=2 -d");
        assert_eq!(said("wharf --nonsense up"), "");
    }

    #[test]
    fn a_verb_in_the_wrong_place_is_put_first() {
        assert_eq!(said("wharf web logs -f"), "the verb comes first: wharf logs web -f");
        assert_eq!(said("wharf compose -p x up"), "leave `compose` out: wharf -p x up");
        assert_eq!(said("wharf inspect web"), "`inspect` is a verb of docker: docker inspect web");
        assert_eq!(said("wharf lgos restart"), "", "clap knows a similar verb");
    }

    #[test]
    fn a_flag_of_another_verb_is_named_with_it() {
        assert_eq!(said("wharf ps --follow"), "`ps` has no --follow; `logs` has it");
        assert_eq!(said("wharf watch --menu"), "`watch` has no --menu; `up` has it");
        assert_eq!(said("wharf watch -d"), "`watch` has no -d; `exec`, `run` and `up` have it");
        assert_eq!(said("wharf ps -t"), "", "it is --timeout, --timestamps, --tty");
        assert_eq!(said("wharf down --wait-timeout 5"), "`down` has no --wait-timeout; `start` and `up` have it");
        assert_eq!(
            said("wharf --insecure-registry x pull"),
            "--insecure-registry is not in wharf; the engine's daemon.json names such registries (`insecure-registries`)"
        );
    }

    #[test]
    fn hints_have_the_name_that_the_command_was_called_by() {
        let words = [OsString::from("publish")];
        let command = crate::command(Called::Plugin);
        let error = command.clone().try_get_matches_from(["docker compose", "publish"]).unwrap_err();
        let said = advice(&error, Called::Plugin, &words, &command).unwrap();
        assert!(said.contains("`docker compose push`"), "{said}");
    }
}
