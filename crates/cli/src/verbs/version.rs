//! `wharf version`

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use serde_json::json;

use crate::failure::Failure;
use crate::invocation::{COMPOSE_LEVEL, Called};
use crate::screen::report;
use crate::session::Session;

/// How long the engine may take to say its version.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "pretty")]
    format: Format,
    /// Print only the version number
    #[arg(long)]
    short: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    #[default]
    Pretty,
    Json,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    let called = session.called;
    report::print(&match (args.short, args.format) {
        (true, _) => format!("{}\n", short(called)),
        // Scripts take numbers out of what docker compose prints: more is said on a terminal only.
        (_, Format::Pretty) if called.is_compose() && !std::io::stdout().is_terminal() => format!("{}\n", compose()),
        (_, Format::Pretty) => pretty(called, engine(session).await.as_ref()),
        (_, Format::Json) => format!("{}\n", as_json(called, engine(session).await.as_ref())),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn short(called: Called) -> &'static str {
    if called.is_compose() { COMPOSE_LEVEL } else { env!("CARGO_PKG_VERSION") }
}

/// The line of docker compose.
fn compose() -> String {
    format!("Docker Compose version v{COMPOSE_LEVEL}")
}

/// wharf's own line. Whoever builds wharf may set `WHARF_COMMIT`.
fn own() -> String {
    let commit = option_env!("WHARF_COMMIT").map_or_else(String::new, |commit| format!(" ({commit})"));
    format!("wharf version {}{commit}", env!("CARGO_PKG_VERSION"))
}

fn pretty(called: Called, engine: Option<&Reached>) -> String {
    let mut lines = vec![own(), compose()];
    if called.is_compose() {
        lines.reverse();
    }
    lines.extend(engine.map(|Reached { version, api }| format!("Docker Engine version {version}, API version {api}")));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// docker compose's key `version`, and more.
fn as_json(called: Called, engine: Option<&Reached>) -> serde_json::Value {
    let compose = format!("v{COMPOSE_LEVEL}");
    let own = env!("CARGO_PKG_VERSION");
    json!({
        "version": if called.is_compose() { &compose } else { own },
        "wharf": own,
        "commit": option_env!("WHARF_COMMIT"),
        "compose": compose,
        "engine": engine.map(|engine| &engine.version),
        "api": engine.map(|engine| &engine.api),
    })
}

/// An engine that answers.
struct Reached {
    version: String,
    api: String,
}

async fn engine(session: &Session) -> Option<Reached> {
    let asked = async {
        let engine = session.connect().await.ok()?;
        let version = engine.version().await.ok()??;
        Some(Reached { version, api: engine.api_version().to_string() })
    };
    tokio::time::timeout(PATIENCE, asked).await.ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_own_version_first() {
        let engine = Reached { version: "28.2.2".into(), api: "1.50".into() };
        let own = env!("CARGO_PKG_VERSION");
        assert_eq!((short(Called::Wharf), short(Called::Plugin)), (own, "2.40.3"));
        let lines = |called| pretty(called, Some(&engine)).replace(&super::own(), "OWN");
        let rest = "Docker Engine version 28.2.2, API version 1.50";
        assert_eq!(lines(Called::Wharf), format!("OWN\nDocker Compose version v2.40.3\n{rest}\n"));
        assert_eq!(lines(Called::DockerCompose), format!("Docker Compose version v2.40.3\nOWN\n{rest}\n"));
        assert_eq!(as_json(Called::Plugin, None)["version"], "v2.40.3");
        assert_eq!(as_json(Called::Wharf, Some(&engine))["version"], own);
    }
}
