//! The way to the engine and back, with an engine that the test writes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use wharf_compose::Project;
use wharf_compose::model::{Condition, Dependency, Healthcheck, Network, Service};
use wharf_docker::{Endpoint, EndpointChoice, Engine};
use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::event::Outcome;
use wharf_orchestrator::plan::{self, UpOptions};
use wharf_orchestrator::{ConvergeOptions, Error, Event, StepFailure, apply, observe, service_hash};
use wharf_testkit::{FakeEngine, FakeReply, eventually};

const DEADLINE: Duration = Duration::from_secs(20);
const CREATE: &str = "/containers/create";
const START: &str = "/containers/*/start";

/// An engine that has the images and nothing else, and makes what it is asked to make.
async fn empty_engine() -> (FakeEngine, Engine) {
    let fake = FakeEngine::start();
    fake.on("GET", "/containers/json", FakeReply::json(json!([])));
    fake.on("GET", "/networks", FakeReply::json(json!([])));
    fake.on("GET", "/volumes", FakeReply::json(json!({ "Volumes": [] })));
    fake.on("GET", "/images/*/json", FakeReply::json(json!({ "Id": "sha256:1" })));
    fake.on("POST", CREATE, FakeReply::Answer(201, json!({ "Id": "4f0c", "Warnings": [] }).to_string().into()));
    fake.on("POST", START, FakeReply::status(204));
    fake.on("DELETE", "/containers/*", FakeReply::status(204));
    let choice = EndpointChoice { host: Some(fake.host()), ..EndpointChoice::default() };
    let engine = Engine::connect(&Endpoint::resolve(&BTreeMap::new(), &choice).unwrap()).await.unwrap();
    (fake, engine)
}

fn service(image: &str) -> Service {
    Service { image: Some(image.into()), ..Service::default() }
}

fn project(services: impl IntoIterator<Item = (&'static str, Service)>) -> Project {
    let services = services.into_iter().map(|(name, service)| (name.to_owned(), service)).collect();
    Project { name: "shop".to_owned(), services, ..Project::default() }
}

async fn up(engine: &Engine, project: &Project) -> Result<(), Error> {
    let observed = observe(engine, project).await?;
    let plan = plan::up(project, &observed, &UpOptions::default())?;
    apply(engine, project, &plan, &ApplyOptions::default(), &|_: Event| {}).await
}

fn only_failure(result: Result<(), Error>) -> StepFailure {
    match result {
        Err(Error::Failed(mut failures)) if failures.len() == 1 => failures.remove(0),
        other => panic!("one step fails: {other:?}"),
    }
}

#[tokio::test]
async fn an_invalid_image_name_does_not_fail_the_observation() {
    let (fake, engine) = empty_engine().await;
    let answer =
        json!({ "message": "no such image: shop-Web: invalid reference format: repository name must be lowercase" });
    fake.on("GET", "/images/shop-Web/json", FakeReply::Answer(400, answer.to_string().into()));
    let project = project([("Web", Service { image: Some("shop-Web".into()), ..Service::default() })]);
    assert!(observe(&engine, &project).await.unwrap().images.is_empty());
}

#[tokio::test]
async fn an_engine_that_fails_while_it_is_observed_says_at_which_call() {
    for (path, call) in [
        ("/containers/json", "list the containers"),
        ("/networks", "list the networks"),
        ("/volumes", "list the volumes"),
        ("/images/*/json", "look at an image"),
    ] {
        let (fake, engine) = empty_engine().await;
        fake.on("GET", path, FakeReply::error(500, "the disk is full"));
        let error = observe(&engine, &project([("web", service("app"))])).await.unwrap_err();
        assert_eq!(error.to_string(), format!("cannot {call}: the disk is full"));
    }
}

#[tokio::test]
async fn an_engine_that_fails_while_containers_are_compared_says_at_which_call() {
    let (fake, engine) = empty_engine().await;
    let labels = json!({ "com.docker.compose.project": "shop", "com.docker.compose.service": "web" });
    let found = json!([{ "Id": "77af", "Names": ["/shop-web-1"], "Labels": labels, "State": "running" }]);
    fake.on("GET", "/containers/json", FakeReply::json(found));
    fake.on("GET", "/info", FakeReply::json(json!({})));
    fake.on("GET", "/containers/*/json", FakeReply::error(500, "the disk is full"));
    let (project, options) = (project([("web", service("app"))]), ConvergeOptions::default());
    let error = wharf_orchestrator::up(&engine, &project, &options, &|_: Event| {}).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot compare a container with the file: the disk is full");
}

#[tokio::test]
async fn a_container_whose_name_is_taken_is_explained_and_not_started() {
    let (fake, engine) = empty_engine().await;
    let taken = r#"Conflict. The container name "/shop-web-1" is already in use by container "77af". You have to remove (or rename) that container to be able to reuse that name."#;
    fake.on("POST", CREATE, FakeReply::error(409, taken));
    let failure = only_failure(up(&engine, &project([("web", service("app"))])).await);
    assert!(failure.message.ends_with(taken), "{failure:?}");
    assert!(failure.help.as_ref().is_some_and(|help| help.starts_with("remove that container")), "{failure:?}");
    assert_eq!(fake.requests_for("POST", START), []);
    assert_eq!(fake.requests_for("DELETE", "/containers/*"), [], "the other container is not ours");
}

#[tokio::test]
async fn a_container_that_cannot_be_started_stays_for_the_next_run() {
    let (fake, engine) = empty_engine().await;
    fake.on("POST", START, FakeReply::error(500, "no such device"));
    let failure = only_failure(up(&engine, &project([("web", service("app"))])).await);
    assert!(failure.message.ends_with("no such device"), "{failure:?}");
    assert_eq!(fake.requests_for("DELETE", "/containers/*"), []);
}

#[tokio::test]
async fn a_command_that_the_image_does_not_have_is_named_with_its_line() {
    let (fake, engine) = empty_engine().await;
    let refusal = r#"OCI runtime create failed: container_linux.go:367: starting container process caused: exec: "nosuch": executable file not found in $PATH: unknown"#;
    fake.on("POST", START, FakeReply::error(400, refusal));
    let text = "services:\n  web:\n    image: app\n    command: [nosuch, --now]\n";
    let mut project = Project::load(&wharf_compose::Options::from_text(text)).unwrap().project;
    project.networks.clear();
    project.services.get_mut("web").unwrap().networks.clear();
    let failure = only_failure(up(&engine, &project).await);
    assert_eq!(failure.message, r#"cannot start container project-web-1: the image has no command "nosuch""#);
    assert_eq!(failure.place.map(|place| (place.line, place.column)), Some((4, 5)));
    assert!(failure.help.is_some_and(|help| help.starts_with("name a program that the image has")));
}

#[tokio::test]
async fn a_missing_file_of_a_secret_is_refused_and_a_missing_mount_is_warned_about() {
    let (fake, engine) = empty_engine().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (source, secret) = (path("nofile.conf"), path("secret"));
    let load = |keys: &str| {
        let text = format!(
            "services:\n  web:\n    image: app\n    network_mode: none\n    volumes: ['{source}:/etc/x.conf:ro']\n    {keys}\nsecrets: {{key: {{file: {secret}}}}}\n"
        );
        Project::load(&wharf_compose::Options::from_text(&text)).unwrap().project
    };
    let options = ConvergeOptions {
        apply: ApplyOptions { dry_run: true, ..ApplyOptions::default() },
        ..ConvergeOptions::default()
    };
    let warnings = Warnings::default();
    wharf_orchestrator::up(&engine, &load("tty: true"), &options, &warnings).await.unwrap();
    let said = format!("service web: {source} does not exist; the engine creates a directory of that name");
    assert_eq!(*warnings.0.lock().unwrap(), [(said, Some(5))]);
    let without_file = load("secrets: [key]");
    let refused = wharf_orchestrator::up(&engine, &without_file, &options, &Warnings::default()).await;
    let Err(Error::Refused(problems)) = refused else { panic!("expected a refusal, got {refused:?}") };
    assert_eq!(problems[0].message, format!("service web: {secret} does not exist"));
    assert_eq!(problems[0].place.as_ref().map(|place| place.line), Some(6));
    assert_eq!(fake.requests_for("POST", CREATE), []);
}

/// The warnings of plans, with their lines.
#[derive(Default)]
struct Warnings(std::sync::Mutex<Vec<(String, Option<usize>)>>);

impl wharf_orchestrator::Listener for Warnings {
    fn plan_begins(&self, plan: &plan::Plan) -> std::io::Result<()> {
        let line = |warning: &wharf_orchestrator::Warning| warning.place.as_ref().map(|place| place.line);
        let all = plan.warnings().iter().map(|warning| (warning.message.clone(), line(warning)));
        self.0.lock().unwrap().extend(all);
        Ok(())
    }

    fn event(&self, _: Event) {}
}

/// The body of the answer to an inspection of a container that was created from the request in `fake`, and has a status.
fn created_as_asked(fake: &FakeEngine, status: &str) -> Value {
    let asked = fake.requests_for("POST", CREATE)[0].json();
    json!({ "Id": "4f0c", "State": { "Status": status }, "Config": { "Labels": asked["Labels"] } })
}

#[tokio::test]
async fn a_container_whose_creation_was_not_confirmed_is_looked_up_and_started() {
    for reply in [FakeReply::Reset, FakeReply::CutOff("{".into()), FakeReply::error(500, "the proxy is tired")] {
        let (fake, engine) = empty_engine().await;
        let project = project([("web", service("app"))]);
        // Its labels are those of the request.
        up(&engine, &project).await.unwrap();
        let found = created_as_asked(&fake, "created");
        fake.on("POST", CREATE, reply);
        fake.on("GET", "/containers/shop-web-1/json", FakeReply::json(found));
        up(&engine, &project).await.unwrap();
        assert_eq!(fake.requests_for("POST", CREATE).len(), 2, "what may have been done is not asked for twice");
        assert_eq!(fake.requests_for("POST", START).len(), 2);
    }
}

#[tokio::test]
async fn a_container_that_runs_or_is_not_there_was_not_created_by_a_call_without_an_answer() {
    for status in [None, Some("running")] {
        let (fake, engine) = empty_engine().await;
        let project = project([("web", service("app"))]);
        up(&engine, &project).await.unwrap();
        if let Some(status) = status {
            fake.on("GET", "/containers/shop-web-1/json", FakeReply::json(created_as_asked(&fake, status)));
        }
        fake.on("POST", CREATE, FakeReply::Reset);
        let failure = only_failure(up(&engine, &project).await);
        assert!(failure.message.starts_with("cannot create container shop-web-1"), "{failure:?}");
        assert_eq!(fake.requests_for("POST", START).len(), 1);
    }
}

#[tokio::test]
async fn a_container_has_its_name_only_when_it_has_its_files() {
    let (fake, engine) = empty_engine().await;
    fake.on("POST", "/containers/*/rename", FakeReply::status(204));
    fake.on("PUT", "/containers/*/archive", FakeReply::status(200));
    let text =
        "services: {web: {image: app, configs: [c], network_mode: none}}\nconfigs: {c: {content: hello}}\nname: shop\n";
    let project = Project::load(&wharf_compose::Options::from_text(text)).unwrap().project;
    up(&engine, &project).await.unwrap();
    let calls: Vec<String> = fake
        .requests()
        .into_iter()
        .filter(|request| request.method != "GET")
        .map(|request| {
            let name = request.query.get("name").map(|name| format!(" as {name}")).unwrap_or_default();
            format!("{} {}{name}", request.method, request.path)
        })
        .collect();
    insta::assert_snapshot!(calls.join("\n"), @r"
    POST /containers/create as unfinished_shop-web-1
    PUT /containers/4f0c/archive
    POST /containers/4f0c/rename as shop-web-1
    POST /containers/shop-web-1/start
    ");
}

/// `db`, as the engine describes it.
fn db(health: &str) -> Value {
    json!({ "Id": "db", "Name": "/shop-db-1",
        "Config": { "Labels": { "com.docker.compose.project": "shop", "com.docker.compose.service": "db" } },
        "State": { "Status": "running", "Running": true, "StartedAt": "2023-11-14T22:13:21Z",
            "Health": { "Status": health, "FailingStreak": 0, "Log": [] } } })
}

/// Starts `web` after `db`, which is healthy when `then` has done its part.
async fn web_after_db(then: impl AsyncFn(&FakeEngine)) -> FakeEngine {
    let (fake, applied) = while_db_is_waited_for(ApplyOptions::default(), async |fake| {
        fake.on("GET", "/containers/*/json", FakeReply::json(db("healthy")));
        then(fake).await;
    })
    .await;
    applied.unwrap();
    fake
}

/// Starts `db`, and does `then` while it is waited for.
async fn while_db_is_waited_for(
    options: ApplyOptions,
    then: impl AsyncFn(&FakeEngine),
) -> (FakeEngine, Result<(), Error>) {
    let healthy = Dependency { condition: Condition::Healthy, restart: false, required: true };
    let probe = Healthcheck { test: vec!["CMD".into(), "true".into()], ..Healthcheck::default() };
    let web = Service { depends_on: [("db".to_owned(), healthy)].into_iter().collect(), ..service("app") };
    let project = project([("db", Service { healthcheck: Some(probe), ..service("postgres") }), ("web", web)]);
    let (fake, engine) = empty_engine().await;
    let observed = observe(&engine, &project).await.unwrap();
    let plan = plan::up(&project, &observed, &UpOptions::default()).unwrap();
    fake.on("GET", "/containers/json", FakeReply::json(json!([{ "Id": "db" }])));
    fake.on("GET", "/containers/*/json", FakeReply::json(db("starting")));
    let applying = apply(&engine, &project, &plan, &options, &|_: Event| {});
    let meanwhile = async {
        fake.event_streams_opened(1).await;
        eventually("`db` is waited for", DEADLINE, async || {
            match fake.requests_for("GET", "/containers/shop-db-1/json").len() {
                0 => Err("it was not looked at".to_owned()),
                _ => Ok(()),
            }
        })
        .await
        .unwrap();
        assert_eq!(fake.requests_for("POST", "/containers/shop-web-1/start"), [], "`db` is not healthy");
        then(&fake).await;
    };
    let (applied, ()) = tokio::time::timeout(DEADLINE, async { tokio::join!(applying, meanwhile) }).await.unwrap();
    (fake, applied)
}

#[tokio::test]
async fn a_dependency_is_waited_for_by_its_events() {
    let fake = web_after_db(async |fake| {
        fake.event(json!({ "Type": "container", "Action": "health_status: healthy",
            "timeNano": 1_700_000_002_000_000_000_i64,
            "Actor": { "ID": "db", "Attributes": { "com.docker.compose.project": "shop" } } }));
    })
    .await;
    assert_eq!(fake.requests_for("POST", "/containers/shop-web-1/start").len(), 1);
}

#[tokio::test]
async fn a_dependency_is_waited_for_through_a_lost_event_stream() {
    let fake = web_after_db(async |fake| fake.break_events()).await;
    assert_eq!(fake.requests_for("POST", "/containers/shop-web-1/start").len(), 1);
}

#[tokio::test]
async fn an_image_that_services_share_is_looked_at_once() {
    let (fake, engine) = empty_engine().await;
    let names = ["a", "b", "c"];
    observe(&engine, &project(names.map(|name| (name, service("app"))))).await.unwrap();
    assert_eq!(fake.requests_for("GET", "/images/*/json").len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_the_engines_is_named_with_the_call_and_what_to_do() {
    let page = FakeReply::Answer(502, "<html><title>502 Bad Gateway</title></html>".into());
    let garbage = FakeReply::Answer(200, "[222".into());
    for (reply, says) in [
        (page, "a web page with status 502 was answered, which is not the Docker Engine's"),
        (garbage, "the answer is cut off or is not the Docker Engine's ("),
        (FakeReply::status(500), "the engine answered with status 500 and gave no reason"),
        (FakeReply::Reset, "the connection to the engine broke ("),
    ] {
        let (fake, engine) = empty_engine().await;
        let project = project([("web", service("app"))]);
        fake.once("GET", "/networks", reply.clone());
        let Err(Error::Engine(error)) = observe(&engine, &project).await else { panic!("{says}") };
        assert!(error.to_string().starts_with(&format!("cannot list the networks: {says}")), "{error}");
        assert!(error.help().is_some(), "{error}");

        fake.on("POST", CREATE, reply);
        let failure = only_failure(up(&engine, &project).await);
        assert!(failure.message.starts_with(&format!("cannot create container shop-web-1: {says}")), "{failure:?}");
        assert!(failure.help.is_some(), "{failure:?}");
    }
}

#[tokio::test]
async fn a_network_with_endpoints_of_nobody_is_left_with_a_word() {
    let (fake, engine) = empty_engine().await;
    let listed = json!([{ "Id": "n1", "Name": "shop_default", "Labels": { "com.docker.compose.project": "shop" } }]);
    fake.on("GET", "/networks", FakeReply::json(listed));
    fake.on(
        "DELETE",
        "/networks/*",
        FakeReply::error(403, "error while removing network: network shop_default id n1 has active endpoints"),
    );
    let outcome = async |containers: Value| {
        fake.on("GET", "/networks/*", FakeReply::json(json!({ "Id": "n1", "Containers": containers })));
        let project = Project { name: "shop".to_owned(), ..Project::default() };
        let observed = observe(&engine, &project).await.unwrap();
        let plan = plan::down(&project, &observed, &plan::DownOptions { by_label: true, ..Default::default() });
        let outcomes = std::sync::Mutex::new(Vec::new());
        let events = |event: Event| {
            if let wharf_orchestrator::Progress::Done(outcome) = event.progress {
                outcomes.lock().unwrap().push(outcome);
            }
        };
        apply(&engine, &project, &plan, &ApplyOptions::default(), &events).await.unwrap();
        outcomes.into_inner().unwrap()
    };
    assert_eq!(outcome(json!({ "web": {} })).await, [Outcome::StillInUse]);
    assert_eq!(outcome(json!({})).await, [Outcome::HasStaleEndpoints]);
}

#[tokio::test]
async fn an_old_engine_gets_the_mac_address_where_it_reads_it() {
    let (fake, engine) = empty_engine().await;
    let address = "02:42:ac:11:00:01";
    let bridge = "bridge".parse().ok();
    let web = Service { mac_address: Some(address.into()), network_mode: bridge, ..service("app") };
    up(&engine, &project([("web", web), ("db", service("app"))])).await.unwrap();
    let mut given: Vec<_> =
        fake.requests_for("POST", CREATE).iter().map(|request| request.json()["MacAddress"].clone()).collect();
    given.sort_by_key(Value::to_string);
    assert_eq!(given, [json!(address), Value::Null]);
}

/// A project with one network, which the engine creates as `mine`.
async fn with_network(listed: &Value) -> (FakeEngine, Engine, Project) {
    let (fake, engine) = empty_engine().await;
    fake.once("GET", "/networks", FakeReply::json(json!([])));
    fake.on("GET", "/networks", FakeReply::json(listed.clone()));
    fake.on(
        "POST",
        "/networks/create",
        FakeReply::Answer(201, json!({ "Id": "mine", "Warning": "" }).to_string().into()),
    );
    fake.on("DELETE", "/networks/*", FakeReply::status(204));
    let mut project = project([]);
    project.networks.insert("default".into(), Network { name: "shop_default".into(), ..Network::default() });
    (fake, engine, project)
}

async fn up_with_its_network(engine: &Engine, project: &Project) {
    let observed = observe(engine, project).await.unwrap();
    let options = UpOptions { all_resources: true, ..UpOptions::default() };
    let plan = plan::up(project, &observed, &options).unwrap();
    apply(engine, project, &plan, &ApplyOptions::default(), &|_: Event| {}).await.unwrap();
}

fn listed(id: &str, second: u32) -> Value {
    let labels = json!({ "com.docker.compose.project": "shop", "com.docker.compose.network": "default" });
    let created = format!("2023-11-14T22:13:{second}Z");
    json!({ "Id": id, "Name": "shop_default", "Created": created, "Labels": labels })
}

#[tokio::test]
async fn of_two_networks_that_were_created_at_one_moment_the_older_one_stays() {
    let (fake, engine, project) = with_network(&json!([listed("mine", 21), listed("theirs", 20)])).await;
    up_with_its_network(&engine, &project).await;
    assert_eq!(fake.requests_for("DELETE", "/networks/*").len(), 1);
    assert_eq!(fake.requests_for("DELETE", "/networks/mine").len(), 1);
    let (fake, engine, project) = with_network(&json!([listed("mine", 21), listed("theirs", 22)])).await;
    up_with_its_network(&engine, &project).await;
    assert!(fake.requests_for("DELETE", "/networks/*").is_empty(), "the other client removes its own");
}

#[tokio::test]
async fn a_network_that_another_client_created_first_is_used() {
    let (fake, engine, project) = with_network(&json!([listed("theirs", 20)])).await;
    let taken = "network with name shop_default already exists";
    fake.on("POST", "/networks/create", FakeReply::error(409, taken));
    up_with_its_network(&engine, &project).await;
    assert!(fake.requests_for("DELETE", "/networks/*").is_empty());
}

/// A container of the project's only service, as another client has just made it.
fn web_of_another_client(project: &Project) -> Value {
    let labels = json!({
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": "web",
        "com.docker.compose.container-number": "1",
        "wharf.config-hash": service_hash(project, &project.services["web"]),
    });
    json!([{ "Id": "77af", "Names": ["/shop-web-1"], "ImageID": "sha256:1", "State": "created", "Labels": labels }])
}

/// The engine's answer when another container has the name.
fn name_taken() -> FakeReply {
    FakeReply::error(409, r#"Conflict. The container name "/shop-web-1" is already in use by container "77af"."#)
}

async fn converge(engine: &Engine, project: &Project) -> Result<(), Error> {
    wharf_orchestrator::up(engine, project, &ConvergeOptions::default(), &|_: Event| {}).await.map(drop)
}

#[tokio::test]
async fn a_container_that_another_client_has_created_meanwhile_is_started() {
    let (fake, engine) = empty_engine().await;
    let project = project([("web", service("app"))]);
    fake.once("GET", "/containers/json", FakeReply::json(json!([])));
    fake.on("GET", "/containers/json", FakeReply::json(web_of_another_client(&project)));
    fake.on("POST", CREATE, name_taken());
    converge(&engine, &project).await.unwrap();
    assert_eq!(fake.requests_for("POST", CREATE).len(), 1);
    assert_eq!(fake.requests_for("POST", "/containers/shop-web-1/start").len(), 1);
}

#[tokio::test]
async fn a_name_that_a_stranger_has_is_not_tried_again() {
    let (fake, engine) = empty_engine().await;
    fake.on("POST", CREATE, name_taken());
    let failure = only_failure(converge(&engine, &project([("web", service("app"))])).await);
    assert!(failure.message.contains("is already in use"), "{}", failure.message);
    assert_eq!(fake.requests_for("POST", CREATE).len(), 1);
}

#[tokio::test]
async fn a_container_that_another_client_has_removed_is_created_again_but_not_for_ever() {
    let (fake, engine) = empty_engine().await;
    let project = project([("web", service("app"))]);
    fake.once("POST", START, FakeReply::error(404, "No such container: shop-web-1"));
    converge(&engine, &project).await.unwrap();
    assert_eq!(fake.requests_for("POST", CREATE).len(), 2);
    fake.on("POST", START, FakeReply::error(404, "No such container: shop-web-1"));
    only_failure(converge(&engine, &project).await);
    assert_eq!(fake.requests_for("POST", CREATE).len(), 2 + 3);
}

#[tokio::test]
async fn a_plan_gives_way_while_it_waits() {
    let give_way = CancellationToken::new();
    let options = ApplyOptions { give_way: give_way.clone(), ..ApplyOptions::default() };
    let (fake, applied) = while_db_is_waited_for(options, async |_| give_way.cancel()).await;
    assert!(matches!(applied, Err(Error::TakenOver)), "{applied:?}");
    assert_eq!(fake.requests_for("POST", "/containers/shop-web-1/start"), []);
    assert_eq!(fake.requests_for("DELETE", "/containers/*"), [], "that is for the other command to decide");
}

#[tokio::test]
async fn a_plan_that_works_is_not_taken_over() {
    let give_way = CancellationToken::new();
    give_way.cancel();
    let (fake, engine) = empty_engine().await;
    let options = ConvergeOptions { apply: ApplyOptions { give_way, ..ApplyOptions::default() }, ..Default::default() };
    let project = project([("web", service("app"))]);
    wharf_orchestrator::up(&engine, &project, &options, &|_: Event| {}).await.unwrap();
    assert_eq!(fake.requests_for("POST", "/containers/shop-web-1/start").len(), 1);
}
