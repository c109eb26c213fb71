//! Prometheus' view of the stack, and the queries of the dashboards.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use bollard::query_parameters::{StartContainerOptions, StopContainerOptions};
use serde_json::{Value, json};
use wharf_testkit::eventually;

use crate::{
    panels::{Query, Renamed, dashboards},
    stack::{DEADLINE, Stack},
    visitor::Visitor,
};

/// The interval of scrapes and rules in these tests.
const INTERVAL: Duration = Duration::from_secs(1);
/// Queries that may be empty, because they have data only after a failure, or on some machines or for some containers:
/// dashboard, panel, and the legend of one query; an empty legend stands for all of the panel's queries.
const MAY_BE_EMPTY: [(&str, &str, &str); 15] = [
    // Without Loki, the agent prints what it would send and serves no pages.
    ("Log agent", "", ""),
    ("Stack", "Alerts", ""),
    ("Web", "Error rate by route", "{{http_route}}"),
    // Nobody was here a week ago.
    ("Stack", "Requests, and a week ago", "{{service}}, a week ago"),
    ("Web", "Requests, and a week ago", "a week ago"),
    ("Web", "p95 latency, and a week ago", "a week ago"),
    // The engine is asked for it after the first scrape.
    ("Containers", "Largest writable layers", ""),
    // It is evaluated twice a minute.
    ("Web", "Error budget of 30 days", ""),
    // No container of the stack has a limit.
    ("Containers", "Saturation: throttled", "{{name}}"),
    ("Containers", "Saturation: memory of the limit", "{{name}}"),
    // Empty until the kernel has attributed I/O to them.
    ("Containers", "Read", "{{name}}"),
    ("Containers", "Written", "{{name}}"),
    ("Redis", "Memory", "limit"),
    // A kernel without pressure stall information.
    ("Host", "Saturation: pressure", ""),
    // Empty if node_exporter leaves out the machine's only disk.
    ("Host", "Saturation: disks", "{{device}}"),
];

#[tokio::test]
async fn prometheus_sees_the_stack_and_every_panel_has_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut stack = Stack::named("monitored").await;
    stack.add_file(quickened(folder.path()));
    stack.wharf(&["up", "--wait"]);
    let visitor = Visitor::of(stack.url("nginx", 5002));
    let prometheus = Visitor::of(stack.url("prometheus", 9090));

    targets_are_up(&prometheus, ["exporter", "postgres", "redis"], ("web", 3)).await;
    visit(&visitor).await;
    panels_are_answered(&stack, &prometheus, &[]).await;

    stack.wharf(&["up", "--wait", "--scale", "web=2"]);
    targets_are_up(&prometheus, ["exporter", "postgres", "redis"], ("web", 2)).await;
    redis_dies_and_comes_back(&stack, &prometheus).await;
}

#[tokio::test]
async fn every_panel_has_an_answer_for_services_with_other_names() {
    let folder = tempfile::tempdir().unwrap();
    let mut stack = Stack::named("renamed").await;
    stack.add_file(quickened(folder.path()));
    let file = folder.path().join("renamed.json");
    fs::write(&file, renamed(&stack.wharf(&["config", "--format", "json"]), folder.path())).unwrap();
    stack.replace_files(file);
    stack.wharf(&["up", "--wait"]);
    let visitor = Visitor::of(stack.url("edge", 5002));
    let prometheus = Visitor::of(stack.url("metrics", 9090));

    targets_are_up(&prometheus, ["watcher", "db", "cache"], ("api", 3)).await;
    visit(&visitor).await;
    panels_are_answered(&stack, &prometheus, &OTHER_NAMES).await;
}

/// What the stack's services could be called, too.
const OTHER_NAMES: [(&str, &str); 6] = [
    ("web", "api"),
    ("redis", "cache"),
    ("postgres", "db"),
    ("nginx", "edge"),
    ("exporter", "watcher"),
    ("prometheus", "metrics"),
];

/// The project with its services renamed. In its network they also have the names that configurations say.
fn renamed(project: &str, folder: &Path) -> String {
    let mut project: Value = serde_json::from_str(project).unwrap();
    let services = project["services"].as_object_mut().unwrap();
    for (from, to) in OTHER_NAMES {
        let mut service = services.remove(from).unwrap();
        service["networks"]["counter"] = json!({"aliases": [from]});
        services.insert(to.to_owned(), service);
        for dependencies in services.values_mut().filter_map(|service| service.get_mut("depends_on")?.as_object_mut()) {
            if let Some(condition) = dependencies.remove(from) {
                dependencies.insert(to.to_owned(), condition);
            }
        }
    }
    // The exporter knows databases by the names of their services.
    let databases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/exporter/databases.yaml");
    let databases = fs::read_to_string(databases).unwrap().replace("postgres:5432", "db:5432");
    let file = folder.join("databases.yaml");
    fs::write(&file, databases).unwrap();
    let mounts = services["watcher"]["volumes"].as_array_mut().unwrap();
    let mount = mounts.iter_mut().find(|mount| mount["target"] == "/etc/wharf/databases.yaml").unwrap();
    mount["source"] = json!(file);
    project.to_string()
}

/// Some visits to each kind of page, so that there is something to see.
async fn visit(visitor: &Visitor) {
    for _ in 0..30 {
        for path in ["/", "/count", "/hits/wharf", "/stats", "/nowhere"] {
            let _ = visitor.get(path).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A Compose file that gives Prometheus the stack's configuration with short intervals.
fn quickened(folder: &Path) -> std::path::PathBuf {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/prometheus/prometheus.yml");
    let quick = fs::read_to_string(deploy).unwrap().replace(": 5s", &format!(": {}s", INTERVAL.as_secs()));
    let configuration = folder.join("prometheus.yml");
    fs::write(&configuration, quick).unwrap();
    let volume = format!("{}:/etc/prometheus/prometheus.yml:ro", configuration.display());
    let file = folder.join("quickened.yaml");
    fs::write(&file, format!("services:\n  prometheus:\n    volumes: [\"{volume}\"]\n")).unwrap();
    file
}

/// Waits until each target is up: Prometheus, the services with one target, and the replicas of another.
async fn targets_are_up(prometheus: &Visitor, single: [&str; 3], (service, replicas): (&str, usize)) {
    let expected = single.map(|service| (service, 1)).into_iter().chain([("prometheus", 1), (service, replicas)]);
    let expected: BTreeMap<String, usize> = expected.map(|(job, count)| (job.to_owned(), count)).collect();
    eventually(format!("every target is up, {replicas} of {service}"), DEADLINE, async || {
        let targets = prometheus.targets().await?;
        let mut jobs = BTreeMap::new();
        for (name, _) in &targets {
            *jobs.entry(name.split(' ').next().unwrap().trim_matches('"').to_owned()).or_insert(0) += 1;
        }
        if jobs == expected && targets.iter().all(|(_, up)| *up) { Ok(()) } else { Err(format!("{targets:?}")) }
    })
    .await
    .unwrap();
}

async fn panels_are_answered(stack: &Stack, prometheus: &Visitor, renamed: Renamed<'_>) {
    let (mut asked, mut excused) = (0, Vec::new());
    for query in dashboards(&stack.project, renamed) {
        asked += 1;
        let name = format!("{}, {}, {:?}", query.dashboard, query.panel, query.legend);
        let may_be_empty = MAY_BE_EMPTY.iter().any(|(dashboard, panel, legend)| {
            *dashboard == query.dashboard
                && (panel.is_empty() || *panel == query.panel)
                && (legend.is_empty() || *legend == query.legend)
        });
        let answered = eventually(format!("{name} has data: {}", query.expression), PATIENCE, async || {
            match answer(prometheus, &query).await? {
                0 if !may_be_empty => Err("an empty answer".to_owned()),
                0 => Ok(false),
                _ => Ok(true),
            }
        });
        if !answered.await.unwrap() {
            excused.push(name);
        }
    }
    eprintln!("{asked} queries were answered; without data, as they may be: {excused:#?}");
    assert!(asked > 100, "{asked} queries");
}

/// Rates need two scrapes, and rules need one evaluation.
const PATIENCE: Duration = Duration::from_secs(30);

/// The number of series of a query over the last minute, or Prometheus' message if it refuses the query.
async fn answer(prometheus: &Visitor, query: &Query) -> Result<usize, String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let (start, end) = ((now - 60.0).to_string(), now.to_string());
    let parameters = [("query", query.expression.as_str()), ("start", &start), ("end", &end), ("step", "5")];
    let answer = prometheus.ask("/api/v1/query_range", &parameters).await?;
    Ok(answer["result"].as_array().ok_or("no result")?.len())
}

/// The instances in the result of an instant query.
async fn instances(prometheus: &Visitor, query: &str) -> Result<Vec<String>, String> {
    let answer = prometheus.ask("/api/v1/query", &[("query", query)]).await?;
    let series = answer["result"].as_array().ok_or("no result")?;
    Ok(series.iter().map(|series| series["metric"]["instance"].as_str().unwrap_or_default().to_owned()).collect())
}

async fn redis_dies_and_comes_back(stack: &Stack, prometheus: &Visitor) {
    let redis = stack.containers_of("redis").remove(0);
    let until = async |query: &str, empty: bool| {
        eventually(format!("{query} is empty: {empty}"), DEADLINE, async || {
            let found = instances(prometheus, query).await?;
            if found.is_empty() == empty { Ok(found) } else { Err(format!("{found:?}")) }
        })
        .await
        .unwrap()
    };
    // Like a crash after which the engine does not restart the container.
    stack.docker.stop_container(&redis, None::<StopContainerOptions>).await.unwrap();
    let died = Instant::now();
    let away = until("redis_up == 0", false).await;
    let seen = died.elapsed();
    assert_eq!(away, [format!("{}-redis-1:6379", stack.project)]);
    until("ALERTS{alertname=\"RedisDown\", alertstate=\"firing\"}", false).await;
    eprintln!("Redis' death was seen after {seen:?}, its alert fired after {:?}", died.elapsed());
    // One interval until the next scrape, which may take half a second, and one until it shows in an answer.
    assert!(seen < INTERVAL * 3, "the death of Redis was seen only after {seen:?}");
    stack.docker.start_container(&redis, None::<StartContainerOptions>).await.unwrap();
    until("redis_up == 0", true).await;
    until("ALERTS{alertname=\"RedisDown\"}", true).await;
}

impl Visitor {
    /// The data of an answer of Prometheus' API.
    async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let mut answer: Value = self.post(path, parameters).await?;
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"].take()),
            _ => Err(answer["error"].to_string()),
        }
    }
}
