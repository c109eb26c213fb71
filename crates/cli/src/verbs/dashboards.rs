//! `wharf dashboards`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::Value;
use wharf_exporter::dashboards::{Answer, Imported, Query, Verdict, examine, import, queries};

use crate::failure::Failure;
use crate::screen::report;
use crate::screen::whole_file::WholeFile;

/// How long Prometheus may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest file that is read, and the largest answer, in bytes.
const LARGEST: usize = 16 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Report what keeps Grafana's file provisioning from loading dashboards, and which queries have no data
    Check {
        /// The dashboards' JSON files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        sources: Sources,
    },
    /// Convert a dashboard from grafana.com for file provisioning
    Import {
        /// The dashboard's JSON file
        file: PathBuf,
        #[command(flatten)]
        sources: Sources,
        /// File to write the dashboard to [default: standard output]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The dashboard's uid [default: its own, or one made from its title]
        #[arg(long)]
        uid: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Sources {
    /// Prometheus to query
    #[arg(long, value_name = "URL", default_value = "http://localhost:9090")]
    prometheus: String,
    /// The uid of the provisioned data source
    #[arg(long, value_name = "UID", default_value = "prometheus")]
    datasource: String,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.task {
        Task::Check { files, sources } => {
            let prometheus = Prometheus::new(&sources.prometheus)?;
            let mut well = true;
            for file in &files {
                // Several reports need a name each.
                let name = if files.len() > 1 { format!("{}:\n", file.display()) } else { String::new() };
                well &= check(file, &name, &sources.datasource, &prometheus).await?;
            }
            Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Task::Import { file, sources, output, uid } => {
            let imported = load(&file, &sources.datasource, uid.as_deref())?;
            let mut json = serde_json::to_string_pretty(&imported.dashboard).map_err(anyhow::Error::from)?;
            json.push('\n');
            match &output {
                Some(file) => WholeFile::write(file, &json)?,
                None => report::print(&json)?,
            }
            for change in &imported.changes {
                report::line(&format!("changed: {change}"));
            }
            for line in unchanged(&imported) {
                report::line(&line);
            }
            // The file is written whether Prometheus can be reached or not.
            let asked = async { asked(&Prometheus::new(&sources.prometheus)?, &imported).await };
            match asked.await {
                Ok(asked) => report::line(report_on(&asked).trim_end()),
                Err(error) => report::line(&format!("the queries were not checked: {error:#}")),
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reports on one file, after `name`. Whether nothing needs to be done about it.
async fn check(file: &Path, name: &str, data_source: &str, prometheus: &Prometheus) -> Result<bool, Failure> {
    let imported = load(file, data_source, None)?;
    let mut text = name.to_owned();
    for change in &imported.changes {
        text.push_str(&format!("provisioning: `wharf dashboards import` changes: {change}\n"));
    }
    text.extend(unchanged(&imported).map(|line| line + "\n"));
    report::print(&text)?;
    let asked = asked(prometheus, &imported).await?;
    report::print(&report_on(&asked))?;
    Ok(imported.changes.is_empty() && imported.obstacles.is_empty() && asked.iter().all(has_data))
}

fn load(file: &Path, data_source: &str, uid: Option<&str>) -> anyhow::Result<Imported> {
    let name = file.display();
    let document: Value = serde_json::from_slice(&read(file)?).with_context(|| format!("{name}"))?;
    import(document, data_source, uid).with_context(|| format!("{name}"))
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let cannot = || format!("cannot read {}", file.display());
    let opened = std::fs::File::open(file).with_context(cannot)?;
    opened.take(LARGEST as u64 + 1).read_to_end(&mut bytes).with_context(cannot)?;
    if bytes.len() > LARGEST {
        bail!("{} is larger than {} MiB", file.display(), LARGEST >> 20);
    }
    Ok(bytes)
}

/// A query and its result; `None` if it was not sent.
type Asked = (Query, Option<Verdict>);

async fn asked(prometheus: &Prometheus, imported: &Imported) -> anyhow::Result<Vec<Asked>> {
    let mut asked = Vec::new();
    for query in queries(&imported.dashboard) {
        let verdict = match &query.expression {
            Ok(expression) => Some(examine(expression, async |query: &str| prometheus.ask(query).await).await?),
            Err(_) => None,
        };
        asked.push((query, verdict));
    }
    Ok(asked)
}

fn has_data((_, verdict): &Asked) -> bool {
    *verdict == Some(Verdict::Data)
}

/// A line for each data source of another type.
fn unchanged(imported: &Imported) -> impl Iterator<Item = String> {
    let lines =
        |word: &'static str, lines: &[String]| lines.iter().map(move |line| format!("{word}: {line}")).collect();
    let unchanged: Vec<String> = lines("left unchanged", &imported.obstacles);
    let others: Vec<String> = lines("not checked", &imported.others);
    unchanged.into_iter().chain(others)
}

/// The report on the queries: a paragraph for each one without data.
fn report_on(asked: &[Asked]) -> String {
    let mut text = String::new();
    for (query, verdict) in asked {
        let (word, reasons) = match (verdict, &query.expression) {
            (Some(Verdict::Data), _) => continue,
            (Some(Verdict::Refused(why)), _) => ("refused", vec![why.clone()]),
            (Some(Verdict::Empty(reasons)), _) => ("no data", reasons.iter().map(ToString::to_string).collect()),
            (None, Err(variable)) => ("not checked", vec![format!("it depends on the value of ${variable}")]),
            (None, Ok(_)) => continue,
        };
        text.push_str(&format!("{word}: {}: {}\n", query.place, query.written.replace('\n', " ")));
        for reason in reasons {
            text.push_str(&format!("    {reason}\n"));
        }
    }
    let with_data = asked.iter().filter(|asked| has_data(asked)).count();
    text.push_str(&format!("{with_data} of {} queries have data\n", asked.len()));
    text
}

/// Prometheus' HTTP API.
struct Prometheus {
    client: reqwest::Client,
    url: reqwest::Url,
}

impl Prometheus {
    fn new(url: &str) -> anyhow::Result<Self> {
        let mut url = reqwest::Url::parse(url).with_context(|| format!("--prometheus {url}"))?;
        if url.scheme() != "http" {
            bail!("--prometheus: {}:// is not supported: use the http:// address of Prometheus", url.scheme());
        }
        let path = format!("{}/api/v1/query", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let client = reqwest::Client::builder().timeout(PATIENCE).build().context("cannot make an HTTP client")?;
        Ok(Prometheus { client, url })
    }

    /// Evaluates an expression at this moment.
    async fn ask(&self, expression: &str) -> anyhow::Result<Answer> {
        let at = || format!("Prometheus at {} does not answer", self.url.origin().ascii_serialization());
        let request = self.client.post(self.url.clone()).form(&[("query", expression)]);
        let mut response = request.send().await.map_err(reqwest::Error::without_url).with_context(at)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url).with_context(at)? {
            if bytes.len() + chunk.len() > LARGEST {
                return Ok(Answer::Refused(format!("the answer is larger than {} MiB", LARGEST >> 20)));
            }
            bytes.extend_from_slice(&chunk);
        }
        let no_prometheus = || {
            format!(
                "{} is not a Prometheus server: it answered {}",
                self.url.origin().ascii_serialization(),
                response.status()
            )
        };
        let answer: Value = serde_json::from_slice(&bytes).with_context(no_prometheus)?;
        match (answer["status"].as_str(), &answer["data"]["result"]) {
            // A number or a string is its own data.
            (Some("success"), Value::Array(_)) if answer["data"]["resultType"] != "vector" => Ok(Answer::Series(1)),
            (Some("success"), Value::Array(series)) => Ok(Answer::Series(series.len())),
            (Some("error"), _) => Ok(Answer::Refused(answer["error"].as_str().unwrap_or_default().to_owned())),
            _ => bail!(no_prometheus()),
        }
    }
}

#[cfg(test)]
mod tests {
    use wharf_exporter::dashboards::Reason;

    use super::*;

    #[test]
    fn each_query_without_data_is_reported_with_its_reason() {
        let query = |place: &str, written: &str, expression| Query {
            place: place.to_owned(),
            written: written.to_owned(),
            expression,
        };
        let imported = Imported {
            dashboard: Value::Null,
            changes: Vec::new(),
            obstacles: vec!["DS_LOKI: it asks for a data source of the type loki".to_owned()],
            others: vec!["it asks for a data source of the type loki".to_owned()],
        };
        let asked = [
            (query("Up", "up", Ok("up".to_owned())), Some(Verdict::Data)),
            (
                query("Rate", "rate(a[5m])", Ok("rate(a[5m])".to_owned())),
                Some(Verdict::Empty(vec![Reason::UnknownMetric("a".to_owned())])),
            ),
            (query("Any", "$metric", Err("metric".to_owned())), None),
        ];
        let words = ["left unchanged: DS_LOKI: it asks", "not checked: it asks"];
        assert_eq!(
            unchanged(&imported).collect::<Vec<_>>(),
            words.map(|words| format!("{words} for a data source of the type loki"))
        );
        let expected = "no data: Rate: rate(a[5m])\n    metric unknown: a\n\
                        not checked: Any: $metric\n    it depends on the value of $metric\n\
                        1 of 3 queries have data\n";
        assert_eq!(report_on(&asked), expected);
    }

    #[test]
    fn only_http_addresses_are_taken() {
        assert!(Prometheus::new("http://localhost:9090/prometheus/").is_ok());
        for bad in ["https://localhost", "localhost:9090", ""] {
            assert!(Prometheus::new(bad).is_err(), "{bad}");
        }
    }
}
