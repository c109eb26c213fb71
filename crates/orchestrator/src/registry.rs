//! A registry as one image needs it: its name, the login to it, and what its refusals mean for people.

use std::path::PathBuf;

use wharf_compose::model::ImageReference;
use wharf_docker::{Error, Login, LoginError, Logins, RegistryRefusal, without_secrets};
use wharf_plan::{Detail, StepFailure};

/// The registry of an image.
pub(crate) struct Registry {
    image: String,
    /// Its host and port, as images name it.
    host: String,
    login: Result<Option<Login>, LoginError>,
    /// The file that has the logins.
    file: PathBuf,
}

/// Which way an image goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Pull,
    Push,
}

impl Registry {
    /// The registry of `image`, with the login to it.
    pub(crate) async fn of(image: &ImageReference, logins: &Logins) -> Self {
        let full = image.in_full();
        let host = full.split('/').next().unwrap_or_default().to_owned();
        let login = logins.login(&host).await;
        Registry { image: image.to_string(), host, login, file: logins.file().to_owned() }
    }

    /// Its host and port, as images name it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// What to do about a login that cannot be read.
    pub(crate) fn repair(&self) -> String {
        format!("repair what {} names, or log in by {}", self.file.display(), self.log_in())
    }

    fn log_in(&self) -> String {
        match self.host == ImageReference::HUB {
            true => "`docker login`".to_owned(),
            false => format!("`docker login {}`", self.host),
        }
    }

    /// The login, if there is one.
    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.as_ref().ok().and_then(Option::as_ref)
    }

    /// Why the login cannot be read.
    pub(crate) fn unread(&self) -> Option<&LoginError> {
        self.login.as_ref().err()
    }

    /// The failure of a step that pulls or pushes the image.
    pub(crate) fn failure(&self, step: String, direction: Direction, error: &Error) -> StepFailure {
        let said = without_secrets(&error.engine_message());
        let (reason, help) = match RegistryRefusal::of(error) {
            Some(refusal) => self.explain(refusal, direction, &said),
            None => {
                let help = error.help().unwrap_or("check the image's name and that its registry can be reached");
                return StepFailure {
                    place: None,
                    message: format!("cannot {step}: {said}"),
                    step,
                    help: Some(help.to_owned()),
                    details: Vec::new(),
                };
            }
        };
        let details = vec![Detail { title: "the engine says".to_owned(), text: said }];
        StepFailure { message: format!("cannot {step}: {reason}"), step, place: None, help: Some(help), details }
    }

    /// What happened, and what to do.
    fn explain(&self, refusal: RegistryRefusal, direction: Direction, said: &str) -> (String, String) {
        let Registry { image, host, login, file } = self;
        let registry = if host == ImageReference::HUB { "Docker Hub" } else { host };
        let file = file.display();
        let log_in = self.log_in();
        let who = match login {
            Ok(Some(login)) => {
                Some(login.user().map_or_else(|| "this login".to_owned(), |user| format!("user {user}")))
            }
            _ => None,
        };
        match (refusal, direction) {
            (RegistryRefusal::Unauthorized, _) => match (login, who) {
                (Err(error), _) => {
                    (format!("{registry} asks for a login, and it cannot be read: {error}"), self.repair())
                }
                (Ok(_), Some(who)) => (
                    format!("{registry} does not accept the login of {who}"),
                    format!("the login comes from {file}: log in again by {log_in}"),
                ),
                (Ok(_), None) => {
                    (format!("{registry} asks for a login, and {file} has none for it"), format!("log in by {log_in}"))
                }
            },
            (RegistryRefusal::Denied, Direction::Pull) => match who {
                Some(who) => (
                    format!("{registry} does not have it, or {who} may not pull it"),
                    format!("check the name {image}, and who may pull it"),
                ),
                None => (
                    format!("{registry} does not have it, or it is private"),
                    format!("check the name {image}; if it is private, log in by {log_in}"),
                ),
            },
            (RegistryRefusal::Denied, Direction::Push) => (
                format!("{registry} does not let {} push it", who.as_deref().unwrap_or("anybody without a login")),
                format!("check the name {image}, and who may push to it; log in by {log_in}"),
            ),
            (RegistryRefusal::Unknown, _) | (RegistryRefusal::NotHere, Direction::Pull) => (
                format!("{registry} has no such image"),
                format!("check the name and the tag of {image}; `build:` in the service makes an image here"),
            ),
            (RegistryRefusal::NotHere, Direction::Push) => (
                "the engine does not have it".to_owned(),
                "build it first (`wharf build`, or `wharf build --push` for both)".to_owned(),
            ),
            (RegistryRefusal::RateLimit, _) => (
                format!("{registry} refuses further requests from here, because its rate limit is reached"),
                match who {
                    Some(_) => "wait, and run the command again".to_owned(),
                    None => format!("wait, and run the command again; a login often raises the limit: {log_in}"),
                },
            ),
            (RegistryRefusal::Away, _) => (
                format!("the engine cannot reach {registry} ({})", said.rsplit(": ").next().unwrap_or(said)),
                format!(
                    "check the name {host} and the network of the engine's machine; mirrors and proxies are set in the engine's daemon.json"
                ),
            ),
            (RegistryRefusal::NotSecure, _) => (
                format!("{registry} speaks HTTP, and the engine insists on HTTPS"),
                format!(
                    "if you trust the network, list {host} under `insecure-registries` in the engine's daemon.json"
                ),
            ),
            (RegistryRefusal::UnknownCertificate, _) => (
                format!("the engine does not trust the certificate of {registry}"),
                format!(
                    "put its authority's certificate into /etc/docker/certs.d/{host}/ca.crt on the engine's machine"
                ),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(login: Result<Option<Login>, LoginError>, direction: Direction, said: &str) -> String {
        let (image, host) = ("reg.example:5000/app:1".to_owned(), "reg.example:5000".to_owned());
        let registry = Registry { image, host, login, file: "/home/me/.docker/config.json".into() };
        let error = bollard::errors::Error::DockerResponseServerError { status_code: 500, message: said.to_owned() };
        let step = match direction {
            Direction::Pull => "pull image reg.example:5000/app:1",
            Direction::Push => "push image reg.example:5000/app:1",
        };
        let failure = registry.failure(step.to_owned(), direction, &error.into());
        format!("{}\n  {}", failure.message, failure.help.unwrap_or_default())
    }

    fn mine() -> Result<Option<Login>, LoginError> {
        Ok(Some(Login::Password { user: "me".to_owned(), password: "hunter2".to_owned() }))
    }

    #[test]
    fn each_refusal_has_its_sentence_and_its_way_out() {
        let helper = LoginError { origin: "docker-credential-pass".to_owned(), reason: "it is not in PATH".to_owned() };
        let cases = [
            (mine(), Direction::Pull, "unauthorized: authentication required"),
            (Ok(None), Direction::Pull, "Get \"https://reg.example:5000/v2/\": no basic auth credentials"),
            (Err(helper), Direction::Pull, "unauthorized: authentication required"),
            (mine(), Direction::Pull, "pull access denied for app"),
            (Ok(None), Direction::Pull, "pull access denied for app"),
            (mine(), Direction::Push, "denied: requested access to the resource is denied"),
            (mine(), Direction::Pull, "manifest unknown"),
            (mine(), Direction::Push, "An image does not exist locally with the tag: app"),
            (Ok(None), Direction::Pull, "toomanyrequests: Rate exceeded"),
            (
                mine(),
                Direction::Pull,
                "Get \"https://me:hunter2@reg.example:5000/v2/?t=hunter2\": dial tcp: connection refused",
            ),
            (mine(), Direction::Pull, "http: server gave HTTP response to HTTPS client"),
            (mine(), Direction::Pull, "x509: certificate signed by unknown authority"),
            (mine(), Direction::Pull, "no space left on device"),
        ];
        let told: Vec<String> = cases.into_iter().map(|(login, way, said)| failure(login, way, said)).collect();
        let told = told.join("\n");
        assert!(!told.contains("hunter2"), "{told}");
        insta::assert_snapshot!(told, @r"
        cannot pull image reg.example:5000/app:1: reg.example:5000 does not accept the login of user me
          the login comes from /home/me/.docker/config.json: log in again by `docker login reg.example:5000`
        cannot pull image reg.example:5000/app:1: reg.example:5000 asks for a login, and /home/me/.docker/config.json has none for it
          log in by `docker login reg.example:5000`
        cannot pull image reg.example:5000/app:1: reg.example:5000 asks for a login, and it cannot be read: docker-credential-pass: it is not in PATH
          repair what /home/me/.docker/config.json names, or log in by `docker login reg.example:5000`
        cannot pull image reg.example:5000/app:1: reg.example:5000 does not have it, or user me may not pull it
          check the name reg.example:5000/app:1, and who may pull it
        cannot pull image reg.example:5000/app:1: reg.example:5000 does not have it, or it is private
          check the name reg.example:5000/app:1; if it is private, log in by `docker login reg.example:5000`
        cannot push image reg.example:5000/app:1: reg.example:5000 does not let user me push it
          check the name reg.example:5000/app:1, and who may push to it; log in by `docker login reg.example:5000`
        cannot pull image reg.example:5000/app:1: reg.example:5000 has no such image
          check the name and the tag of reg.example:5000/app:1; `build:` in the service makes an image here
        cannot push image reg.example:5000/app:1: the engine does not have it
          build it first (`wharf build`, or `wharf build --push` for both)
        cannot pull image reg.example:5000/app:1: reg.example:5000 refuses further requests from here, because its rate limit is reached
          wait, and run the command again; a login often raises the limit: `docker login reg.example:5000`
        cannot pull image reg.example:5000/app:1: the engine cannot reach reg.example:5000 (connection refused)
          check the name reg.example:5000 and the network of the engine's machine; mirrors and proxies are set in the engine's daemon.json
        cannot pull image reg.example:5000/app:1: reg.example:5000 speaks HTTP, and the engine insists on HTTPS
          if you trust the network, list reg.example:5000 under `insecure-registries` in the engine's daemon.json
        cannot pull image reg.example:5000/app:1: the engine does not trust the certificate of reg.example:5000
          put its authority's certificate into /etc/docker/certs.d/reg.example:5000/ca.crt on the engine's machine
        cannot pull image reg.example:5000/app:1: no space left on device
          check the image's name and that its registry can be reached
        ");
    }
}
