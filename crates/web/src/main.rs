//! The binary: arguments in, exit code out. 0: stopped by a signal; 1: could not run; 2: a setting is wrong.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use wharf_serve::{Interrupts, health};
use wharf_web::clock;
use wharf_web::server::Server;
use wharf_web::settings::{Cli, Command, Settings};

/// The C library's own allocator costs a request a sixth of its CPU time (docs/decisions/0012-allocator.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(asked) if !asked.use_stderr() => asked.exit(),
        Err(error) => return refuse(error.to_string().trim_start_matches("error: ")),
    };
    if let Some(Command::Healthcheck) = cli.command {
        return match health::check(cli.options.listen, "/healthz") {
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
        let interrupts = Interrupts::take().context("cannot listen for signals")?;
        let server = Server::bind(settings, clock::system()).await?;
        tokio::select! {
            result = server.run(interrupts.first) => Ok(result?),
            () = interrupts.second.cancelled() => anyhow::bail!("stopped at once by a second signal"),
        }
    });
    // A thread that looks up a name cannot be stopped.
    runtime.shutdown_background();
    result
}

/// Names the wrong setting in one line.
fn refuse(text: &str) -> ExitCode {
    fail(text.lines().next().unwrap_or_default(), 2)
}

fn fail(line: &str, code: u8) -> ExitCode {
    // A failure of this cannot be reported anywhere.
    let _ = writeln!(std::io::stderr(), "wharf-web: {line}");
    ExitCode::from(code)
}
