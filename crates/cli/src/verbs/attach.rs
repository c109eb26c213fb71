//! `wharf attach`

use std::process::ExitCode;

use bollard::query_parameters::{AttachContainerOptionsBuilder, ResizeContainerTTYOptionsBuilder};
use wharf_docker::Engine;
use wharf_orchestrator::containers;

use crate::failure::Failure;
use crate::flags::container::{Target, Wanted};
use crate::screen::terminal::{self, Attached, Size};
use crate::session::Session;
use crate::session::signals::Signals;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Service
    service: String,
    /// Keys that leave the container without stopping it (default: ctrl-p,ctrl-q)
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Number of the replica (default: the first that runs)
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Leave standard input alone
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
    let inspected = engine.docker().inspect_container(&container.id, None).await.map_err(wharf_docker::Error::from)?;
    let config = inspected.config.unwrap_or_default();
    let tty = config.tty == Some(true);
    let input = !args.no_stdin && config.open_stdin == Some(true);
    let options = Options { input, tty, closes_input: config.stdin_once == Some(true), detach_keys: args.detach_keys };
    let conversation = attached(&engine, &container.id, options, async { Ok(()) });
    match args.sig_proxy {
        true => beside_signals(&engine, &container.id, conversation).await?,
        false => conversation.await?,
    }
    let inspected = engine.docker().inspect_container(&container.id, None).await.map_err(wharf_docker::Error::from)?;
    let state = inspected.state.unwrap_or_default();
    // Whoever was left by the detach keys goes on.
    let code = if state.running == Some(true) { 0 } else { state.exit_code.unwrap_or(0) };
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// How a container is joined.
pub(crate) struct Options {
    pub(crate) input: bool,
    pub(crate) tty: bool,
    /// The container's input ends with what is typed here.
    pub(crate) closes_input: bool,
    pub(crate) detach_keys: Option<String>,
}

/// Joins this terminal to a container until it ends; `start` is done when it is joined.
pub(crate) async fn attached(
    engine: &Engine,
    name: &str,
    options: Options,
    start: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let Options { input, tty, closes_input, detach_keys } = options;
    let mut query = AttachContainerOptionsBuilder::default().stream(true).stdin(input).stdout(true).stderr(true);
    if let Some(keys) = &detach_keys {
        query = query.detach_keys(keys);
    }
    let joined = engine.docker().attach_container(name, Some(query.build())).await;
    let joined = joined.map_err(wharf_docker::Error::from)?;
    start.await?;
    let joined = Attached { output: joined.output, input: joined.input, closes: closes_input };
    terminal::converse(joined, tty, input, |size| resize(engine, name, size)).await?;
    Ok(())
}

/// Passes signals on while the conversation lasts. Who asks a second time to stop is not made to wait.
pub(crate) async fn beside_signals(
    engine: &Engine,
    name: &str,
    conversation: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let mut signals = Signals::take().map_err(anyhow::Error::from)?;
    let mut conversation = std::pin::pin!(conversation);
    let mut asked = false;
    loop {
        tokio::select! {
            ended = &mut conversation => return ended,
            signal = signals.next() => {
                let stops = matches!(signal, "SIGINT" | "SIGTERM");
                let again = stops && std::mem::replace(&mut asked, stops);
                containers::signal(engine, name, if again { "SIGKILL" } else { signal }).await;
            }
        }
    }
}

async fn resize(engine: &Engine, name: &str, size: Size) {
    let options =
        ResizeContainerTTYOptionsBuilder::default().h(i32::from(size.height)).w(i32::from(size.width)).build();
    if let Err(error) = engine.docker().resize_container_tty(name, options).await {
        tracing::debug!(%error, "terminal size not passed on");
    }
}
