//! What an answer that is no success says, for people: it may not be the engine's at all.

use bollard::errors::Error as Bollard;

use crate::error::root_cause;
use crate::error_kind::ErrorKind;
use crate::start_error::StartError;

/// What the engine said, or why it said nothing.
pub(crate) fn message(error: &Bollard) -> String {
    match error {
        Bollard::DockerResponseServerError { status_code, message } => match message.trim() {
            "" => format!("the engine answered with status {status_code} and gave no reason"),
            text if is_page(text) => {
                format!("a web page with status {status_code} was answered, which is not the Docker Engine's")
            }
            text => StartError::of(text).map_or_else(|| text.to_owned(), |error| error.to_string()),
        },
        Bollard::DockerStreamError { error } => error.trim().to_owned(),
        Bollard::RequestTimeoutError => "the engine did not answer in time".to_owned(),
        Bollard::JsonDataError { message, .. } => unreadable(message),
        Bollard::JsonSerdeError { err } => unreadable(&err.to_string()),
        error if ErrorKind::of(error) == ErrorKind::Unreachable => {
            format!("the connection to the engine broke ({})", root_cause(error))
        }
        other => other.to_string(),
    }
}

/// What to do about an answer that is not the engine's, or is lost.
pub(crate) fn help(error: &Bollard) -> Option<&'static str> {
    match error {
        Bollard::DockerResponseServerError { message, .. } if is_page(message.trim()) => Some(NOT_THE_ENGINE),
        Bollard::JsonDataError { .. } | Bollard::JsonSerdeError { .. } => Some(NOT_THE_ENGINE),
        Bollard::DockerResponseServerError { message, .. } if message.trim().is_empty() => {
            Some("the engine's log says more (`journalctl -u docker`)")
        }
        Bollard::DockerResponseServerError { message, .. } if ErrorKind::of(error) == ErrorKind::Other => {
            StartError::of(message).map(|error| error.help())
        }
        error => match ErrorKind::of(error) {
            ErrorKind::Unreachable | ErrorKind::TimedOut => {
                Some("look whether the engine runs (`docker version`), then run the command again")
            }
            _ => None,
        },
    }
}

const NOT_THE_ENGINE: &str =
    "look at what DOCKER_HOST, --host or the context leads to: there may be a proxy, or another service";

fn unreadable(reason: &str) -> String {
    format!("the answer is cut off or is not the Docker Engine's ({reason})")
}

/// The engine answers in JSON.
fn is_page(text: &str) -> bool {
    text.starts_with('<')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status_code: u16, message: &str) -> (String, bool) {
        let error = Bollard::DockerResponseServerError { status_code, message: message.to_owned() };
        (super::message(&error), help(&error).is_some())
    }

    #[test]
    fn the_engines_own_words_stay() {
        assert_eq!(answered(404, "No such container: web\n"), ("No such container: web".to_owned(), false));
    }

    #[test]
    fn an_answer_of_something_else_is_said_to_be_one() {
        let page = "<html><head><title>502 Bad Gateway</title></head></html>";
        let (message, has_help) = answered(502, page);
        assert_eq!(message, "a web page with status 502 was answered, which is not the Docker Engine's");
        assert!(has_help);
        let (message, has_help) = answered(500, "");
        assert_eq!(message, "the engine answered with status 500 and gave no reason");
        assert!(has_help);
    }

    #[test]
    fn a_lost_answer_names_its_cause() {
        let broken = Bollard::IOError { err: std::io::ErrorKind::ConnectionReset.into() };
        assert_eq!(message(&broken), "the connection to the engine broke (connection reset)");
        let cut = serde_json::from_str::<u8>("").unwrap_err();
        let cut = Bollard::JsonSerdeError { err: cut };
        assert!(
            message(&cut).starts_with("the answer is cut off or is not the Docker Engine's ("),
            "{}",
            message(&cut)
        );
        assert!(help(&cut).is_some() && help(&broken).is_some());
    }
}
