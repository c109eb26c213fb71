//! The global flags of the `docker` command, which come before the name of a plugin.

use std::ffi::OsString;

/// Long flags that take a value.
const VALUED: [&str; 7] = ["config", "context", "host", "log-level", "tlscacert", "tlscert", "tlskey"];
/// Their short forms.
const VALUED_SHORT: &str = "cHl";
/// Long flags without a value.
const SWITCHES: [&str; 5] = ["debug", "help", "tls", "tlsverify", "version"];
/// Their short forms.
const SWITCHES_SHORT: &str = "Dhv";

/// How many of the first arguments are such flags and their values.
pub(super) fn leading(arguments: &[OsString]) -> usize {
    let mut at = 0;
    while let Some(words) = arguments.get(at).and_then(|argument| argument.to_str()).and_then(words) {
        at += words;
    }
    at.min(arguments.len())
}

/// How many words a flag takes, itself included. `None`: it is not one of them.
fn words(argument: &str) -> Option<usize> {
    if let Some(long) = argument.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        return match (VALUED.contains(&name), value) {
            (true, None) => Some(2),
            (true, Some(_)) => Some(1),
            (false, _) => SWITCHES.contains(&name).then_some(1),
        };
    }
    let short = argument.strip_prefix('-').filter(|short| !short.is_empty())?;
    let value = short.find(|letter| !SWITCHES_SHORT.contains(letter));
    match value {
        None => Some(1),
        Some(at) if short[at..].starts_with(|letter| VALUED_SHORT.contains(letter)) => {
            Some(if short.len() == at + 1 { 2 } else { 1 })
        }
        // `-D=true`
        Some(at) if at > 0 && short[at..].starts_with('=') => Some(1),
        Some(_) => None,
    }
}
