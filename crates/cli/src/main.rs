//! `wharf`: arguments in, events out as text, nothing else. One file a verb, in `verbs/`.

mod failure;
mod flags;
mod invocation;
mod screen;
mod session;
mod verbs;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::runtime::Builder;

use invocation::{Called, Invocation, Request, complete, help, plugin};
use screen::colour::Colours;
use screen::report;
use session::Session;
use session::flags::Global;
use verbs::{
    agent, attach, build, commit, completion, config, cp, create, dashboards, doctor, down, events, exec, export,
    exporter, images, kill, logs, ls, man, pause, plan, port, ps, pull, push, restart, rm, run, scale, setup, start,
    stats, stop, top, unpause, up, version, volumes, wait, watch,
};

/// Runs multi-container applications from Compose files on one machine.
#[derive(Debug, Parser)]
#[command(name = "wharf", about, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 14 no Compose file, 15 invalid Compose file, \
                        130 interrupted.")]
struct Cli {
    #[command(flatten)]
    global: Global,
    /// Print the version
    #[arg(short = 'v', short_alias = 'V', long)]
    version: bool,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Deliver containers' logs to Loki
    Agent(agent::Args),
    /// Join this terminal to a container's main process
    Attach(attach::Args),
    /// Build or rebuild services' images
    Build(build::Args),
    /// Create an image from a container's files
    Commit(commit::Args),
    /// Print a completion script for a shell
    Completion(completion::Args),
    /// Check the Compose files and print the resolved project
    #[command(alias = "convert")]
    Config(config::Args),
    /// Copy files between this machine and a service's containers
    Cp(cp::Args),
    /// Create the project's containers without starting them
    Create(create::Args),
    /// Check and import Grafana dashboards
    Dashboards(dashboards::Args),
    /// Check what usually goes wrong, and say how to fix it
    Doctor(doctor::Args),
    /// Stop and remove containers and networks (and volumes with -v)
    Down(down::Args),
    /// Print the events of the project's containers
    Events(events::Args),
    /// Run a command in a running container
    Exec(exec::Args),
    /// Write a container's files as a tar archive
    Export(export::Args),
    /// Serve metrics of containers, databases and the host
    Exporter(exporter::Args),
    /// List the images of the project's containers
    Images(images::Args),
    /// Send a signal to containers
    Kill(kill::Args),
    /// Show the services' logs
    Logs(logs::Args),
    /// List running projects
    Ls(ls::Args),
    /// Write manual pages
    #[command(hide = true)]
    Man(man::Args),
    /// Pause the processes in containers
    Pause(pause::Args),
    /// Show what `up` would change, by field
    Plan(plan::Args),
    /// Print the host address of a published port
    Port(port::Args),
    /// List the project's containers
    Ps(ps::Args),
    /// Pull services' images
    Pull(pull::Args),
    /// Push services' images to their registries
    Push(push::Args),
    /// Restart containers
    Restart(restart::Args),
    /// Remove stopped containers
    Rm(rm::Args),
    /// Run a command in a new container of a service
    Run(run::Args),
    /// Set the number of replicas of services
    Scale(scale::Args),
    /// Install wharf as `docker compose`, and shell completion
    Setup(setup::Args),
    /// Start existing containers
    Start(start::Args),
    /// Show the containers' resource usage
    Stats(stats::Args),
    /// Stop containers without removing them
    Stop(stop::Args),
    /// Show the processes in the containers
    Top(top::Args),
    /// Resume paused containers
    Unpause(unpause::Args),
    /// Create and start the project's containers
    Up(up::Args),
    /// Print wharf's version
    Version(version::Args),
    /// List the project's volumes
    Volumes(volumes::Args),
    /// Wait until the services' containers have stopped
    Wait(wait::Args),
    /// Keep containers up to date with the files you edit
    Watch(watch::Args),
}

fn main() -> ExitCode {
    let Invocation { called, request, arguments } = Invocation::read(std::env::args_os());
    let mut command = command(called);
    match request {
        Request::Run => {}
        Request::Metadata => {
            return report::answer(&plugin::metadata(), Colours::before_parsing());
        }
        Request::Complete { descriptions } => {
            let candidates = complete::answer(called, &command, &arguments, descriptions);
            return report::answer(&candidates, Colours::before_parsing());
        }
    }
    let words = std::iter::once(called.program().into()).chain(arguments.iter().cloned());
    let parsed = command.try_get_matches_from_mut(words).and_then(|matches| match help::meaningless(&matches) {
        Some(text) => Err(clap::Error::raw(ErrorKind::ArgumentConflict, text)),
        None => Cli::from_arg_matches(&matches),
    });
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let error = invocation::advice::without_tip(error);
            let advice = invocation::advice::advice(&error, called, &arguments, &command);
            return report::usage(&error, advice.as_deref(), Colours::before_parsing());
        }
    };
    let version = cli.version.then(|| Verb::Version(version::Args::default()));
    let Some(verb) = version.or(cli.verb) else { return without_a_verb(called, &mut command) };
    let runtime = match runtime(&verb).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            report::line(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let session = Session::new(called, cli.global);
    if !matches!(verb, Verb::Agent(_) | Verb::Exporter(_)) {
        session.tell_details();
    }
    let code = runtime.block_on(run(verb, &session));
    // A thread that waits for standard input must not keep the process alive.
    runtime.shutdown_background();
    code
}

/// The command as clap knows it, under the name that it was called by.
fn command(called: Called) -> clap::Command {
    help::arrange(Cli::command().name(called.program()).bin_name(called.program()), called)
}

/// Prints help. For docker compose it is a success: scripts find out this way whether it is there.
fn without_a_verb(called: Called, command: &mut clap::Command) -> ExitCode {
    report::help(&command.render_help(), !called.is_compose(), Colours::before_parsing())
}

/// Runs a verb. An interrupt that a plugin does not handle ends it with a code of its own, because `docker` has none for a
/// plugin that died of a signal.
async fn run(verb: Verb, session: &Session) -> ExitCode {
    if session.called != Called::Plugin {
        return dispatch(verb, session).await;
    }
    plugin::interrupt_with_docker(&session.settings.environment);
    tokio::select! {
        code = dispatch(verb, session) => code,
        Ok(()) = session.interrupted() => ExitCode::from(130),
    }
}

/// Two threads for verbs that serve or wait for many things. Verbs that only read files are faster on one thread.
fn runtime(verb: &Verb) -> Builder {
    if let Verb::Config(_) | Verb::Completion(_) | Verb::Man(_) | Verb::Setup(_) | Verb::Version(_) = verb {
        return Builder::new_current_thread();
    }
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2);
    builder
}

async fn dispatch(verb: Verb, session: &Session) -> ExitCode {
    let result = match verb {
        Verb::Agent(args) => agent::run(args, session).await,
        Verb::Build(args) => build::run(args, session).await,
        Verb::Completion(args) => completion::run(&args, session),
        Verb::Config(args) => config::run(args, session).await,
        Verb::Dashboards(args) => dashboards::run(args).await,
        Verb::Doctor(args) => doctor::run(args, session).await,
        Verb::Down(args) => down::run(args, session).await,
        Verb::Exec(args) => exec::run(args, session).await,
        Verb::Exporter(args) => exporter::run(args, session).await,
        Verb::Images(args) => images::run(args, session).await,
        Verb::Kill(args) => kill::run(args, session).await,
        Verb::Logs(args) => logs::run(args, session).await,
        Verb::Ls(args) => ls::run(args, session).await,
        Verb::Man(args) => man::run(&args),
        Verb::Plan(args) => plan::run(args, session).await,
        Verb::Port(args) => port::run(args, session).await,
        Verb::Ps(args) => ps::run(args, session).await,
        Verb::Pull(args) => pull::run(args, session).await,
        Verb::Push(args) => push::run(args, session).await,
        Verb::Restart(args) => restart::run(args, session).await,
        Verb::Run(args) => run::run(args, session).await,
        Verb::Setup(args) => setup::run(args, session),
        Verb::Start(args) => start::run(args, session).await,
        Verb::Stop(args) => stop::run(args, session).await,
        Verb::Top(args) => top::run(args, session).await,
        Verb::Up(args) => up::run(args, session).await,
        Verb::Attach(args) => attach::run(args, session).await,
        Verb::Commit(args) => commit::run(args, session).await,
        Verb::Cp(args) => cp::run(args, session).await,
        Verb::Create(args) => create::run(args, session).await,
        Verb::Events(args) => events::run(args, session).await,
        Verb::Export(args) => export::run(args, session).await,
        Verb::Pause(args) => pause::run(args, session).await,
        Verb::Rm(args) => rm::run(args, session).await,
        Verb::Scale(args) => scale::run(args, session).await,
        Verb::Stats(args) => stats::run(args, session).await,
        Verb::Unpause(args) => unpause::run(args, session).await,
        Verb::Volumes(args) => volumes::run(args, session).await,
        Verb::Wait(args) => wait::run(args, session).await,
        Verb::Watch(args) => watch::run(args, session).await,
        Verb::Version(args) => version::run(&args, session).await,
    };
    match result {
        Ok(code) => code,
        Err(failure) => report::failure(&failure, session.called, session.colours.err),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_documentation_are_understood() {
        let pages = [
            include_str!("../../../docs/builds.md"),
            include_str!("../../../docs/cli.md"),
            include_str!("../../../docs/compose.md"),
            include_str!("../../../docs/from-docker-compose.md"),
            include_str!("../../../docs/watch.md"),
        ];
        let examples = pages.iter().flat_map(|page| page.lines()).filter_map(|line| line.strip_prefix("$ "));
        for example in examples.filter(|example| example.starts_with("wharf ")) {
            let words = example.split('#').next().unwrap_or_default().split_whitespace();
            assert!(Cli::try_parse_from(words).is_ok(), "{example}");
        }
    }

    #[test]
    fn no_two_flags_of_a_verb_are_the_same() {
        Cli::command().debug_assert();
    }
}
