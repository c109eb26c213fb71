//! Runs commands against a simulated engine, as a new process each time.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wharf_compose::{Options, Project};
use wharf_docker::{Endpoint, EndpointChoice, Engine};
use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::plan::{self, DownOptions};
use wharf_orchestrator::{ConvergeOptions, Error, Event, apply, observe, up};
use wharf_testkit::simulated_engine::Fault;
use wharf_testkit::{Shop, SimulatedEngine};

/// A command that runs longer than this hangs.
const DEADLINE: Duration = Duration::from_secs(20);

/// What the user asks for.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    /// For messages.
    pub(crate) name: String,
    pub(crate) verb: Verb,
    project: Project,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Up,
    Down,
    /// With the volumes.
    DownVolumes,
}

/// How a command is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The engine or the connection has a fault, or the process is killed.
    Fault(Fault),
    /// The process is asked to stop, by SIGTERM or SIGHUP.
    Stop,
}

impl Interruption {
    pub(crate) const ALL: [Interruption; 7] = [
        Interruption::Fault(Fault::KilledBefore),
        Interruption::Fault(Fault::KilledAfter),
        Interruption::Fault(Fault::LostRequest),
        Interruption::Fault(Fault::LostAnswer),
        Interruption::Fault(Fault::ErrorBefore),
        Interruption::Fault(Fault::ErrorAfter),
        Interruption::Stop,
    ];

    /// Whether the process ends at once and cannot clean up.
    pub(crate) fn kills(self) -> bool {
        matches!(self, Interruption::Fault(Fault::KilledBefore | Fault::KilledAfter))
    }
}

impl Command {
    pub(crate) fn up(shop: Shop) -> Self {
        Command { name: format!("up {shop:?}"), verb: Verb::Up, project: project(shop) }
    }

    pub(crate) fn down() -> Self {
        Command { name: "down".to_owned(), verb: Verb::Down, project: project(Shop::FIRST) }
    }

    pub(crate) fn down_with_volumes() -> Self {
        Command { name: "down -v".to_owned(), verb: Verb::DownVolumes, ..Command::down() }
    }

    /// Runs to its end, and returns the calls that changed something.
    pub(crate) async fn run(&self, engine: &SimulatedEngine) -> Result<Vec<String>, String> {
        engine.new_client();
        self.carry_out(engine, ApplyOptions::default()).await?;
        Ok(engine.calls())
    }

    /// Runs, and is interrupted at the call with this number.
    pub(crate) async fn run_interrupted(
        &self,
        engine: &SimulatedEngine,
        call: usize,
        interruption: Interruption,
    ) -> Result<(), String> {
        engine.new_client();
        let (stop, abort) = (CancellationToken::new(), CancellationToken::new());
        let (fault, token) = match interruption {
            Interruption::Fault(fault) if interruption.kills() => (fault, abort.clone()),
            Interruption::Fault(fault) => (fault, CancellationToken::new()),
            Interruption::Stop => (Fault::None, stop.clone()),
        };
        engine.interrupt(call, fault, move || token.cancel());
        self.carry_out(engine, ApplyOptions { stop, abort, ..ApplyOptions::default() }).await
    }

    async fn carry_out(&self, simulated: &SimulatedEngine, options: ApplyOptions) -> Result<(), String> {
        let choice = EndpointChoice { host: Some(simulated.host()), ..EndpointChoice::default() };
        let engine = Engine::connect(&Endpoint::resolve(&BTreeMap::new(), &choice).unwrap()).await.unwrap();
        let work = async {
            match self.verb {
                Verb::Up => bring_up(&engine, &self.project, options).await,
                Verb::Down | Verb::DownVolumes => {
                    let volumes = self.verb == Verb::DownVolumes;
                    take_down(&engine, &self.project, options, &DownOptions { volumes, ..DownOptions::default() }).await
                }
            }
        };
        match tokio::time::timeout(DEADLINE, work).await {
            Ok(result) => result.map_err(|error| format!("{error:?}")),
            Err(_) => Err(format!("it hangs after {:?}", simulated.calls().last())),
        }
    }
}

fn project(shop: Shop) -> Project {
    let options = Options::from_text(shop.text(8080)).with_variable(Shop::SECRET, "secret");
    Project::load(&options).unwrap().project
}

async fn bring_up(engine: &Engine, project: &Project, apply: ApplyOptions) -> Result<(), Error> {
    let apply = ApplyOptions { seal_rounds: NonZeroU32::new(1), ..apply };
    up(engine, project, &ConvergeOptions { apply, ..ConvergeOptions::default() }, &|_: Event| {}).await.map(drop)
}

async fn take_down(engine: &Engine, project: &Project, options: ApplyOptions, what: &DownOptions) -> Result<(), Error> {
    let work = async {
        let observed = observe(engine, project).await?;
        let plan = plan::down(project, &observed, what);
        apply(engine, project, &plan, &options, &|_: Event| {}).await
    };
    options.unless_aborted(work).await
}
