//! Values of flags that are written as in a Compose file: read by the reader of Compose files.

use std::path::Path;

use anyhow::Context;
use serde_json::json;
use wharf_compose::model::{Mount, Port, Service};
use wharf_compose::{Options, Passes, Project};

use crate::session::here;

/// `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]`
pub(crate) fn ports(texts: &[String]) -> anyhow::Result<Vec<Port>> {
    Ok(service("ports", texts)?.ports)
}

/// `[SOURCE:]TARGET[:OPTIONS]`
pub(crate) fn mounts(texts: &[String]) -> anyhow::Result<Vec<Mount>> {
    Ok(service("volumes", texts)?.volumes)
}

/// A command as a shell would split it.
pub(crate) fn words(text: &str) -> anyhow::Result<Vec<String>> {
    let command = escaped(text);
    let file = json!({ "services": { "x": { "image": "x", "entrypoint": command } } });
    Ok(read(file.to_string())?.entrypoint.unwrap_or_default())
}

/// The variables of an env file.
pub(crate) fn environment_file(file: &Path) -> anyhow::Result<Vec<(String, Option<String>)>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let compose = json!({ "services": { "x": { "image": "x", "env_file": "flags.env" } } });
    let options = Options { working_dir: here::directory()?, ..Options::default() };
    let options = options.with_file("flags.json", compose.to_string()).with_text("flags.env", text);
    Ok(first(options)?.environment.into_iter().collect())
}

fn service(key: &str, texts: &[String]) -> anyhow::Result<Service> {
    let texts: Vec<String> = texts.iter().map(|text| escaped(text)).collect();
    read(json!({ "services": { "x": { "image": "x", key: texts } } }).to_string())
}

/// The shell has put in all values already.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

fn read(text: String) -> anyhow::Result<Service> {
    let options = Options { working_dir: here::directory()?, ..Options::default() };
    first(options.with_file("flags.json", text))
}

fn first(options: Options) -> anyhow::Result<Service> {
    // A volume is the project's, which is not known here.
    let passes = Passes { check_consistency: false, ..Passes::default() };
    let options =
        Options { environment: std::env::vars().filter(|(key, _)| !key.starts_with("COMPOSE_")).collect(), ..options };
    match Project::load_by(&options, passes) {
        Ok(loaded) => loaded.project.services.into_values().next().context("no service"),
        Err(error) => {
            let messages: Vec<&str> = error.diagnostics.iter().map(|problem| problem.message.as_str()).collect();
            anyhow::bail!("{}", messages.join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use wharf_compose::model::Protocol;

    use super::*;

    #[test]
    fn flags_are_read_as_in_a_file() {
        let port = &ports(&["127.0.0.1:8081:80/udp".to_owned()]).unwrap()[0];
        assert_eq!((port.target, port.published), (80, Some(8081.into())));
        assert_eq!((port.host_ip.as_deref(), &port.protocol), (Some("127.0.0.1"), &Protocol::Udp));
        let mounts = mounts(&["./a$b:/data:ro".to_owned(), "logs:/logs".to_owned()]).unwrap();
        assert!(mounts[0].source.as_deref().unwrap().ends_with("/a$b") && mounts[0].read_only);
        assert_eq!(mounts[1].source.as_deref(), Some("logs"));
        assert_eq!(words("sh -c 'echo $HOME'").unwrap(), ["sh", "-c", "echo $HOME"]);
        assert_eq!(words("").unwrap(), Vec::<String>::new());
        assert!(ports(&["80:http".to_owned()]).unwrap_err().to_string().contains("http"));
    }

    #[test]
    fn an_env_file_gives_variables() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# comment\nFOO=BAR\nQUOTED='a b'\n").unwrap();
        let variables = environment_file(file.path()).unwrap();
        let expected = [("FOO", "BAR"), ("QUOTED", "a b")];
        assert_eq!(variables, expected.map(|(key, value)| (key.to_owned(), Some(value.to_owned()))));
    }
}
