//! What belongs in the place of a command line's last word. Nothing is looked up here.

use clap::{Arg, ArgAction, Command};

use super::{Candidate, directive};

/// What belongs in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// One of these words.
    Words(Vec<Candidate>),
    /// A service that has what the verb needs, and that was not given yet.
    Services {
        having: Having,
        given: Vec<String>,
        ending: Ending,
    },
    /// The number of a replica of a service.
    Replica {
        service: String,
    },
    /// A port of a service's containers.
    Port {
        service: String,
    },
    Profile,
    Project,
    /// A context of `docker`.
    Context,
    /// A volume of the project.
    Volume,
    /// A filter of the engine: a container's name, a network's name, a label.
    EngineFilter,
    /// A filter of projects: `name=NAME`.
    ProjectFilter,
    File,
    Directory,
    Nothing,
}

/// What a service has to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Having {
    /// An entry in the file.
    Entry,
    /// An entry with a `build`.
    Build,
    /// A container.
    Container,
    /// A container that runs, is paused, or is being restarted.
    Up,
    /// A container that runs.
    Running,
    Paused,
    Stopped,
}

/// What follows a service's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Nothing,
    /// The number of replicas: `web=3`.
    Number,
    /// A path: `web:/etc`. Where a service may stand, a file may stand, too.
    Path,
}

impl Wanted {
    /// Cobra's directive for the shell.
    pub(super) fn directive(&self) -> u8 {
        match self {
            Wanted::File => 0,
            Wanted::Directory => directive::DIRECTORIES,
            Wanted::Services { ending: Ending::Path, .. } => directive::NO_SPACE,
            Wanted::Services { ending: Ending::Number, .. } | Wanted::EngineFilter | Wanted::ProjectFilter => {
                directive::NO_SPACE | directive::NO_FILES
            }
            _ => directive::NO_FILES,
        }
    }
}

/// What belongs in the place of `last`, and the part of it that has been typed: of `--flag=val` only the value.
pub(super) fn wanted<'w>(command: &Command, before: &[&str], last: &'w str) -> (Wanted, &'w str) {
    let place = Place::after(command, before);
    if let Some(flag) = place.pending {
        return (value(flag, &place), last);
    }
    let flags_end = place.is_command || before.contains(&"--");
    if last.starts_with('-') && !flags_end {
        let inline = last.split_once('=').and_then(|(flag, typed)| Some((long(place.verb, flag)?, typed)));
        return match inline {
            Some((flag, typed)) => (value(flag, &place), typed),
            None => (Wanted::Words(flags(place.verb, before)), last),
        };
    }
    if place.verb.has_subcommands() && place.given.is_empty() {
        let shown = place.verb.get_subcommands().filter(|verb| !verb.is_hide_set());
        let verbs = shown.map(|verb| (verb.get_name().to_owned(), help(verb.get_about())));
        return (Wanted::Words(verbs.collect()), last);
    }
    (place.positional().map_or(Wanted::Nothing, |argument| value(argument, &place)), last)
}

/// Where the words before the last one lead.
struct Place<'c, 'w> {
    /// The innermost verb.
    verb: &'c Command,
    /// The verb after the program's name.
    name: &'c str,
    /// The flag whose value comes next.
    pending: Option<&'c Arg>,
    /// The values that are no flags and no values of flags.
    given: Vec<&'w str>,
    /// A command for a container has begun: what follows is its own.
    is_command: bool,
}

impl<'c, 'w> Place<'c, 'w> {
    fn after(command: &'c Command, words: &[&'w str]) -> Self {
        let mut place = Place { verb: command, name: "", pending: None, given: Vec::new(), is_command: false };
        let mut flags_end = false;
        for &word in words {
            if place.pending.take().is_some() {
                continue;
            }
            if word == "--" && !flags_end {
                flags_end = true;
            } else if word.len() > 1 && word.starts_with('-') && !flags_end && !place.is_command {
                place.pending = pending(place.verb, word);
            } else if let Some(verb) = place.verb.find_subcommand(word).filter(|_| place.given.is_empty()) {
                place.verb = verb;
                if place.name.is_empty() {
                    place.name = verb.get_name();
                }
            } else {
                place.is_command |= place.positional().is_some_and(Arg::is_trailing_var_arg_set);
                place.given.push(word);
            }
        }
        place
    }

    /// The argument whose value comes next; the last one may have several.
    fn positional(&self) -> Option<&'c Arg> {
        let several = |argument: &&Arg| matches!(argument.get_action(), ArgAction::Append);
        let mut all = self.verb.get_positionals();
        all.nth(self.given.len()).or_else(|| self.verb.get_positionals().last().filter(several))
    }
}

/// The flag that a word is, if its value is the next word.
fn pending<'c>(verb: &'c Command, word: &str) -> Option<&'c Arg> {
    if word.starts_with("--") {
        return long(verb, word).filter(|flag| takes_next(flag));
    }
    let mut letters = word.chars().skip(1).enumerate();
    let (at, flag) = letters.find_map(|(at, letter)| {
        let flag = verb.get_arguments().find(|flag| flag.get_short() == Some(letter))?;
        flag.get_action().takes_values().then_some((at, flag))
    })?;
    (at + 2 == word.chars().count() && takes_next(flag)).then_some(flag)
}

fn takes_next(flag: &Arg) -> bool {
    flag.get_action().takes_values() && !flag.is_require_equals_set()
}

/// The flag of a long name, which is given with its dashes.
fn long<'c>(verb: &'c Command, word: &str) -> Option<&'c Arg> {
    let name = word.strip_prefix("--")?;
    verb.get_arguments().find(|flag| {
        let aliases = flag.get_visible_aliases().unwrap_or_default();
        flag.get_action().takes_values() && (flag.get_long() == Some(name) || aliases.contains(&name))
    })
}

/// The flags that a verb shows, without those that were given and count once.
fn flags(verb: &Command, before: &[&str]) -> Vec<Candidate> {
    let shown = verb.get_arguments().filter(|flag| !flag.is_hide_set());
    shown
        .filter_map(|flag| {
            let name = format!("--{}", flag.get_long()?);
            let again = matches!(flag.get_action(), ArgAction::Append) || !before.contains(&name.as_str());
            again.then(|| (name, help(flag.get_help())))
        })
        .collect()
}

/// What an argument may be. The name of its value in the help says it.
fn value(argument: &Arg, place: &Place<'_, '_>) -> Wanted {
    let possible = argument.get_possible_values();
    if !possible.is_empty() {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        return Wanted::Words(shown.map(|value| (value.get_name().to_owned(), help(value.get_help()))).collect());
    }
    let services = |ending| {
        let given = if argument.is_positional() { place.given.as_slice() } else { &[] };
        let given = given.iter().map(|word| word.split('=').next().unwrap_or_default().to_owned()).collect();
        Wanted::Services { having: having(place.name), given, ending }
    };
    let service = || place.given.first().map(|&service| service.to_owned()).unwrap_or_default();
    let words = |words: &[&str]| Wanted::Words(words.iter().map(|&word| (word.to_owned(), String::new())).collect());
    match (argument.get_value_names().map_or("", |names| names[0].as_str()), place.name) {
        ("SERVICE" | "SERVICES" | "SERVICE,...", _) => services(Ending::Nothing),
        ("SERVICE=NUM", _) => services(Ending::Number),
        ("SOURCE" | "TARGET", "cp") => services(Ending::Path),
        ("NUMBER", _) if argument.get_id() == "index" => Wanted::Replica { service: service() },
        ("PRIVATE_PORT", _) => Wanted::Port { service: service() },
        ("PROFILE", _) => Wanted::Profile,
        ("PROJECT", _) => Wanted::Project,
        ("CONTEXT", _) => Wanted::Context,
        ("VOLUME", _) => Wanted::Volume,
        ("SIGNAL", _) => words(&SIGNALS),
        ("STATE", _) => words(&STATES),
        ("FILTER", "ps") => Wanted::Words(STATES.map(|state| (format!("status={state}"), String::new())).into()),
        ("FILTER", "ls") => Wanted::ProjectFilter,
        ("NAME=VALUE", "agent") if argument.get_id() == "filters" => Wanted::EngineFilter,
        ("DIR", _) => Wanted::Directory,
        ("FILE" | "MOUNT", _) => Wanted::File,
        _ => Wanted::Nothing,
    }
}

/// The states of a container, in the engine's words.
const STATES: [&str; 7] = ["created", "dead", "exited", "paused", "removing", "restarting", "running"];

/// The signals that people send to services.
const SIGNALS: [&str; 10] =
    ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGSTOP", "SIGCONT"];

/// What the services have that a verb works on.
fn having(verb: &str) -> Having {
    match verb {
        "start" | "rm" => Having::Stopped,
        "stop" | "kill" | "wait" => Having::Up,
        "exec" | "attach" | "pause" | "port" | "stats" | "top" => Having::Running,
        "unpause" => Having::Paused,
        "commit" | "cp" | "down" | "export" | "images" | "logs" | "ps" | "restart" => Having::Container,
        "build" => Having::Build,
        _ => Having::Entry,
    }
}

fn help(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invocation::Called;

    fn of(line: &str) -> Wanted {
        let mut command = crate::command(Called::Wharf);
        command.build();
        let words: Vec<&str> = line.split(' ').collect();
        let (last, before) = words.split_last().unwrap();
        wanted(&command, before, last).0
    }

    fn words(line: &str) -> Vec<String> {
        let Wanted::Words(words) = of(line) else { panic!("{line}") };
        let last = line.rsplit([' ', '=']).next().unwrap();
        words.into_iter().map(|(word, _)| word).filter(|word| word.starts_with(last)).collect()
    }

    #[test]
    fn verbs_flags_and_their_values_are_words() {
        assert_eq!(words("res"), ["restart"]);
        assert_eq!(words("-p shop -f x.yaml res"), ["restart"]);
        assert_eq!(words("up --detac"), ["--detach"]);
        assert_eq!(words("up --detach --detac"), [""; 0]);
        assert_eq!(words("up --profile a --prof"), ["--profile"]);
        assert_eq!(words("--progress js"), ["json"]);
        assert_eq!(words("up --progress=js"), ["json"]);
        assert_eq!(words("exporter heal"), ["healthcheck"]);
        assert_eq!(words("kill -s SIGH"), ["SIGHUP"]);
        assert_eq!(words("completion fi"), ["fish"]);
        assert_eq!(words("__compl"), [""; 0]);
    }

    fn services(having: Having, given: &[&str], ending: Ending) -> Wanted {
        Wanted::Services { having, given: given.iter().map(|&name| name.to_owned()).collect(), ending }
    }

    #[test]
    fn a_verb_says_which_services_it_works_on() {
        assert_eq!(of("up "), services(Having::Entry, &[], Ending::Nothing));
        assert_eq!(of("start web "), services(Having::Stopped, &["web"], Ending::Nothing));
        assert_eq!(of("stop -t 5 "), services(Having::Up, &[], Ending::Nothing));
        assert_eq!(of("logs -fn5 w"), services(Having::Container, &[], Ending::Nothing));
        assert_eq!(of("up --exit-code-from d"), services(Having::Entry, &[], Ending::Nothing));
        assert_eq!(of("scale web=3 d"), services(Having::Entry, &["web"], Ending::Number));
        assert_eq!(of("cp ./a w"), services(Having::Container, &["./a"], Ending::Path));
        assert_eq!(of("exec --index 2 -- w"), services(Having::Running, &[], Ending::Nothing));
    }

    #[test]
    fn values_are_what_their_names_say() {
        assert_eq!(of("-p "), Wanted::Project);
        assert_eq!(of("up --profile "), Wanted::Profile);
        assert_eq!(of("--profile="), Wanted::Profile);
        assert_eq!(of("-c "), Wanted::Context);
        assert_eq!(of("-f "), Wanted::File);
        assert_eq!(of("--project-directory "), Wanted::Directory);
        assert_eq!(of("port web "), Wanted::Port { service: "web".into() });
        assert_eq!(of("exec web --index "), Wanted::Replica { service: "web".into() });
        assert_eq!(of("agent --filter "), Wanted::EngineFilter);
        assert_eq!(of("create --recreate-volume "), Wanted::Volume);
    }

    #[test]
    fn a_command_for_a_container_is_not_completed() {
        for line in ["exec web ", "exec web ls -", "exec web ls --detac", "run --rm web ", "run web up "] {
            assert_eq!(of(line), Wanted::Nothing, "{line}");
        }
        assert_eq!(words("exec web --priv"), ["--privileged"]);
    }
}
