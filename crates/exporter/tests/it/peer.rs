//! What another exporter serves beside what ours serves: the text format read back, and the two compared.

use std::collections::{BTreeMap, BTreeSet};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Labels without the empty ones: to Prometheus an empty label is none.
pub(crate) type Labels = BTreeMap<String, String>;

/// All series of a scrape, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scrape(pub(crate) BTreeMap<String, BTreeMap<Labels, f64>>);

/// How much two values of one series may differ beyond what it moved between two scrapes of ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slack {
    /// How the names begin.
    pub(crate) prefix: &'static str,
    /// In the metric's unit.
    pub(crate) absolute: f64,
    /// Why.
    #[expect(dead_code, reason = "for who reads the list")]
    pub(crate) reason: &'static str,
}

/// What they serve and we do not, or under other labels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotServed {
    /// How the names begin.
    pub(crate) prefix: &'static str,
    /// Why.
    #[expect(dead_code, reason = "for who reads the list")]
    pub(crate) reason: &'static str,
}

/// The answer to `GET path` on the loopback interface.
pub(crate) async fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    body.to_owned()
}

impl Scrape {
    /// Reads the text format; panics where it is broken or a series comes twice.
    pub(crate) fn parse(text: &str) -> Self {
        let mut scrape = Scrape::default();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = match series.split_once('{') {
                Some((name, rest)) => (name, labels(rest.strip_suffix('}').unwrap())),
                None => (series, Labels::new()),
            };
            let before = scrape.0.entry(name.to_owned()).or_default().insert(labels, value.parse().unwrap());
            assert!(before.is_none(), "twice: {series}");
        }
        scrape
    }

    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// The value of the only series of that name whose labels hold these.
    pub(crate) fn value(&self, name: &str, wanted: &[(&str, &str)]) -> f64 {
        let series = self.0.get(name).unwrap_or_else(|| panic!("no {name} among {:?}", self.names()));
        let holds =
            |labels: &Labels| wanted.iter().all(|(label, value)| labels.get(*label).is_some_and(|is| is == value));
        let found: Vec<f64> = series.iter().filter(|(labels, _)| holds(labels)).map(|(_, value)| *value).collect();
        assert_eq!(found.len(), 1, "{name} {wanted:?} in {series:?}");
        found[0]
    }
}

fn labels(mut rest: &str) -> Labels {
    let mut labels = Labels::new();
    while let Some((name, after)) = rest.split_once("=\"") {
        let mut value = String::new();
        let mut characters = after.char_indices();
        let end = loop {
            match characters.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => match characters.next().unwrap().1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, other) => value.push(other),
            }
        };
        if !value.is_empty() {
            labels.insert(name.trim_start_matches(',').to_owned(), value);
        }
        rest = &after[end + 1..];
    }
    labels
}

/// Every difference between theirs and ours that is not explained; ours was scraped before and after theirs.
pub(crate) fn differences(
    before: &Scrape,
    theirs: &Scrape,
    after: &Scrape,
    slack: &[Slack],
    not_served: &[NotServed],
) -> Vec<String> {
    let mut found = Vec::new();
    for entry in not_served {
        if !theirs.names().iter().any(|name| name.starts_with(entry.prefix)) {
            found.push(format!("{}* is on the list, and they do not serve it", entry.prefix));
        }
    }
    let compared = |name: &str| !not_served.iter().any(|entry| name.starts_with(entry.prefix));
    for (name, series) in theirs.0.iter().filter(|(name, _)| compared(name)) {
        let (Some(first), Some(last)) = (before.0.get(name), after.0.get(name)) else {
            let is_a_value = series.values().any(|value| !value.is_nan());
            if is_a_value {
                found.push(format!("{name} is not served, and not on the list"));
            }
            continue;
        };
        let absolute = slack.iter().find(|slack| name.starts_with(slack.prefix)).map_or(0.0, |slack| slack.absolute);
        for (labels, value) in series.iter().filter(|(_, value)| !value.is_nan()) {
            match (first.get(labels), last.get(labels)) {
                (Some(first), Some(last)) => {
                    let (low, high) = (first.min(*last), first.max(*last));
                    if *value < low - absolute || *value > high + absolute {
                        found.push(format!("{name}{labels:?}: {value} of theirs is not in {low}..={high} of ours"));
                    }
                }
                (None, None) => found.push(format!("{name}{labels:?} is not served")),
                // Came or went in between.
                _ => {}
            }
        }
        for labels in first.keys().filter(|labels| last.contains_key(labels) && !series.contains_key(labels)) {
            found.push(format!("{name}{labels:?} is ours alone"));
        }
    }
    found
}

#[test]
fn differences_are_found() {
    let ours = Scrape::parse("a 1\nb{x=\"1\"} 5\nextra{x=\"1\"} 1\nextra{x=\"2\"} 1\n");
    let later = Scrape::parse("a 3\nb{x=\"1\"} 5\nextra{x=\"1\"} 1\nextra{x=\"2\"} 1\n");
    let theirs =
        Scrape::parse("# HELP a A.\na 2\nb{x=\"1\",y=\"\"} 6\nb{x=\"q\\\"\\\\\\n\"} 1\nc 1\nd 1\nextra{x=\"1\"} 1\n");
    let list = [NotServed { prefix: "c", reason: "" }, NotServed { prefix: "zzz", reason: "" }];
    let found = differences(&ours, &theirs, &later, &[], &list);
    assert_eq!(
        found,
        [
            "zzz* is on the list, and they do not serve it",
            "b{\"x\": \"1\"}: 6 of theirs is not in 5..=5 of ours",
            "b{\"x\": \"q\\\"\\\\\\n\"} is not served",
            "d is not served, and not on the list",
            "extra{\"x\": \"2\"} is ours alone",
        ]
    );
    let slack = [Slack { prefix: "b", absolute: 1.0, reason: "" }];
    assert_eq!(differences(&ours, &theirs, &later, &slack, &list).len(), 4);
}
