//! What an error of the engine means. The only place that knows its status codes and its English words.
//!
//! The Engine API says little by status alone: 409 is a container that does not run, a name that is taken and a volume in
//! use. The words are those of moby's source, Engine 20.10 to 28 (`daemon/errors.go`, `daemon/delete.go`,
//! `daemon/images/image_delete.go`, `daemon/containerd/image_delete.go`, `libnetwork/error.go`,
//! `libnetwork/portallocator`, `volume/service/errors.go`).

use bollard::errors::Error as Bollard;

/// What an error of the engine means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is no such container, image, network, volume or exec.
    Gone,
    /// The name cannot be that of an image.
    InvalidReference,
    /// A network, a volume or an image is used by something else, and stays.
    InUse,
    /// The container does not run, or is between two restarts.
    NotRunning,
    /// The container is paused.
    Paused,
    /// The container is being removed, by this program or another one.
    RemovalInProgress,
    /// Several networks have the name.
    AmbiguousName,
    /// A host port that the container publishes is taken.
    PortTaken,
    /// Another container or network has the name.
    NameTaken,
    /// No connection to the engine, or it broke before the whole answer was there. The engine may have done what it was
    /// asked to do.
    Unreachable,
    /// The engine took too long. It may still do what it was asked to do.
    TimedOut,
    /// Anything else; the message says what.
    Other,
}

/// Status codes, words and what they mean; the first that matches counts. No status code: any.
const ANSWERS: [(&[u16], &str, ErrorKind); 18] = [
    (&[], "invalid reference format", ErrorKind::InvalidReference),
    (&[404], "", ErrorKind::Gone),
    // Containers: create and rename; remove; kill, exec and top; start.
    (&[409], "is already in use by container", ErrorKind::NameTaken),
    (&[409], "is already in progress", ErrorKind::RemovalInProgress),
    (&[], "is marked for removal", ErrorKind::RemovalInProgress),
    (&[409], "is not running", ErrorKind::NotRunning),
    (&[409], "is restarting, wait until the container is running", ErrorKind::NotRunning),
    (&[409], "is paused", ErrorKind::Paused),
    // The engine's own table of ports, then the kernel's answer. With a capital A it is about a container's IP address.
    (&[], "port is already allocated", ErrorKind::PortTaken),
    (&[], "address already in use", ErrorKind::PortTaken),
    // Networks, volumes, images.
    (&[403, 409], "network with name", ErrorKind::NameTaken),
    (&[], "is ambiguous (", ErrorKind::AmbiguousName),
    (&[403, 409], "has active endpoints", ErrorKind::InUse),
    (&[403, 409], "is in use", ErrorKind::InUse),
    (&[409], "is using its referenced image", ErrorKind::InUse),
    (&[409], "image is being used by", ErrorKind::InUse),
    (&[409], "image has dependent child images", ErrorKind::InUse),
    (&[409], "image is referenced in multiple repositories", ErrorKind::InUse),
];

impl ErrorKind {
    /// What an error of the client means.
    pub fn of(error: &Bollard) -> ErrorKind {
        match error {
            Bollard::DockerResponseServerError { status_code, message } => ErrorKind::of_answer(*status_code, message),
            Bollard::RequestTimeoutError => ErrorKind::TimedOut,
            Bollard::IOError { err } if err.kind() == std::io::ErrorKind::TimedOut => ErrorKind::TimedOut,
            Bollard::IOError { .. }
            | Bollard::HyperResponseError { .. }
            | Bollard::HyperLegacyError { .. }
            | Bollard::SocketNotFoundError(_) => ErrorKind::Unreachable,
            _ => ErrorKind::Other,
        }
    }

    /// What the engine means by a status code and a message.
    pub fn of_answer(status: u16, message: &str) -> ErrorKind {
        let fits = |(statuses, words, _): &&(&[u16], &str, ErrorKind)| {
            (statuses.is_empty() || statuses.contains(&status)) && message.contains(words)
        };
        ANSWERS.iter().find(fits).map_or(ErrorKind::Other, |(_, _, kind)| *kind)
    }
}

/// An answer about something that may be gone: `None` if it is.
///
/// # Errors
/// Every other error.
pub fn unless_gone<T>(answer: Result<T, Bollard>) -> Result<Option<T>, Bollard> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if ErrorKind::of(&error) == ErrorKind::Gone => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages as engines from 20.10 to 28 have sent them.
    #[test]
    fn the_engines_words_mean_what_they_say() {
        use ErrorKind::{
            AmbiguousName, Gone, InUse, InvalidReference, NameTaken, NotRunning, Other, Paused, PortTaken,
            RemovalInProgress,
        };
        for (status, message, kind) in [
            (404, "No such container: web", Gone),
            (404, "network shop_default not found", Gone),
            (
                409,
                r#"Conflict. The container name "/web" is already in use by container "4f0c". You have to remove (or rename) that container to be able to reuse that name."#,
                NameTaken,
            ),
            (409, "removal of container 4f0c is already in progress", RemovalInProgress),
            (409, "container is marked for removal and cannot be started", RemovalInProgress),
            (
                500,
                "Container 4f0c is marked for removal and cannot be connected or disconnected to the network",
                RemovalInProgress,
            ),
            (409, "Cannot kill container: web: Container 4f0c is not running", NotRunning),
            (409, "container 4f0c is not running", NotRunning),
            (409, "Container 4f0c is restarting, wait until the container is running", NotRunning),
            (409, "Container 4f0c is paused, unpause the container before exec", Paused),
            (
                500,
                "driver failed programming external connectivity on endpoint web (4f0c): Bind for 0.0.0.0:80 failed: port is already allocated",
                PortTaken,
            ),
            (
                500,
                "driver failed programming external connectivity on endpoint web (4f0c): Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use",
                PortTaken,
            ),
            (
                500,
                "failed to set up container networking: driver failed programming external connectivity on endpoint web (4f0c): failed to bind host port 0.0.0.0:80/tcp: address already in use",
                PortTaken,
            ),
            (403, "Address already in use", Other),
            (409, "network with name shop_default already exists", NameTaken),
            (500, "network shop_default is ambiguous (2 matches found on name)", AmbiguousName),
            (403, "error while removing network: network shop_default id 4f0c has active endpoints", InUse),
            (409, "remove data: volume is in use - [4f0c]", InUse),
            (
                409,
                r#"conflict: unable to remove repository reference "shop-web" (must force) - container 4f0c is using its referenced image 77af"#,
                InUse,
            ),
            (
                409,
                "conflict: unable to delete 77af (cannot be forced) - image is being used by running container 4f0c",
                InUse,
            ),
            (409, "conflict: unable to delete 77af (cannot be forced) - image has dependent child images", InUse),
            (500, "something is not running as it should", Other),
            (400, "invalid reference format: repository name must be lowercase", InvalidReference),
        ] {
            assert_eq!(ErrorKind::of_answer(status, message), kind, "{status} {message}");
        }
    }

    #[test]
    fn without_an_answer_the_connection_says_what_it_is() {
        let broken = |kind: std::io::ErrorKind| Bollard::IOError { err: kind.into() };
        assert_eq!(ErrorKind::of(&Bollard::RequestTimeoutError), ErrorKind::TimedOut);
        assert_eq!(ErrorKind::of(&broken(std::io::ErrorKind::TimedOut)), ErrorKind::TimedOut);
        assert_eq!(ErrorKind::of(&broken(std::io::ErrorKind::ConnectionReset)), ErrorKind::Unreachable);
        assert_eq!(ErrorKind::of(&Bollard::SocketNotFoundError("/x".into())), ErrorKind::Unreachable);
        assert_eq!(ErrorKind::of(&Bollard::MissingSessionBuildkitError {}), ErrorKind::Other);
    }

    #[test]
    fn only_what_is_gone_is_none() {
        let answer = |status_code| Bollard::DockerResponseServerError { status_code, message: String::new() };
        assert!(matches!(unless_gone(Ok(1)), Ok(Some(1))));
        assert!(matches!(unless_gone::<u8>(Err(answer(404))), Ok(None)));
        assert!(unless_gone::<u8>(Err(answer(500))).is_err());
    }
}
