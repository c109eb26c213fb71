//! `wharf doctor`

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use wharf_orchestrator::doctor::{Finding, Grade, examine};

use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let mut findings = Vec::new();
    let project = match session.load_quietly() {
        Ok(loaded) => {
            let traps = loaded.warnings.into_iter();
            findings.extend(traps.map(|mut trap| {
                let help = trap.help.take().unwrap_or_default();
                Finding::warning("file", trap.to_string(), help)
            }));
            Some(loaded.project)
        }
        Err(Failure::Compose(error)) if error.no_file() => None,
        Err(Failure::Compose(error)) => {
            findings.push(Finding::failure("file", error.to_string(), None));
            None
        }
        Err(other) => return Err(other),
    };
    match session.connect().await {
        Ok(engine) => {
            findings.insert(0, Finding::ok("connection", format!("{} answers", engine.endpoint().host)));
            findings.extend(examine(&engine, project.as_ref()).await?);
        }
        Err(Failure::Docker(error)) => {
            findings.insert(0, Finding::failure("connection", error.to_string(), error.help().map(str::to_owned)));
        }
        Err(other) => return Err(other),
    }
    match args.format {
        Format::Text => {
            let text: String = findings.iter().map(|finding| text(finding, session.colours.out)).collect();
            report::print(&session.called.name_in(&text))?;
        }
        Format::Json => {
            let lines = serde_json::to_string_pretty(&findings).map_err(anyhow::Error::from)?;
            report::print(&format!("{lines}\n"))?;
        }
    }
    let failed = findings.iter().any(|finding| finding.grade == Grade::Failure);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn text(finding: &Finding, colour: bool) -> String {
    let (word, shade) = match finding.grade {
        Grade::Ok => ("ok  ", AnsiColor::Green),
        Grade::Warning => ("warn", AnsiColor::Yellow),
        Grade::Failure => ("fail", AnsiColor::Red),
    };
    let style = if colour { Style::new().fg_color(Some(shade.into())) } else { Style::new() };
    let mut text = format!("{style}{word}{style:#}  {}: {}\n", finding.subject, finding.message);
    if let Some(help) = finding.help.as_deref().filter(|help| !help.is_empty()) {
        text.push_str(&format!("      {help}\n"));
    }
    text
}
