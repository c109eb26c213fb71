//! The servers, the process and the model, and what a step does to them.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use futures_util::StreamExt;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use wharf_testkit::{Postgres, Redis, eventually};

use super::clients::{answers_lost, load, send, under_load};
use super::counts::{Answer, Ask, Kept, Model, REMEMBERED, Subject};
use super::steps::{Part, Step};
use super::web::{ClockFile, Web};
use crate::http;
use crate::replica::SOON;

/// When the clock starts: 2026-11-30T12:00:30Z.
pub(crate) const START: i64 = 1_796_040_030;

const DAY: i64 = 24 * 3600;

/// Histories that are read at once: fewer than one query reads.
const AT_ONCE: usize = 24;

/// How often a process brings the history up to date.
const FLUSH_INTERVAL: &str = "10ms";

/// Where the counts are kept.
#[expect(clippy::large_enum_variant, reason = "a test has one")]
pub(crate) enum Store {
    Servers { redis: Redis, postgres: Postgres },
    File(TempDir),
}

impl Store {
    pub(crate) async fn servers() -> Self {
        let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
        Self::Servers { redis: redis.unwrap(), postgres: postgres.unwrap() }
    }

    pub(crate) fn file() -> Self {
        Self::File(tempfile::tempdir().unwrap())
    }
}

pub(crate) struct Rig {
    store: Store,
    _folder: TempDir,
    clock: ClockFile,
    settings: Vec<(&'static str, String)>,
    web: Option<Web>,
    redis_up: bool,
    postgres_up: bool,
    /// When the marks in Redis end, by the clock that is set.
    marks: HashMap<String, i64>,
    strangers: Cell<u32>,
    pub(crate) model: Model,
}

/// What the API says about a history.
#[derive(Deserialize)]
struct History {
    total: i64,
    slots: Vec<Slot>,
}

#[derive(Deserialize)]
struct Slot {
    start: String,
    count: i64,
    exact: bool,
}

impl Rig {
    pub(crate) async fn start(store: Store, keys_at_most: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ClockFile::new(folder.path(), START);
        let mut settings = vec![
            ("HIT_KEYS_AT_MOST", keys_at_most.to_string()),
            ("TRUSTED_PROXIES", "127.0.0.0/8".to_owned()),
            ("FLUSH_INTERVAL", FLUSH_INTERVAL.to_owned()),
        ];
        let kept = match &store {
            Store::Servers { redis, postgres } => {
                settings.push(("REDIS_HOST", redis.host().to_owned()));
                settings.push(("REDIS_PORT", redis.port().to_string()));
                settings.push(("DATABASE_URL", postgres.url()));
                Kept::Servers
            }
            Store::File(folder) => {
                settings.push(("STORE", format!("sqlite:{}", folder.path().join("visits.db").display())));
                Kept::File
            }
        };
        let mut rig = Self {
            store,
            _folder: folder,
            clock,
            settings,
            web: None,
            redis_up: true,
            postgres_up: true,
            marks: HashMap::new(),
            strangers: Cell::new(0),
            model: Model::new(kept, keys_at_most, START),
        };
        rig.start_part(Part::Web).await;
        rig
    }

    pub(crate) async fn step(&mut self, step: Step) {
        match step {
            Step::Count(asks) => self.count(&asks).await,
            Step::Pass { seconds, at_once } => self.pass(seconds, at_once).await,
            Step::Flush => self.read().await,
            Step::Kill { part, key, after } => self.kill(part, key, after).await,
            Step::Stop => {
                if let Some(web) = self.web.take() {
                    web.stop().await;
                    self.model.web_ended();
                }
            }
            Step::Start(part) => self.start_part(part).await,
            Step::Compare => self.compare().await,
        }
    }

    fn counts(&self) -> bool {
        self.web.is_some() && self.redis_up
    }

    async fn count(&mut self, asks: &[Ask]) {
        let Some(web) = &self.web else { return };
        let answers = join_all(asks.iter().map(|ask| send(web.address, *ask))).await;
        if self.redis_up {
            self.model.answered(asks, &answers);
        } else {
            Model::refused(&answers);
        }
    }

    async fn pass(&mut self, seconds: i64, at_once: bool) {
        if !at_once {
            self.read().await;
        }
        let before = self.model.now;
        self.model.now += seconds;
        if let (Store::Servers { redis, .. }, true) = (&self.store, self.redis_up) {
            age(redis, &mut self.marks, before, self.model.now).await;
        }
        self.clock.set(self.model.now);
    }

    /// Waits until the process has read all counts, and until Postgres has them if it is there.
    async fn read(&mut self) {
        let Store::Servers { redis, postgres } = &self.store else { return };
        if !self.counts() {
            return;
        }
        if !self.postgres_up {
            // A flush reads the total of visits first and then, sometimes, those of keys. Of two readings that end from now on the
            // second has begun after now, and nothing is in between when it begins.
            let before = readings(redis).await.unwrap();
            let look = async || match readings(redis).await {
                Ok(now) if now >= before + 2 => Ok(()),
                seen => Err(format!("{seen:?} after {before}")),
            };
            eventually("all totals are read", SOON, look).await.unwrap();
            return self.model.read();
        }
        let expected = (self.model.total(Subject::Visits), self.model.total(Subject::AllKeys));
        let look = async || match sums(postgres).await {
            Ok(sums) if sums == expected => Ok(()),
            seen => Err(format!("{seen:?}")),
        };
        eventually(format!("the history has {expected:?} visits and hits"), SOON, look).await.unwrap();
        self.model.written();
    }

    async fn kill(&mut self, part: Part, key: u16, after: u32) {
        let loaded = self.counts();
        match (&self.store, part) {
            (Store::Servers { postgres, .. }, Part::Postgres) => {
                if let (Some(web), true) = (&self.web, loaded) {
                    let asks = load(&self.strangers, key).collect::<Vec<_>>();
                    let answers = join_all(asks.iter().map(|ask| send(web.address, *ask)));
                    let (answers, killed) = tokio::join!(answers, postgres.kill_main_process());
                    killed.unwrap();
                    self.model.answered(&asks, &answers);
                } else {
                    postgres.kill_main_process().await.unwrap();
                }
                self.postgres_up = false;
                self.model.postgres_killed();
            }
            (Store::Servers { redis, .. }, Part::Redis) => {
                if let (Some(web), true) = (&self.web, loaded) {
                    let before = answers_lost(web.address).await;
                    let killed = async { redis.kill_main_process().await.unwrap() };
                    let answers = under_load(web.address, &self.strangers, (key, after), killed).await;
                    self.model.interrupted(&answers, answers_lost(web.address).await - before);
                } else {
                    redis.kill_main_process().await.unwrap();
                }
                self.redis_up = false;
                self.marks.clear();
                self.model.redis_killed();
            }
            (Store::File(_), Part::Redis | Part::Postgres) => panic!("a file has no servers"),
            (_, Part::Web) => {
                let Some(web) = self.web.take() else { return };
                if loaded {
                    let address = web.address;
                    let web = Cell::new(Some(web));
                    let killed = async {
                        if let Some(web) = web.take() {
                            web.kill().await;
                        }
                    };
                    let answers = under_load(address, &self.strangers, (key, after), killed).await;
                    let lost = answers.iter().filter(|(_, answer)| *answer == Answer::Broken).count();
                    self.model.interrupted(&answers, i64::try_from(lost).unwrap());
                } else {
                    web.kill().await;
                }
                self.model.web_ended();
            }
        }
    }

    async fn start_part(&mut self, part: Part) {
        match (&self.store, part) {
            (_, Part::Web) => {
                let settings: Vec<_> = self.settings.iter().map(|(name, value)| (*name, &**value)).collect();
                self.web = Some(Web::start(&self.clock, &settings).await);
            }
            (Store::Servers { redis, .. }, Part::Redis) => {
                redis.start_again().await.unwrap();
                self.redis_up = true;
            }
            (Store::Servers { postgres, .. }, Part::Postgres) => {
                // From here on the process may write.
                self.model.postgres_started();
                postgres.start_again().await.unwrap();
                self.postgres_up = true;
            }
            (Store::File(_), part) => panic!("a file has no {part:?}"),
        }
        if self.counts() {
            self.settle().await;
        }
    }

    /// Waits until visits are counted again, and finds out which requests of unknown fate have counted.
    async fn settle(&mut self) {
        self.until("/readyz", |answer| answer.status == 200).await;
        for subject in self.model.unknown() {
            let total = self.total(subject).await;
            self.model.settle(subject, total);
        }
        self.model.settled();
    }

    async fn get(&self, path: &str) -> http::Answer {
        let web = self.web.as_ref().expect("a process");
        http::request(web.address, "GET", path, "").await.unwrap()
    }

    async fn until(&self, path: &str, expected: impl Fn(&http::Answer) -> bool) {
        let look = async || match self.get(path).await {
            answer if expected(&answer) => Ok(()),
            answer => Err(format!("{answer:?}")),
        };
        eventually(format!("{path} is as expected"), SOON, look).await.unwrap();
    }

    /// What the counter says.
    async fn total(&self, subject: Subject) -> i64 {
        #[derive(Deserialize)]
        struct Count {
            count: i64,
        }
        let path = match subject {
            Subject::Visits => "/api/v1/count".to_owned(),
            Subject::Key(key) => format!("/api/v1/hits/key-{key}"),
            Subject::AllKeys => panic!("it has no total in the counter"),
        };
        let answer = self.get(&path).await;
        serde_json::from_str::<Count>(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}")).count
    }

    /// Compares all that can be read.
    pub(crate) async fn compare(&mut self) {
        self.read().await;
        for subject in self.model.subjects().into_iter().filter(|subject| *subject != Subject::AllKeys) {
            assert_eq!(self.total(subject).await, self.model.total(subject), "the total of {subject:?}");
        }
        let rig = &*self;
        let subjects = futures_util::stream::iter(self.model.subjects());
        subjects.for_each_concurrent(AT_ONCE, |subject| rig.compare_history(subject)).await;
        rig.compare_list(7).await;
    }

    /// Compares the list of keys, with so many on a page.
    pub(crate) async fn compare_list(&self, limit: usize) {
        let expected = self.model.keys();
        // A list that was read before is given again for a moment.
        let look = async || match self.listed(limit).await {
            Ok(listed) if listed == expected => Ok(()),
            listed => Err(format!("{listed:?}")),
        };
        eventually(format!("the list has {expected:?}"), SOON, look).await.unwrap();
    }

    pub(crate) async fn compare_history(&self, subject: Subject) {
        let all = subject == Subject::Visits || subject == Subject::AllKeys;
        let now = self.model.now;
        let kept_from = |length: i64, unit: i64| ((now - length) / unit * unit).max(START / DAY * DAY);
        let by = [("day", 0), ("hour", kept_from(90 * DAY, DAY)), ("minute", kept_from(2 * DAY, 3600))];
        for (by, from) in by.into_iter().take(if all { 3 } else { 2 }) {
            let from = Timestamp::from_second(from.max(START - DAY)).unwrap();
            let path = match subject {
                Subject::Visits => format!("/api/v1/history?by={by}&from={from}"),
                Subject::AllKeys => format!("/api/v1/history?of=hits&by={by}&from={from}"),
                Subject::Key(key) => format!("/api/v1/hits/key-{key}/history?by={by}&from={from}"),
            };
            // Histories that were read before are given again for a moment.
            let look = async || {
                let answer = self.get(&path).await;
                let history: History =
                    serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {answer:?}"))?;
                if history.total != self.model.total(subject) {
                    return Err(format!("{} in all, and not {}", history.total, self.model.total(subject)));
                }
                if history.slots.iter().any(|slot| !slot.exact) {
                    return Err("slots that are not exact".to_owned());
                }
                let slots: Vec<_> = history
                    .slots
                    .iter()
                    .map(|slot| (slot.start.parse::<Timestamp>().unwrap().as_second(), slot.count))
                    .collect();
                self.model.agrees(subject, &slots)
            };
            eventually(format!("{path} agrees"), SOON, look).await.unwrap();
        }
    }

    /// The keys with their totals, page by page.
    async fn listed(&self, limit: usize) -> Result<BTreeMap<u16, i64>, String> {
        #[derive(Deserialize)]
        struct Page {
            keys: Vec<Row>,
            next: Option<String>,
        }
        #[derive(Deserialize)]
        struct Row {
            key: String,
            total: i64,
        }
        let (mut keys, mut cursor) = (BTreeMap::new(), String::new());
        loop {
            let answer = self.get(&format!("/api/v1/keys?sort=key&limit={limit}{cursor}")).await;
            let page: Page = serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {answer:?}"))?;
            let number = |key: &str| key.strip_prefix("key-").unwrap().parse().unwrap();
            keys.extend(page.keys.into_iter().map(|row| (number(&row.key), row.total)));
            match page.next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(keys),
            }
        }
    }
}

/// A connection of the test's own.
async fn client(redis: &Redis) -> redis::RedisResult<redis::aio::MultiplexedConnection> {
    redis::Client::open(redis.url())?.get_multiplexed_async_connection().await
}

/// How often the totals of all keys were read since Redis started.
async fn readings(redis: &Redis) -> redis::RedisResult<u64> {
    let statistics: String = redis::cmd("INFO").arg("commandstats").query_async(&mut client(redis).await?).await?;
    let calls = statistics.lines().find_map(|line| line.strip_prefix("cmdstat_hgetall:calls="));
    Ok(calls.and_then(|calls| calls.split(',').next()?.parse().ok()).unwrap_or(0))
}

/// Lets time pass for the marks in Redis, by the clock that is set and not by Redis' own: those that are known end when their time has
/// come, and not before.
async fn age(redis: &Redis, marks: &mut HashMap<String, i64>, before: i64, now: i64) {
    let mut client = client(redis).await.unwrap();
    let mut keys: Vec<String> = redis::cmd("KEYS").arg("visitors:*").query_async(&mut client).await.unwrap();
    keys.retain(|key| key != "visitors:salt");
    for key in keys {
        let end = *marks.entry(key.clone()).or_insert(before + REMEMBERED);
        let command = if end > now { "PERSIST" } else { "DEL" };
        redis::cmd(command).arg(key).exec_async(&mut client).await.unwrap();
    }
    marks.retain(|_, end| *end > now);
}

/// The history's sums, of visits and of hits.
async fn sums(postgres: &Postgres) -> Result<(i64, i64), sqlx::Error> {
    let mut connection = PgConnection::connect(&postgres.url()).await?;
    let query = "SELECT (SELECT coalesce(sum(visits), 0) FROM visits_history)::bigint,
                        (SELECT coalesce(sum(hits), 0) FROM hits_history WHERE key = '')::bigint";
    sqlx::query_as(query).fetch_one(&mut connection).await
}
