//! Whether output is coloured: decided once, from the flag, the environment and the terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use clap::ValueEnum;

/// When output is coloured and redrawn (`--ansi`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ansi {
    Auto,
    Always,
    Never,
}

impl Ansi {
    /// The last `--ansi` of a command line, else `COMPOSE_ANSI`.
    fn among(arguments: &[String], environment: &BTreeMap<String, String>) -> Self {
        let options = arguments.iter().take_while(|argument| *argument != "--");
        let next = arguments.iter().skip(1);
        let given = options.zip(next.map(Some).chain([None])).filter_map(|(argument, next)| {
            match argument.strip_prefix("--ansi")? {
                "" => next.map(String::as_str),
                rest => rest.strip_prefix('='),
            }
        });
        let value = given.last().or_else(|| environment.get("COMPOSE_ANSI").map(String::as_str));
        value.and_then(|value| Ansi::from_str(value, false).ok()).unwrap_or(Ansi::Auto)
    }
}

/// For standard output and standard error each: whether it is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colours {
    pub(crate) out: bool,
    pub(crate) err: bool,
}

impl Colours {
    /// The decision for this process under `--ansi`.
    pub(crate) fn of_process(ansi: Ansi, environment: &BTreeMap<String, String>) -> Self {
        let terminal = Colours { out: std::io::stdout().is_terminal(), err: std::io::stderr().is_terminal() };
        Colours::decide(ansi, environment, terminal)
    }

    /// The same while the command line is not understood, as for usage errors and `--help`.
    pub(crate) fn before_parsing() -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let arguments: Vec<String> = std::env::args_os().filter_map(|argument| argument.into_string().ok()).collect();
        Colours::of_process(Ansi::among(&arguments, &environment), &environment)
    }

    /// The flag decides; after it the environment: `NO_COLOR` (<https://no-color.org>), `CLICOLOR_FORCE` and `CLICOLOR`
    /// (<https://bixense.com/clicolors>), `TERM=dumb`; else what is a `terminal` is coloured.
    fn decide(ansi: Ansi, environment: &BTreeMap<String, String>, terminal: Colours) -> Self {
        let variable = |name: &str| environment.get(name).map_or("", String::as_str);
        let always = match ansi {
            Ansi::Always => Some(true),
            Ansi::Never => Some(false),
            Ansi::Auto if !variable("NO_COLOR").is_empty() => Some(false),
            Ansi::Auto if !matches!(variable("CLICOLOR_FORCE"), "" | "0") => Some(true),
            Ansi::Auto if variable("CLICOLOR") == "0" || variable("TERM") == "dumb" => Some(false),
            Ansi::Auto => None,
        };
        Colours { out: always.unwrap_or(terminal.out), err: always.unwrap_or(terminal.err) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_found_before_the_command_line_is_parsed() {
        let among = |line: &str, environment: &[(&str, &str)]| {
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let pairs = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            Ansi::among(&arguments, &pairs.collect())
        };
        assert_eq!(among("wharf up", &[]), Ansi::Auto);
        assert_eq!(among("wharf --ansi never up", &[("COMPOSE_ANSI", "always")]), Ansi::Never);
        assert_eq!(among("wharf up --ansi=always", &[]), Ansi::Always);
        assert_eq!(among("wharf up", &[("COMPOSE_ANSI", "always")]), Ansi::Always);
        assert_eq!(among("wharf run web -- --ansi never", &[]), Ansi::Auto);
        assert_eq!(among("wharf up --ansi", &[]), Ansi::Auto);
    }

    /// What becomes of standard output on a terminal, and of standard error in a pipe.
    fn decided(ansi: Ansi, environment: &[(&str, &str)]) -> (bool, bool) {
        let environment = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let Colours { out, err } = Colours::decide(ansi, &environment, Colours { out: true, err: false });
        (out, err)
    }

    #[test]
    fn the_flag_comes_before_the_environment_and_that_before_the_terminal() {
        assert_eq!(decided(Ansi::Auto, &[]), (true, false));
        assert_eq!(decided(Ansi::Always, &[("NO_COLOR", "1")]), (true, true));
        assert_eq!(decided(Ansi::Never, &[("CLICOLOR_FORCE", "1")]), (false, false));
        assert_eq!(decided(Ansi::Auto, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), (false, false));
        assert_eq!(decided(Ansi::Auto, &[("NO_COLOR", ""), ("CLICOLOR_FORCE", "1")]), (true, true));
        assert_eq!(decided(Ansi::Auto, &[("CLICOLOR_FORCE", "0"), ("CLICOLOR", "0")]), (false, false));
        assert_eq!(decided(Ansi::Auto, &[("TERM", "dumb")]), (false, false));
    }
}
