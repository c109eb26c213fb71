//! `wharf attach`

use std::process::ExitCode;
use std::time::Instant;

use wharf_docker::Engine;
use wharf_docker::attach::{TerminalSize, attach, resize, standard_streams};
use wharf_orchestrator::containers;
use wharf_orchestrator::observe::is_running;
use wharf_serve::SAME_SIGNAL;

use crate::failure::Failure;
use crate::flags::container::{Target, Wanted};
use crate::screen::terminal;
use crate::session::Session;
use crate::session::signals::Signals;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Service
    service: String,
    /// Keys that leave the container without stopping it (default: ctrl-p,ctrl-q)
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Number of the replica (default: the first that is running)
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Do not attach standard input
    #[arg(long)]
    no_stdin: bool,
    /// Pass signals on to the process
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true")]
    #[arg(action = clap::ArgAction::Set)]
    sig_proxy: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let wanted = Wanted { service: &args.service, index: args.index, stopped: false };
    let Target { engine, container, .. } = Target::find(session, &wanted).await?;
    if session.only_shows(|| format!("join container {}\n", container.name))? {
        return Ok(ExitCode::SUCCESS);
    }
    let streams = standard_streams(&engine, &container.id).await?;
    let options = terminal::Options {
        tty: streams.tty,
        input: !args.no_stdin && streams.input,
        closes_input: streams.input_once,
    };
    let conversation = join(&engine, &container.id, options, args.detach_keys.as_deref(), async { Ok(()) });
    match args.sig_proxy {
        true => beside_signals(&engine, &container.id, session.signals()?, conversation).await?,
        false => conversation.await?,
    }
    // A container that was left by the detach keys runs on.
    let code = match is_running(&engine, &container.id).await? {
        true => 0,
        false => containers::exit_code(&engine, &container.id).await?,
    };
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// Joins this terminal to a container until it ends or the detach keys are pressed; `start` runs once it is joined.
pub(crate) async fn join(
    engine: &Engine,
    name: &str,
    options: terminal::Options,
    detach_keys: Option<&str>,
    start: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let attached = attach(engine, name, options.input, detach_keys).await?;
    start.await?;
    terminal::converse(attached, options, |size| resized(engine, name, size)).await?;
    Ok(())
}

/// Passes signals on while the conversation lasts. The second request to stop kills; what follows the first at once is the
/// same one, sent twice.
pub(crate) async fn beside_signals(
    engine: &Engine,
    name: &str,
    mut signals: Signals,
    conversation: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let mut conversation = std::pin::pin!(conversation);
    let mut asked: Option<Instant> = None;
    loop {
        tokio::select! {
            ended = &mut conversation => return ended,
            signal = signals.next() => {
                let signal = match asked {
                    _ if !matches!(signal, "SIGINT" | "SIGTERM") => signal,
                    None => {
                        asked = Some(Instant::now());
                        signal
                    }
                    Some(first) if first.elapsed() < SAME_SIGNAL => continue,
                    Some(_) => "SIGKILL",
                };
                containers::signal(engine, name, signal).await;
            }
        }
    }
}

async fn resized(engine: &Engine, name: &str, size: TerminalSize) {
    if let Err(error) = resize(engine, name, size).await {
        tracing::debug!(%error, "terminal size not passed on");
    }
}
