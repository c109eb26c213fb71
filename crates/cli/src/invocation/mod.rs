//! How the command was called: under which name, as a plugin of `docker` or not, and what is asked of it.

pub(crate) mod advice;
pub(crate) mod complete;
mod docker_flags;
pub(crate) mod guide;
pub(crate) mod help;
pub(crate) mod plugin;

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;

/// The release of docker compose whose behaviour wharf follows. Scripts that ask `docker compose version` get this one.
pub(crate) const COMPOSE_LEVEL: &str = "2.40.3";

/// The name that the command was called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Called {
    /// By its own name.
    Wharf,
    /// As `docker-compose`.
    DockerCompose,
    /// By the `docker` command, as its plugin `compose`.
    Plugin,
}

impl Called {
    /// What people type.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Called::Wharf => "wharf",
            Called::DockerCompose => "docker-compose",
            Called::Plugin => "docker compose",
        }
    }

    /// A text with commands in backquotes, such as `wharf up`, that has them as people typed the program's name.
    pub(crate) fn name_in(self, text: &str) -> Cow<'_, str> {
        match self {
            Called::Wharf => text.into(),
            _ => text.replace("`wharf ", &format!("`{} ", self.program())).into(),
        }
    }

    /// Whether it stands in for docker compose.
    pub(crate) fn is_compose(self) -> bool {
        self != Called::Wharf
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// To run a verb.
    Run,
    /// To describe itself to the `docker` command.
    Metadata,
    /// To complete the last argument, with descriptions or without, as a shell asks the programs of `docker`.
    Complete { descriptions: bool },
}

/// One call of the command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    pub(crate) called: Called,
    pub(crate) request: Request,
    /// The arguments after the name, without the words that only make the request.
    pub(crate) arguments: Vec<OsString>,
}

impl Invocation {
    /// Reads a command line. The first word is the program's path.
    ///
    /// `docker` passes its whole command line to a plugin: `docker --context x compose up` calls the plugin with
    /// `--context x compose up`.
    pub(crate) fn read(mut words: impl Iterator<Item = OsString>) -> Self {
        let program = words.next().unwrap_or_default();
        let mut arguments: Vec<OsString> = words.collect();
        if is(arguments.first(), "docker-cli-plugin-metadata") {
            return Invocation { called: Called::Plugin, request: Request::Metadata, arguments: Vec::new() };
        }
        let mut request = Request::Run;
        for (word, descriptions) in [("__complete", true), ("__completeNoDesc", false)] {
            if is(arguments.first(), word) {
                arguments.remove(0);
                request = Request::Complete { descriptions };
            }
        }
        let name = Path::new(&program).file_stem().unwrap_or_default();
        if name != "docker-compose" {
            return Invocation { called: Called::Wharf, request, arguments };
        }
        let at = docker_flags::leading(&arguments);
        // `docker help compose up`
        let at = if is(arguments.get(at), "help") && is(arguments.get(at + 1), "compose") { at + 1 } else { at };
        if !is(arguments.get(at), "compose") {
            return Invocation { called: Called::DockerCompose, request, arguments };
        }
        arguments.remove(at);
        Invocation { called: Called::Plugin, request, arguments }
    }
}

fn is(word: Option<&OsString>, text: &str) -> bool {
    word.is_some_and(|word| word == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> (Called, Request, String) {
        let Invocation { called, request, arguments } = Invocation::read(line.split(' ').map(OsString::from));
        let arguments: Vec<String> = arguments.into_iter().map(|word| word.into_string().unwrap()).collect();
        (called, request, arguments.join(" "))
    }

    #[test]
    fn the_name_says_what_it_stands_in_for() {
        use Called::{DockerCompose, Plugin, Wharf};
        let called = |line: &str| {
            let (called, request, arguments) = read(line);
            assert_eq!(request, Request::Run);
            (called, arguments)
        };
        assert_eq!(called("/usr/bin/wharf compose up"), (Wharf, "compose up".into()));
        assert_eq!(called("docker-compose up -d"), (DockerCompose, "up -d".into()));
        assert_eq!(called("docker-compose -f compose up"), (DockerCompose, "-f compose up".into()));
        assert_eq!(called("/p/docker-compose compose -f x up"), (Plugin, "-f x up".into()));
        assert_eq!(called("/p/docker-compose"), (DockerCompose, String::new()));
        assert_eq!(called("/p/docker-compose compose"), (Plugin, String::new()));
    }

    #[test]
    fn the_flags_of_docker_stay_before_those_of_compose() {
        let plugin = |line: &str| {
            let (called, _, arguments) = read(&format!("/p/docker-compose {line}"));
            assert_eq!(called, Called::Plugin, "{line}");
            arguments
        };
        assert_eq!(plugin("--context x compose -p y ps"), "--context x -p y ps");
        assert_eq!(plugin("-H tcp://far:2376 --tlsverify compose ps"), "-H tcp://far:2376 --tlsverify ps");
        assert_eq!(
            plugin("-DHtcp://far -l debug --config=compose compose ps"),
            "-DHtcp://far -l debug --config=compose ps"
        );
        assert_eq!(plugin("--config compose compose ps"), "--config compose ps");
        assert_eq!(plugin("help compose up"), "help up");
        assert_eq!(plugin("--help compose"), "--help");
    }

    #[test]
    fn docker_asks_for_a_description_and_for_completions() {
        assert_eq!(read("/p/docker-compose docker-cli-plugin-metadata").1, Request::Metadata);
        let complete = |line: &str| {
            let (called, request, arguments) = read(line);
            (called, request == Request::Complete { descriptions: true }, arguments)
        };
        assert_eq!(complete("/p/docker-compose __complete compose lo"), (Called::Plugin, true, "lo".into()));
        assert_eq!(complete("docker-compose __completeNoDesc lo"), (Called::DockerCompose, false, "lo".into()));
        assert_eq!(complete("wharf __complete lo"), (Called::Wharf, true, "lo".into()));
    }
}
