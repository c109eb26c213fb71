//! `--help`: verbs in groups, global flags under a heading of their own, examples at the end.

use std::fmt::Write;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::Called;
use super::guide::{self, Concern, Example, GROUPS};

/// The heading of flags that are not a verb's own.
pub(crate) const GLOBAL: &str = "Global options";

/// The flags before the verb that are about a project.
const OF_PROJECTS: [&str; 9] = [
    "file",
    "project_name",
    "profile",
    "env_file",
    "project_directory",
    "all_resources",
    "compatibility",
    "parallel",
    "progress",
];
/// Those of them by which the agent finds the project whose containers it reads.
const OF_AGENT: [&str; 5] = ["file", "project_name", "profile", "env_file", "project_directory"];
/// Those that are about changes of it.
const OF_CHANGES: [&str; 5] = ["parallel", "progress", "dry_run", "steps", "show_values"];

/// The command with its help, for the name that it was called by.
pub(crate) fn arrange(command: Command, called: Called) -> Command {
    let program = called.program();
    let command = command.mut_args(with_values);
    let template = template(&command, program);
    let flags: Vec<Arg> = command.get_arguments().filter(|flag| !flag.is_hide_set()).cloned().collect();
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    verbs.iter().fold(command.help_template(template), |command, name| {
        command.mut_subcommand(name, |verb| {
            with_examples(without_meaningless(verb.mut_args(with_values), &flags), program, &flags)
        })
    })
}

/// The argument with its possible values in its text: clap would write a paragraph for each one that is explained.
fn with_values(argument: Arg) -> Arg {
    if argument.is_hide_possible_values_set() || !argument.get_action().takes_values() {
        return argument;
    }
    let values = argument.get_possible_values();
    let shown: Vec<&str> = values.iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name()).collect();
    match (shown.is_empty(), argument.get_help().map(ToString::to_string)) {
        (false, Some(help)) => argument.hide_possible_values(true).help(format!("{help}: {}", shown.join(", "))),
        _ => argument,
    }
}

/// Hides the global flags that mean nothing to a verb. clap leaves out those that a verb has itself.
fn without_meaningless(verb: Command, flags: &[Arg]) -> Command {
    let name = verb.get_name().to_owned();
    let hidden = flags.iter().filter(|flag| flag.is_global_set() && means_nothing(&name, flag.get_id().as_str()));
    verb.args(hidden.cloned().map(|flag| flag.hide(true)))
}

fn means_nothing(verb: &str, flag: &str) -> bool {
    let Some((group, _)) = guide::find(verb) else { return false };
    match (group.concern, verb, flag) {
        // It shows what would be changed.
        (_, "plan", "steps" | "show_values") | (_, "setup", "dry_run") | (Concern::Change, ..) => false,
        (Concern::Look, ..) => OF_CHANGES.contains(&flag),
        (_, "agent", flag) if OF_AGENT.contains(&flag) => false,
        (Concern::Role | Concern::Itself, ..) => OF_PROJECTS.contains(&flag) || OF_CHANGES.contains(&flag),
    }
}

/// What is wrong with a role that was given a project's flags.
pub(crate) fn meaningless(matches: &ArgMatches) -> Option<String> {
    let (verb, _) = matches.subcommand()?;
    let (group, _) = guide::find(verb)?;
    let given = |flag: &&str| {
        matches.try_contains_id(flag).unwrap_or(false) && matches.value_source(flag) == Some(ValueSource::CommandLine)
    };
    let flag = OF_PROJECTS.iter().chain(&OF_CHANGES).find(|flag| means_nothing(verb, flag) && given(flag))?;
    let why = if verb == "agent" { "which changes nothing" } else { "which has no project" };
    let text = format!("--{} means nothing to `{verb}`, {why}", flag.replace('_', "-"));
    (group.concern == Concern::Role).then_some(text)
}

/// The help of the command itself.
fn template(command: &Command, program: &str) -> String {
    let header = command.get_styles().get_header();
    let literal = command.get_styles().get_literal();
    let mut text = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    // Writing to a string does not fail.
    for group in &GROUPS {
        let _ = writeln!(text, "\n{header}{}:{header:#}", group.heading);
        for verb in group.verbs {
            let about = command.find_subcommand(verb.name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {literal}{:12}{literal:#}{about}", verb.name);
        }
    }
    let _ = write!(text, "\n{header}{GLOBAL}:{header:#}\n{{options}}\n\n");
    let _ = write!(text, "`{program} VERB --help` shows a verb's flags and examples.{{after-help}}");
    text
}

/// The verb with its examples, and those of its own verbs.
fn with_examples(verb: Command, program: &str, flags: &[Arg]) -> Command {
    let Some((group, known)) = guide::find(verb.get_name()) else { return verb };
    let inner: Vec<String> = verb.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    let verb = inner.iter().fold(verb, |verb, inner| {
        let examples = guide::of_inner(known.name, inner);
        verb.mut_subcommand(inner, |verb| {
            let verb = verb.mut_args(with_values);
            let text = examples_of(&examples, program, &verb);
            verb.after_help(text)
        })
    });
    let mut text = verb.get_after_help().map(|own| format!("{own}\n\n")).unwrap_or_default();
    text.push_str(&examples_of(known.examples, program, &verb));
    if matches!(group.concern, Concern::Change | Concern::Look) {
        let before: Vec<String> = flags.iter().filter(|flag| !flag.is_global_set()).filter_map(shortest).collect();
        let _ = write!(text, "\n\nBefore the verb: {} (see `{program} --help`)", before.join(", "));
    }
    verb.after_help(text)
}

fn shortest(flag: &Arg) -> Option<String> {
    let short = flag.get_short().filter(|short| !"vh".contains(*short)).map(|short| format!("-{short}"));
    short.or_else(|| flag.get_long().filter(|long| *long != "version").map(|long| format!("--{long}")))
}

/// Examples in two columns.
fn examples_of(examples: &[Example], program: &str, command: &Command) -> String {
    let header = command.get_styles().get_header();
    let width = examples.iter().filter(|(_, about)| !about.is_empty()).map(|(line, _)| line.len()).max().unwrap_or(0);
    let mut text = format!("{header}Examples:{header:#}");
    for (line, about) in examples {
        let row = format!("  {program} {line:width$}   {about}");
        let _ = write!(text, "\n{}", row.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::short_forms::words;

    const NAMES: [Called; 3] = [Called::Wharf, Called::DockerCompose, Called::Plugin];

    /// All visible verbs, with their own ones.
    fn paths() -> Vec<Vec<String>> {
        let command = crate::command(Called::Wharf);
        let shown = |command: &Command| -> Vec<String> {
            let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
            verbs.map(|verb| verb.get_name().to_owned()).collect()
        };
        let mut paths = Vec::new();
        for verb in shown(&command) {
            let inner = shown(command.find_subcommand(&verb).unwrap());
            paths.push(vec![verb.clone()]);
            paths.extend(inner.into_iter().map(|inner| vec![verb.clone(), inner]));
        }
        paths
    }

    fn built(called: Called, width: usize) -> Command {
        let mut command = crate::command(called).term_width(width);
        command.build();
        command
    }

    fn of(command: &mut Command, path: &[&str]) -> String {
        let verb = path.iter().fold(command, |command, verb| command.find_subcommand_mut(verb).unwrap());
        verb.render_help().to_string()
    }

    fn help(called: Called, path: &[&str], width: usize) -> String {
        of(&mut built(called, width), path)
    }

    #[test]
    fn the_help_of_the_command_and_of_some_verbs() {
        insta::assert_snapshot!("command", help(Called::Plugin, &[], 80));
        insta::assert_snapshot!("up", help(Called::Wharf, &["up"], 100));
        insta::assert_snapshot!("plan", help(Called::Wharf, &["plan"], 80));
        insta::assert_snapshot!("cp", help(Called::DockerCompose, &["cp"], 80));
        insta::assert_snapshot!("exporter", help(Called::Wharf, &["exporter"], 100));
        insta::assert_snapshot!("agent_tail", help(Called::Wharf, &["agent", "tail"], 100));
        insta::assert_snapshot!("setup", help(Called::Wharf, &["setup"], 80));
    }

    #[test]
    fn every_verb_is_in_one_group_and_has_examples_that_are_understood() {
        for path in paths() {
            let found = GROUPS.iter().flat_map(|group| group.verbs).filter(|verb| verb.name == path[0]).count();
            assert_eq!(found, 1, "{}", path[0]);
            let examples = match path.as_slice() {
                [verb, inner] => guide::of_inner(verb, inner),
                _ => guide::find(&path[0]).unwrap().1.examples.to_vec(),
            };
            assert!(!examples.is_empty(), "{path:?}");
            for (line, _) in examples {
                let line = line.split(['|', '>']).next().unwrap();
                let mut all = words(line).unwrap();
                assert_eq!(all[0], path[0], "{line}");
                all.insert(0, "wharf".to_owned());
                let parsed = crate::command(Called::Wharf).try_get_matches_from(&all);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
        let command = crate::command(Called::Wharf);
        for verb in GROUPS.iter().flat_map(|group| group.verbs) {
            assert!(command.find_subcommand(verb.name).is_some(), "{}", verb.name);
        }
    }

    #[test]
    fn help_fits_on_the_screen() {
        let all = paths();
        let paths: Vec<Vec<&str>> =
            all.iter().map(|path| path.iter().map(String::as_str).collect()).chain([Vec::new()]).collect();
        for (called, width) in NAMES.into_iter().flat_map(|called| [(called, 80), (called, 100)]) {
            let mut command = built(called, width);
            for path in &paths {
                for line in of(&mut command, path).lines() {
                    assert!(line.chars().count() <= width, "{path:?} at {width}: {line}");
                }
            }
        }
        // clap's long form would be several times as long.
        for path in &paths {
            let asked = |flag| {
                let line = ["wharf"].iter().chain(path).chain([&flag]);
                crate::command(Called::Wharf).try_get_matches_from(line).unwrap_err().render().to_string()
            };
            assert_eq!(asked("-h"), asked("--help"), "{path:?}");
        }
    }

    #[test]
    fn a_role_knows_no_project() {
        let said = |line: &str| {
            let matches = crate::command(Called::Wharf).try_get_matches_from(line.split(' ')).unwrap();
            meaningless(&matches).unwrap_or_default()
        };
        assert_eq!(said("wharf -p shop exporter"), "--project-name means nothing to `exporter`, which has no project");
        assert_eq!(said("wharf agent tail --dry-run"), "--dry-run means nothing to `agent`, which changes nothing");
        assert_eq!(said("wharf -p shop agent tail"), "", "it reads a project's containers");
        assert_eq!(said("wharf --context far -H tcp://far:2375 exporter"), "");
        assert_eq!(said("wharf -f x.yaml version"), "", "scripts for docker compose say it");
    }
}
