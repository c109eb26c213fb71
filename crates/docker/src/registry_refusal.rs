//! Why a registry did not do what the engine asked of it. The only place that knows the words of registries and of the
//! engine about them: the codes of the [distribution specification](https://github.com/opencontainers/distribution-spec),
//! and Go's words for connections (Engine 20.10 to 28, with either image store).

use bollard::errors::Error as Bollard;

use crate::error::Error;

/// Why a registry did not do what the engine asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegistryRefusal {
    /// There were too many requests.
    RateLimit,
    /// It speaks HTTP, and the engine insists on HTTPS.
    NotSecure,
    /// The engine does not trust its certificate.
    UnknownCertificate,
    /// The engine cannot reach it, or it does not work.
    Away,
    /// It asks for a login, or does not accept the one it was sent.
    Unauthorized,
    /// It does not have the repository, or the login may not use it. Registries do not say which.
    Denied,
    /// It does not have the tag or the digest, or the repository.
    Unknown,
    /// The engine does not have the image that is to be pushed.
    NotHere,
}

/// Words and what they mean; the first that matches counts.
const WORDS: [(&str, RegistryRefusal); 31] = [
    ("toomanyrequests", RegistryRefusal::RateLimit),
    ("429 too many requests", RegistryRefusal::RateLimit),
    ("server gave http response to https client", RegistryRefusal::NotSecure),
    ("x509:", RegistryRefusal::UnknownCertificate),
    ("image does not exist locally", RegistryRefusal::NotHere),
    ("no such image", RegistryRefusal::NotHere),
    ("connection refused", RegistryRefusal::Away),
    ("no such host", RegistryRefusal::Away),
    ("i/o timeout", RegistryRefusal::Away),
    ("tls handshake timeout", RegistryRefusal::Away),
    ("network is unreachable", RegistryRefusal::Away),
    ("no route to host", RegistryRefusal::Away),
    ("server misbehaving", RegistryRefusal::Away),
    ("temporary failure in name resolution", RegistryRefusal::Away),
    ("request canceled while waiting for connection", RegistryRefusal::Away),
    ("context deadline exceeded", RegistryRefusal::Away),
    ("connection reset by peer", RegistryRefusal::Away),
    (": eof", RegistryRefusal::Away),
    ("502 bad gateway", RegistryRefusal::Away),
    ("503 service unavailable", RegistryRefusal::Away),
    ("504 gateway timeout", RegistryRefusal::Away),
    ("no basic auth credentials", RegistryRefusal::Unauthorized),
    ("unauthorized", RegistryRefusal::Unauthorized),
    ("authentication required", RegistryRefusal::Unauthorized),
    ("pull access denied", RegistryRefusal::Denied),
    ("denied", RegistryRefusal::Denied),
    ("403 forbidden", RegistryRefusal::Denied),
    ("authorization failed", RegistryRefusal::Denied),
    ("manifest unknown", RegistryRefusal::Unknown),
    ("name unknown", RegistryRefusal::Unknown),
    ("not found", RegistryRefusal::Unknown),
];

impl RegistryRefusal {
    /// Why a pull, a push or a look at a registry failed. `None`: the registry has no part in it, or it is not known.
    pub fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Engine(Bollard::DockerResponseServerError { message, .. }) => Self::of_words(message),
            Error::Engine(Bollard::DockerStreamError { error }) => Self::of_words(error),
            Error::During { source, .. } => Self::of(source),
            _ => None,
        }
    }

    /// The same by what the engine says.
    pub fn of_words(message: &str) -> Option<Self> {
        let message = message.to_lowercase();
        WORDS.iter().find(|(words, _)| message.contains(words)).map(|(_, refusal)| *refusal)
    }
}

/// A message without what addresses in it may hold besides the place: users, passwords, signatures.
pub fn without_secrets(message: &str) -> String {
    let mut clean = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find("://") {
        let (before, address) = rest.split_at(start + 3);
        clean.push_str(before);
        let end = address.find(|c: char| c.is_whitespace() || "\"'<>\\".contains(c)).unwrap_or(address.len());
        let (address, after) = address.split_at(end);
        let (place, query) = address.split_once('?').map_or((address, None), |(place, query)| (place, Some(query)));
        let (host, path) = place.split_at(place.find('/').unwrap_or(place.len()));
        clean.push_str(host.rsplit('@').next().unwrap_or(host));
        clean.push_str(path);
        if query.is_some() {
            clean.push_str("?...");
        }
        rest = after;
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_engines_and_registries_mean_what_they_say() {
        use RegistryRefusal::{Away, Denied, NotHere, NotSecure, RateLimit, Unauthorized, Unknown, UnknownCertificate};
        for (message, meaning) in [
            (
                "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit",
                RateLimit,
            ),
            ("error parsing HTTP 429 response body: invalid character '<': \"<html>429 Too Many Requests\"", RateLimit),
            ("received unexpected HTTP status: 429 Too Many Requests", RateLimit),
            ("Get \"https://reg:5000/v2/\": http: server gave HTTP response to HTTPS client", NotSecure),
            ("Get \"https://reg/v2/\": x509: certificate signed by unknown authority", UnknownCertificate),
            ("Get \"http://127.0.0.1:9/v2/\": dial tcp 127.0.0.1:9: connect: connection refused", Away),
            ("Get \"https://reg.nowhere/v2/\": dial tcp: lookup reg.nowhere: no such host", Away),
            (
                "Get \"https://registry-1.docker.io/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
                Away,
            ),
            ("received unexpected HTTP status: 503 Service Unavailable", Away),
            ("Get \"http://127.0.0.1:5055/v2/app/manifests/1\": no basic auth credentials", Unauthorized),
            ("unauthorized: authentication required", Unauthorized),
            ("Get \"https://registry-1.docker.io/v2/\": unauthorized: incorrect username or password", Unauthorized),
            (
                "pull access denied for nosuch/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
                Denied,
            ),
            ("denied: requested access to the resource is denied", Denied),
            ("manifest for 127.0.0.1:5055/app:2 not found: manifest unknown: manifest unknown", Unknown),
            ("failed to resolve reference \"127.0.0.1:5055/app:2\": 127.0.0.1:5055/app:2: not found", Unknown),
            ("An image does not exist locally with the tag: 127.0.0.1:5055/app", NotHere),
        ] {
            assert_eq!(RegistryRefusal::of_words(message), Some(meaning), "{message}");
        }
        assert_eq!(RegistryRefusal::of_words("no space left on device"), None);
    }

    #[test]
    fn a_lost_engine_is_not_a_lost_registry() {
        let broken = Bollard::IOError { err: std::io::ErrorKind::ConnectionRefused.into() };
        assert_eq!(RegistryRefusal::of(&broken.into()), None);
    }

    #[test]
    fn addresses_lose_their_secrets() {
        for (message, clean) in [
            (
                "Get \"https://s3.example/blob?X-Amz-Signature=abc&x=1\": EOF",
                "Get \"https://s3.example/blob?...\": EOF",
            ),
            ("Get http://me:pw@reg:5000/v2/: refused", "Get http://reg:5000/v2/: refused"),
            ("see https://a.example and https://b.example/?k", "see https://a.example and https://b.example/?..."),
            ("plain words: nothing", "plain words: nothing"),
        ] {
            assert_eq!(without_secrets(message), clean);
        }
    }
}
