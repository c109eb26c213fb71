//! The binary: arguments in, exit code out. 0: stopped as asked; 1: could not run; 2: a setting is wrong.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use wharf_web::healthcheck;
use wharf_web::server::Server;
use wharf_web::settings::{Cli, Command, Settings};

/// The C library's own costs a request a sixth of its CPU time (docs/decisions/0012-allocator.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(asked) if !asked.use_stderr() => asked.exit(),
        Err(error) => return refuse(error.to_string().trim_start_matches("error: ")),
    };
    if let Some(Command::Healthcheck) = cli.command {
        return match healthcheck::ask(cli.options.listen) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&format!("not healthy: {error}"), 1),
        };
    }
    let settings = match Settings::new(cli.options, |name| std::env::var(name)) {
        Ok(settings) => settings,
        Err(error) => return refuse(&error.to_string()),
    };
    let _telemetry = match wharf_telemetry::init("wharf-web", settings.log_format) {
        Ok(telemetry) => telemetry,
        Err(error) => return refuse(&error.to_string()),
    };
    match serve(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}"), 1),
    }
}

fn serve(settings: Settings) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.worker_threads.into())
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(async {
        let signals = Signals::new().context("cannot listen for signals")?;
        let server = Server::bind(settings).await?;
        let stop = CancellationToken::new();
        tokio::select! {
            result = server.run(stop.clone()) => Ok(result?),
            () = signals.stop_then_leave(&stop) => anyhow::bail!("stopped at once by a second signal"),
        }
    });
    // A name that is being looked up keeps a thread that cannot be stopped.
    runtime.shutdown_background();
    result
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The first signal asks to stop; returns at the second one.
    async fn stop_then_leave(mut self, stop: &CancellationToken) {
        self.next().await;
        tracing::info!("stopping");
        stop.cancel();
        self.next().await;
    }
}

/// Says in one line which setting is wrong.
fn refuse(text: &str) -> ExitCode {
    fail(text.lines().next().unwrap_or_default(), 2)
}

fn fail(line: &str, code: u8) -> ExitCode {
    // Nobody is left to be told if this fails.
    let _ = writeln!(std::io::stderr(), "wharf-web: {line}");
    ExitCode::from(code)
}
