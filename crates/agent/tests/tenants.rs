//! One tenant's refusal, or one bad line, stops no other.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wharf_agent::agent::{self, AgentError, Options};
use wharf_agent::config;
use wharf_testkit::{Loki, eventually};

/// Longest wait for something that must happen.
const SOON: Duration = Duration::from_secs(60);
/// Takes the tenant and the text from a line.
const STAGES: &str = "[{json: {expressions: {t: t, m: m}}}, {tenant: {source: t}}, {output: {source: m}}]";

struct Agent {
    stop: CancellationToken,
    task: JoinHandle<Result<(), AgentError>>,
}

impl Agent {
    /// Reads `*.log` of a folder, with a memory of 4 MiB.
    fn start(loki: &Loki, folder: &Path, client: &str, options: Options) -> Self {
        let folder = folder.display();
        let text = format!(
            "server: {{disable: true}}
positions: {{filename: {folder}/positions.json}}
target_config: {{sync_period: 100ms}}
clients: [{{url: {}/loki/api/v1/push, backoff_config: {{min_period: 50ms, max_period: 200ms}}{client}}}]
scrape_configs:
- {{job_name: j, pipeline_stages: {STAGES}, static_configs: [{{labels: {{__path__: {folder}/*.log}}}}]}}
",
            loki.url()
        );
        let read = config::from_yaml(&text).unwrap();
        let stop = CancellationToken::new();
        Self { task: tokio::spawn(agent::run(read.config, options, stop.clone())), stop }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

fn lines(tenant: &str, name: &str, count: usize, size: usize) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        writeln!(text, r#"{{"t":"{tenant}","m":"{name} {number} {}"}}"#, "x".repeat(size)).unwrap();
        text
    })
}

/// Waits until the lines of a name are there, each once and in order.
async fn come(loki: &Loki, name: &str, count: usize) {
    let start = format!("{name} ");
    let numbers = || -> Vec<usize> {
        let received = loki.received();
        let texts = received.iter().filter_map(|line| line.line.strip_prefix(&start));
        texts.map(|text| text.split(' ').next().unwrap().parse().unwrap()).collect()
    };
    eventually(format!("{count} lines of {name}"), SOON, async || match numbers().len() {
        found if found >= count => Ok(()),
        found => Err(format!("{found} lines")),
    })
    .await
    .unwrap();
    let (numbers, wanted) = (numbers(), (0..count).collect::<Vec<_>>());
    assert!(
        numbers == wanted,
        "{name}: {} lines, {:?} out of place",
        numbers.len(),
        numbers.iter().zip(wanted).find(|(found, wanted)| *found != wanted)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_tenant_waits_alone_and_loses_nothing() {
    for status in [403, 429] {
        let (loki, folder) = (Loki::start().await, tempfile::tempdir().unwrap());
        loki.refuse("a", status);
        // Several times the memory, in more files than there are lanes.
        for number in 0..6 {
            let name = format!("a{number}");
            std::fs::write(folder.path().join(format!("{name}.log")), lines("a", &name, 1_500, 500)).unwrap();
        }
        let agent = Agent::start(&loki, folder.path(), "", Options::default());
        eventually("the tenant is refused", SOON, async || match loki.statuses() {
            statuses if statuses.iter().filter(|found| **found == status).count() > 8 => Ok(()),
            statuses => Err(format!("{statuses:?}")),
        })
        .await
        .unwrap();
        for number in 0..12 {
            let name = format!("b{number}");
            std::fs::write(folder.path().join(format!("{name}.log")), lines("b", &name, 300, 100)).unwrap();
        }
        for number in 0..12 {
            come(&loki, &format!("b{number}"), 300).await;
        }
        loki.accept("a");
        for number in 0..6 {
            come(&loki, &format!("a{number}"), 1_500).await;
        }
        agent.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_a_tenant_is_refused_repeats_nothing_of_the_others() {
    let (loki, folder) = (Loki::start().await, tempfile::tempdir().unwrap());
    loki.refuse("a", 403);
    for tenant in ["a", "b"] {
        std::fs::write(folder.path().join(format!("{tenant}.log")), lines(tenant, tenant, 5_000, 200)).unwrap();
    }
    let agent = Agent::start(&loki, folder.path(), "", Options::default());
    come(&loki, "b", 5_000).await;
    agent.stop().await;
    let agent = Agent::start(&loki, folder.path(), "", Options::default());
    loki.accept("a");
    come(&loki, "a", 5_000).await;
    come(&loki, "b", 5_000).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_of_one_file_do_not_wait_for_each_other() {
    let (loki, folder) = (Loki::start().await, tempfile::tempdir().unwrap());
    loki.refuse("a", 429);
    let mixed = lines("a", "a", 500, 100) + &lines("b", "b", 20_000, 200);
    std::fs::write(folder.path().join("mixed.log"), mixed).unwrap();
    let agent = Agent::start(&loki, folder.path(), "", Options::default());
    come(&loki, "b", 20_000).await;
    loki.accept("a");
    come(&loki, "a", 500).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_tenants_lines_go_to_the_spool() {
    let (loki, folder, spool) = (Loki::start().await, tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    loki.refuse("a", 403);
    let mixed = lines("a", "a", 20_000, 500) + &lines("b", "b", 5_000, 100);
    std::fs::write(folder.path().join("mixed.log"), mixed).unwrap();
    let options = || Options { spool: Some((spool.path().to_owned(), 1 << 30)), ..Options::default() };
    let agent = Agent::start(&loki, folder.path(), "", options());
    come(&loki, "b", 5_000).await;
    agent.stop().await;
    loki.accept("a");
    let agent = Agent::start(&loki, folder.path(), "", options());
    come(&loki, "a", 20_000).await;
    come(&loki, "b", 5_000).await;
    agent.stop().await;
    assert_eq!(std::fs::read_dir(spool.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_no_header_value_costs_its_line_alone() {
    let (loki, folder) = (Loki::start().await, tempfile::tempdir().unwrap());
    let text = lines("b", "one", 10, 10) + &lines(r"l1\nl2", "bad", 1, 10) + &lines("b", "two", 10, 10);
    std::fs::write(folder.path().join("mixed.log"), text).unwrap();
    let agent = Agent::start(&loki, folder.path(), "", Options::default());
    come(&loki, "one", 10).await;
    come(&loki, "two", 10).await;
    agent.stop().await;
    // Nothing is left to be read again.
    let agent = Agent::start(&loki, folder.path(), "", Options::default());
    std::fs::write(folder.path().join("more.log"), lines("b", "three", 10, 10)).unwrap();
    come(&loki, "three", 10).await;
    agent.stop().await;
    assert_eq!(loki.count(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limited_lines_are_dropped_on_request() {
    let (loki, folder) = (Loki::start().await, tempfile::tempdir().unwrap());
    loki.refuse("a", 429);
    std::fs::write(folder.path().join("a.log"), lines("a", "a", 100, 10)).unwrap();
    let agent = Agent::start(&loki, folder.path(), ", drop_rate_limited_batches: true", Options::default());
    eventually("the lines are dropped", SOON, async || match loki.statuses() {
        statuses if statuses == [429] => Ok(()),
        statuses => Err(format!("{statuses:?}")),
    })
    .await
    .unwrap();
    loki.accept("a");
    std::fs::write(folder.path().join("b.log"), lines("a", "later", 100, 10)).unwrap();
    come(&loki, "later", 100).await;
    agent.stop().await;
    assert_eq!(loki.count(), 100);
}
