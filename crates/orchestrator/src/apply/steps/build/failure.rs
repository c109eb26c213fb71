//! Why a build by BuildKit failed, in words of the Dockerfile. Pure, but for a look at the line of a `dockerfile_inline`.

use wharf_buildkit::{Failure, Lack, lacks, line_of_step, syntax_line};
use wharf_compose::model::ImageReference;
use wharf_compose::{Place, Project};
use wharf_docker::{RegistryRefusal, without_secrets};

use super::inline::place_of_line;
use crate::build::{BuildKit, Dockerfile, Sources, USUAL};
use crate::plan::ImageBuild;

/// What is said of a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Explained {
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// The Dockerfile's line, from 1.
    line: Option<usize>,
}

/// What happened and what to do. `step` is the step that failed, by its name.
pub(super) fn explain(said: &Failure, step: Option<&str>, sources: &Sources, buildkit: &BuildKit) -> Explained {
    let own = sources.dockerfile.as_ref().map(|dockerfile| String::from_utf8_lossy(&dockerfile.text).into_owned());
    let text = own.or_else(|| said.source.as_ref().map(|(_, text)| text.clone())).unwrap_or_default();
    let message = without_secrets(&said.message);
    let version = buildkit.version.as_deref().unwrap_or_default();
    // Engines before 23.0 do not say where it is.
    let line = said.lines.map(|(first, _)| first).or_else(|| line_of_step(&text, step?));
    let plain = |help: Option<&str>| Explained { message: message.clone(), help: help.map(str::to_owned), line };
    if let Some((line, image)) = syntax_line(&text) {
        if names(&message, &image) && RegistryRefusal::of_words(&message).is_some() {
            return Explained {
                message: format!(
                    "`# syntax={image}` loads another frontend from a registry, and the engine cannot get it: {message}"
                ),
                help: Some(format!(
                    "without this line the engine uses the frontend that is built into it (of Docker Engine {version})"
                )),
                line: Some(line),
            };
        }
    } else if let Some(lack) = lacking(&text, version, &message, line) {
        return Explained { message: lack.message(version), help: Some(Lack::HELP.to_owned()), line: Some(lack.line) };
    }
    let lower = message.to_lowercase();
    if lower.contains("is not allowed") && (lower.contains("security.insecure") || lower.contains("network.host")) {
        return plain(Some(
            "the engine has to allow it: `\"builder\": {\"entitlements\": {\"security-insecure\": true}}` in its daemon.json",
        ));
    }
    if lower.contains("\"git\": executable file not found") {
        return plain(Some("the engine fetches Git contexts with `git`: install it on the engine's machine"));
    }
    if lower.contains("cache exporter") {
        return plain(Some(
            "this engine's image store can keep the cache in the image alone: `cache_to: [type=inline]`",
        ));
    }
    if lower.contains("no ssh agent") || lower.contains("no ssh key") {
        return plain(Some(
            "write `ssh: [default]` into the service's `build`, or pass `--ssh default` to `wharf build`",
        ));
    }
    if lower.contains("secret") && lower.contains("not found") {
        return plain(Some(
            "name the secret in the service's `build.secrets`, and define it in `secrets` at the top of the file",
        ));
    }
    let reaches_for_image =
        ["source metadata", "/manifests/", "pull access denied", "failed to do request", "resolve reference"];
    if reaches_for_image.iter().any(|words| lower.contains(words)) {
        return plain(Some(
            "check the name of the base image, and that the engine can reach its registry; `docker login` logs in",
        ));
    }
    plain(None)
}

/// Whether a message is about an image: by its name, or by its address in the registry.
fn names(message: &str, image: &str) -> bool {
    let reference = ImageReference::from(image);
    let name = reference.repository();
    let (host, path) = name.split_once('/').unwrap_or_default();
    let path = if host.contains(['.', ':']) { path } else { name };
    message.contains(name) || message.contains(&format!("/{path}/manifests/"))
}

/// What the engine's frontend lacks, if that is why it did not understand the Dockerfile.
fn lacking(text: &str, version: &str, message: &str, line: Option<usize>) -> Option<Lack> {
    let message = message.to_lowercase();
    let is_about_the_text =
        ["parse error", "unknown flag", "unknown instruction"].iter().any(|words| message.contains(words));
    let mut found = lacks(text, version).into_iter().filter(|_| is_about_the_text);
    // What follows a heredoc that is not understood is wrong first, some lines further down.
    found.rfind(|lack| line.is_none_or(|line| lack.line <= line))
}

impl Explained {
    /// Where the Dockerfile is wrong.
    pub(super) fn place(&mut self, project: &Project, build: &ImageBuild, sources: &Sources) -> Option<Place> {
        let (message, place) = placed(std::mem::take(&mut self.message), self.line, project, build, sources);
        self.message = message;
        place
    }
}

/// A message about a line of the Dockerfile, with its place. A Dockerfile that is no file of this machine is named in the
/// message.
pub(super) fn placed(
    message: String,
    line: Option<usize>,
    project: &Project,
    build: &ImageBuild,
    sources: &Sources,
) -> (String, Option<Place>) {
    let Some(line) = line else { return (message, None) };
    let key = |key: &str| project.places.get(&format!("services.{}.build.{key}", build.service.name)).cloned();
    match &sources.dockerfile {
        Some(Dockerfile { path: Some(path), .. }) => (message, Some(Place { file: path.clone(), line, column: 1 })),
        Some(Dockerfile { path: None, text, .. }) => {
            let value = key("dockerfile_inline");
            let exact = value.as_ref().and_then(|value| place_of_line(value, &String::from_utf8_lossy(text), line));
            match exact {
                Some(place) => (message, Some(place)),
                None => (format!("line {line} of `dockerfile_inline`: {message}"), value),
            }
        }
        None => {
            let file = build.build.dockerfile.as_deref().unwrap_or(USUAL);
            let context = without_secrets(&build.build.context);
            (format!("{file}:{line} in {context}: {message}"), key("context"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a failure of a build of this Dockerfile by Docker Engine 20.10: line, message, help.
    fn said(dockerfile: &str, message: &str, lines: Option<(usize, usize)>, step: Option<&str>) -> String {
        let dockerfile = Dockerfile { text: dockerfile.as_bytes().to_vec(), ..Dockerfile::default() };
        let sources = Sources { dockerfile: Some(dockerfile), ..Sources::default() };
        let buildkit = BuildKit { version: Some("20.10.24".to_owned()), ..BuildKit::default() };
        let failure = Failure { message: message.to_owned(), lines, source: None };
        let Explained { message, help, line } = explain(&failure, step, &sources, &buildkit);
        format!("{line:?} {message}\n{}\n", help.unwrap_or_default())
    }

    #[test]
    fn what_an_engine_does_not_know_is_named() {
        let all = [
            said("FROM x\nCOPY --link a b", "dockerfile parse error line 2: Unknown flag: link", Some((2, 2)), None),
            said(
                "FROM x\nRUN <<EOF\necho\nEOF",
                "dockerfile parse error line 3: unknown instruction: ECHO",
                Some((3, 3)),
                None,
            ),
            // A step that failed by itself.
            said("FROM x\nCOPY --link a b\nRUN false", "exit code: 1", None, Some("[3/3] RUN false")),
            said(
                "# syntax=docker/dockerfile:1\nFROM x",
                "Head \"https://registry-1.docker.io/v2/docker/dockerfile/manifests/1\": lookup registry-1.docker.io: no such host",
                None,
                None,
            ),
        ];
        insta::assert_snapshot!(all.concat(), @r#"
        Some(2) Docker Engine 20.10.24 does not know `COPY --link`; 23.0 and later do
        a `# syntax=docker/dockerfile:1` line at the top makes the engine load a newer frontend from Docker Hub
        Some(2) Docker Engine 20.10.24 does not know heredocs (`<<`); 23.0 and later do
        a `# syntax=docker/dockerfile:1` line at the top makes the engine load a newer frontend from Docker Hub
        Some(3) exit code: 1

        Some(1) `# syntax=docker/dockerfile:1` loads another frontend from a registry, and the engine cannot get it: Head "https://registry-1.docker.io/v2/docker/dockerfile/manifests/1": lookup registry-1.docker.io: no such host
        without this line the engine uses the frontend that is built into it (of Docker Engine 20.10.24)
        "#);
    }

    #[test]
    fn what_can_be_done_is_said() {
        let all = [
            "security.insecure is not allowed",
            "failed to load cache: exec: \"git\": executable file not found in $PATH",
            "unknown cache exporter: \"registry\"",
            "secret token not found: not found",
            "no SSH agent default is given to the build",
            "pull access denied, repository does not exist",
            "exit code: 1",
        ]
        .map(|message| said("FROM x", message, None, None));
        insta::assert_snapshot!(all.concat(), @r#"
        None security.insecure is not allowed
        the engine has to allow it: `"builder": {"entitlements": {"security-insecure": true}}` in its daemon.json
        None failed to load cache: exec: "git": executable file not found in $PATH
        the engine fetches Git contexts with `git`: install it on the engine's machine
        None unknown cache exporter: "registry"
        this engine's image store can keep the cache in the image alone: `cache_to: [type=inline]`
        None secret token not found: not found
        name the secret in the service's `build.secrets`, and define it in `secrets` at the top of the file
        None no SSH agent default is given to the build
        write `ssh: [default]` into the service's `build`, or pass `--ssh default` to `wharf build`
        None pull access denied, repository does not exist
        check the name of the base image, and that the engine can reach its registry; `docker login` logs in
        None exit code: 1
        "#);
    }
}
