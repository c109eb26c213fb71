//! Health checks that are run while somebody waits, on a simulated engine whose own first probe is still to come.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use wharf_compose::{Options, Project};
use wharf_docker::{Endpoint, EndpointChoice, Engine};
use wharf_orchestrator::observe::list_containers;
use wharf_orchestrator::read::probed::believe_probes;
use wharf_orchestrator::{ConvergeOptions, Error, Event, up};
use wharf_testkit::simulated_engine::{Health, Status};
use wharf_testkit::{SimulatedEngine, eventually};

const DEADLINE: Duration = Duration::from_secs(20);

/// `web`, which waits for `db`, whose keys are given.
fn project(db: &str) -> Project {
    let text = format!(
        "name: shop\nservices:\n  db:\n    image: app:1\n{db}\n  web:\n    image: app:1\n    depends_on: {{db: {{condition: service_healthy}}}}\n"
    );
    Project::load(&Options::from_text(text)).unwrap().project
}

/// The keys of a service with this health check.
fn check(test: &str) -> String {
    format!("    healthcheck: {{test: {test}, interval: 30s, timeout: 100ms}}")
}

fn engine() -> SimulatedEngine {
    let simulated = SimulatedEngine::start();
    simulated.add_image("app:1", &[]);
    simulated.probe_late();
    simulated
}

async fn connect(simulated: &SimulatedEngine) -> Engine {
    let choice = EndpointChoice { host: Some(simulated.host()), ..EndpointChoice::default() };
    Engine::connect(&Endpoint::resolve(&BTreeMap::new(), &choice).unwrap()).await.unwrap()
}

async fn run_up(simulated: &SimulatedEngine, project: &Project, options: ConvergeOptions) -> Result<(), Error> {
    let engine = connect(simulated).await;
    let up = up(&engine, project, &options, &|_: Event| {});
    tokio::time::timeout(DEADLINE, up).await.expect("`up` ends").map(drop)
}

/// What `ps` says of `db`.
async fn shown(simulated: &SimulatedEngine) -> String {
    let engine = connect(simulated).await;
    let mut containers = list_containers(&engine, Some("shop"), true).await.unwrap();
    believe_probes(&engine, &mut containers).await.unwrap();
    containers.into_iter().find(|container| container.service == "db").unwrap().status
}

/// The commands that were run in `db`, and whether `web` runs.
fn seen(simulated: &SimulatedEngine) -> (Vec<String>, bool) {
    let containers = simulated.containers();
    let named = |name: &str| containers.iter().find(|container| container.name == name);
    let commands = named("shop-db-1").unwrap().executed.iter().map(|words| words.join(" ")).collect();
    (commands, named("shop-web-1").unwrap().status == Status::Running)
}

#[tokio::test]
async fn a_container_is_healthy_as_soon_as_its_own_check_succeeds() {
    for (test, command) in [("[CMD, probe, -q]", "probe -q"), ("[CMD-SHELL, a | b]", "/bin/sh -c a | b")] {
        let simulated = engine();
        let project = project(&check(test));
        run_up(&simulated, &project, ConvergeOptions::default()).await.unwrap();
        assert_eq!(seen(&simulated), (vec![command.to_owned()], true));
        assert!(shown(&simulated).await.ends_with(" seconds (healthy)"), "{}", shown(&simulated).await);
        // The engine does not know it yet, so another run asks the container again.
        simulated.new_client();
        run_up(&simulated, &project, ConvergeOptions::default()).await.unwrap();
        assert_eq!(seen(&simulated).0.len(), 2);
        let changes: Vec<_> = simulated.calls().into_iter().filter(|call| !call.contains("exec")).collect();
        assert_eq!(changes, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_check_that_fails_leaves_the_word_to_the_engine() {
    let simulated = engine();
    let meanwhile = async {
        eventually("the check was run several times", DEADLINE, async || match seen(&simulated).0.len() {
            runs if runs > 2 => Ok(()),
            runs => Err(format!("{runs} times")),
        })
        .await
        .unwrap();
        assert!(!seen(&simulated).1, "`db` is not healthy");
        assert!(shown(&simulated).await.ends_with("(health: starting)"));
        simulated.set_health("shop-db-1", Health::Healthy);
    };
    // The meanwhile begins once there is a container.
    let project = project(&check("[CMD, \"false\"]"));
    let begun = async {
        eventually("`db` was created", DEADLINE, async || match simulated.containers().len() {
            2 => Ok(()),
            count => Err(format!("{count} containers")),
        })
        .await
        .unwrap();
        meanwhile.await;
    };
    let (result, ()) = tokio::join!(run_up(&simulated, &project, ConvergeOptions::default()), begun);
    result.unwrap();
    assert!(seen(&simulated).1);
}

#[tokio::test]
async fn a_check_that_outlives_its_time_is_not_run_again() {
    let simulated = engine();
    let mut options = ConvergeOptions::default();
    options.apply.wait_timeout = Some(Duration::from_secs(2));
    let Err(Error::Failed(failures)) = run_up(&simulated, &project(&check("[CMD, sleep, '60']")), options).await else {
        panic!("`db` never becomes healthy")
    };
    assert_eq!(failures[0].message, "shop-db-1 was not healthy within 2 seconds");
    assert_eq!(seen(&simulated), (vec!["sleep 60".to_owned()], false));
}

#[tokio::test]
async fn nothing_is_run_where_the_file_leaves_it_to_the_engine() {
    for extra in ["    x-wharf: {probe: engine}", "x-wharf: {probe: engine}"] {
        let simulated = engine();
        let mut options = ConvergeOptions::default();
        options.apply.wait_timeout = Some(Duration::from_secs(1));
        let keys = check("[CMD, probe]");
        let project = match extra.strip_prefix(' ') {
            Some(_) => project(&format!("{keys}\n{extra}")),
            None => {
                let mut project = project(&keys);
                project.extensions.insert("x-wharf".to_owned(), serde_json::json!({ "probe": "engine" }));
                project
            }
        };
        run_up(&simulated, &project, options).await.unwrap_err();
        assert_eq!(seen(&simulated), (vec![], false));
    }
}
