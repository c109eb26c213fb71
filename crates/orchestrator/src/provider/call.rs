//! Calls the program of a provider.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;
use wharf_compose::model::Concealed;
use wharf_plan::Detail;

use super::messages::Messages;
use super::metadata::Metadata;
use super::{ProviderAct, ProviderProgram};
use crate::apply::lines::LineCutter;

/// How long a provider may print nothing. What it makes may take long, and not every provider tells how far it is.
const SILENCE: Duration = Duration::from_secs(30 * 60);
/// How long a provider may take to describe itself.
const METADATA_DEADLINE: Duration = Duration::from_secs(10);
/// The longest description of a provider, in bytes.
const LONGEST_METADATA: u64 = 1 << 20;

/// Why a call failed.
#[derive(Debug)]
pub(crate) struct CallError {
    /// What the provider says, or what happened to it.
    pub(crate) message: String,
    /// The last lines that it wrote to its standard error.
    pub(crate) details: Vec<Detail>,
}

/// Runs `PROGRAM compose --project-name=PROJECT up|down OPTIONS SERVICE` and gives the variables that it sets. `tell` gets its
/// messages for people. The program is killed when this is dropped.
pub(crate) async fn call(
    program: &ProviderProgram,
    act: ProviderAct,
    (project, service): (&str, &str),
    environment: &BTreeMap<String, String>,
    tell: impl FnMut(String),
) -> Result<BTreeMap<String, Concealed>, CallError> {
    let complaints = Mutex::new(LineCutter::default());
    let failed = |message: String, complaints: Mutex<LineCutter>| {
        let last = complaints.into_inner().unwrap_or_else(PoisonError::into_inner).finish(|_| {});
        CallError { message, details: last.details("last lines of the provider") }
    };
    let mut command = command(&program.path, environment);
    command.arg("compose").arg(format!("--project-name={project}")).arg(act.as_str());
    command.args(program.arguments.iter().map(|argument| &argument.0)).arg(service).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Err(failed(format!("{} cannot be run: {error}", program.path.display()), complaints)),
    };
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let messages = read(output, tell).await?;
        let status = timeout(SILENCE, child.wait()).await.map_err(|_| silent())?;
        match status {
            Ok(status) if status.success() => messages.finish(),
            Ok(status) => Err(format!("{} {}", program.path.display(), ended(status))),
            Err(error) => Err(error.to_string()),
        }
    };
    // Another program that it has started may keep its standard error open.
    let listen = async {
        drain(errors, &complaints).await;
        std::future::pending().await
    };
    let result = tokio::select! {
        biased;
        never = listen => never,
        result = work => result,
    };
    result.map_err(|message| failed(message, complaints))
}

/// What a provider says about itself. Not every provider knows the command, so one that fails says nothing.
pub(super) async fn metadata(path: &Path, environment: &BTreeMap<String, String>) -> Metadata {
    let asked = async {
        let mut child = command(path, environment).args(["compose", "metadata"]).stderr(Stdio::null()).spawn()?;
        let mut printed = Vec::new();
        if let Some(output) = child.stdout.take() {
            output.take(LONGEST_METADATA).read_to_end(&mut printed).await?;
        }
        std::io::Result::Ok((child.wait().await?, printed))
    };
    match timeout(METADATA_DEADLINE, asked).await {
        Ok(Ok((status, printed))) if status.success() => Metadata::read(&printed),
        _ => Metadata::default(),
    }
}

fn command(path: &Path, environment: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(path);
    command.env_clear().envs(environment).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

async fn read(output: Option<impl AsyncRead + Unpin>, mut tell: impl FnMut(String)) -> Result<Messages, String> {
    let mut messages = Messages::default();
    let Some(mut output) = output else { return Ok(messages) };
    let mut buffer = [0; 8192];
    loop {
        let read = timeout(SILENCE, output.read(&mut buffer)).await.map_err(|_| silent())?;
        match read.map_err(|error| error.to_string())? {
            0 => return Ok(messages),
            length => messages.take(&buffer[..length], &mut tell)?,
        }
    }
}

async fn drain(output: Option<impl AsyncRead + Unpin>, into: &Mutex<LineCutter>) {
    let Some(mut output) = output else { return };
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = output.read(&mut buffer).await {
        into.lock().unwrap_or_else(PoisonError::into_inner).take(&buffer[..length], |_| {});
    }
}

fn silent() -> String {
    format!("it has said nothing for {} minutes, and was ended", SILENCE.as_secs() / 60)
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exited with code {code}"),
        None => format!("was ended ({status})"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A provider that does what a script says.
    fn provider(script: &str) -> (tempfile::TempDir, ProviderProgram) {
        let directory = tempfile::tempdir().unwrap();
        let (text, path): (PathBuf, PathBuf) = (directory.path().join("script"), directory.path().join("cloud"));
        std::fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
        // By another process: what this one has open for writing, a child of another test holds for a moment, and it cannot run.
        let made = std::process::Command::new("install").args(["-m", "755"]).args([&text, &path]).status();
        assert!(made.unwrap().success());
        let arguments = vec![Concealed("--size=10".to_owned()), Concealed("--key=hunter2".to_owned())];
        (directory, ProviderProgram { kind: "cloud".into(), path, arguments })
    }

    async fn run(script: &str) -> (Vec<String>, Result<BTreeMap<String, Concealed>, CallError>) {
        let (_directory, program) = provider(script);
        assert!(!format!("{program:?}").contains("hunter2"));
        let environment =
            BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned()), ("A".to_owned(), "1".to_owned())]);
        let mut told = Vec::new();
        let result = call(&program, ProviderAct::Up, ("shop", "db"), &environment, |text| told.push(text)).await;
        (told, result)
    }

    #[tokio::test]
    async fn a_provider_gets_its_options_and_sets_variables() {
        let script = r#"echo "{\"type\":\"info\",\"message\":\"$* $(env | grep -c -e ^A=1$ -e ^HOME)\"}"
            echo '{"type":"setenv","message":"URL=http://x"}'"#;
        let (told, result) = run(script).await;
        assert_eq!(told, ["compose --project-name=shop up --size=10 --key=hunter2 db 1"]);
        assert_eq!(result.unwrap(), BTreeMap::from([("URL".to_owned(), Concealed("http://x".to_owned()))]));
    }

    #[tokio::test]
    async fn a_failure_says_the_providers_own_message() {
        let (_, result) = run(r#"echo '{"type":"error","message":"no quota"}'; sleep 60"#).await;
        assert_eq!(result.unwrap_err().message, "no quota");
        let (_, result) = run("echo cannot log in >&2; exit 3").await;
        let error = result.unwrap_err();
        assert!(error.message.ends_with("cloud exited with code 3"), "{}", error.message);
        assert_eq!(error.details[0].text, "cannot log in");
    }

    /// Its standard error stays open, and nobody waits for it.
    #[tokio::test]
    async fn a_program_that_a_provider_leaves_running_holds_nobody_up() {
        let (_, result) = run("sleep 60 > /dev/null & exit 0").await;
        assert!(result.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_provider_may_describe_its_options_or_not() {
        let environment = BTreeMap::new();
        let (_directory, silent) = provider("exit 1");
        assert_eq!(metadata(&silent.path, &environment).await, Metadata::default());
        let (_directory, told) = provider(r#"[ "$*" = "compose metadata" ] && echo '{"description": "x"}'"#);
        assert_eq!(metadata(&told.path, &environment).await, Metadata::read(br#"{"description": "x"}"#));
    }
}
