//! One process and one file: counts are exact, on disk before the answer, and outlive any end of the process.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::http;
use crate::process::{Running, refused};
use crate::replica::Replica;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("visits.db");
    (folder, path)
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

async fn sql(path: &Path, statement: &str) {
    let mut connection = open(path).await;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// What a query about one number gives.
async fn number(path: &Path, query: &str) -> i64 {
    let mut connection = open(path).await;
    let number = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    number
}

/// The end of a start that fails, in one line.
async fn failure(path: &Path) -> String {
    let (code, text) = refused("STORE", &format!("sqlite:{}", path.display())).await;
    assert_eq!((code, text.lines().count()), (Some(1), 1), "{text}");
    text.replace(path.to_str().unwrap(), "FILE")
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_visits_and_hits_each_get_a_number_of_their_own() {
    let (_folder, path) = folder();
    let replica = Replica::in_file(&path, &["--hit-keys-at-most=2"]).await.unwrap();
    let paths = ["/count", "/hits/a", "/hits/b"];
    let answers = join_all((0..900).map(|number| replica.get(paths[number % 3]))).await;
    for (kind, path) in paths.into_iter().enumerate() {
        let counts: BTreeSet<i64> = answers.iter().skip(kind).step_by(3).map(http::Answer::count).collect();
        assert_eq!(counts, (1..=300).collect(), "{path}");
    }
    assert_eq!(replica.get("/hits/c").await.status, 403);
    assert_eq!(replica.get("/api/v1/hits/c").await.body, r#"{"key":"c","count":0}"#);
    let ready = replica.get("/readyz").await;
    assert_eq!(ready.body, r#"{"ready":true,"redis":"unset","postgres":"unset","store":"up"}"#);
    let metrics = replica.get("/metrics").await.body;
    for line in ["wharf_web_visits_total 300", "wharf_web_hits_total 600", "wharf_web_store_up 1"] {
        assert!(metrics.lines().any(|found| found == line), "{line} in {metrics}");
    }
    assert!(!metrics.contains("wharf_web_redis_up"), "{metrics}");
    replica.stop().await;

    let replica = Replica::in_file(&path, &[]).await.unwrap();
    assert_eq!(replica.get("/count").await.count(), 301);
    assert_eq!(replica.get("/api/v1/hits/a").await.body, r#"{"key":"a","count":300}"#);
    replica.stop().await;
    assert_eq!(number(&path, "SELECT sum(count) FROM history WHERE subject = 1").await, 600);
}

#[tokio::test]
async fn a_new_key_takes_the_place_of_no_other_where_one_was_deleted() {
    let (_folder, path) = folder();
    let replica = Replica::in_file(&path, &[]).await.unwrap();
    for key in ["a", "b", "b"] {
        replica.get(&format!("/hits/{key}")).await.count();
    }
    replica.stop().await;
    let a = "(SELECT id FROM subjects WHERE key = 'a')";
    sql(&path, &format!("DELETE FROM history WHERE subject = {a}; DELETE FROM subjects WHERE id = {a}")).await;
    let replica = Replica::in_file(&path, &[]).await.unwrap();
    assert_eq!(replica.get("/hits/new").await.count(), 1);
    replica.stop().await;
    let replica = Replica::in_file(&path, &[]).await.unwrap();
    let counts = [replica.get("/hits/b").await.count(), replica.get("/hits/new").await.count()];
    assert_eq!(counts, [3, 2]);
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_left_as_it_is() {
    let (folder, path) = folder();
    std::fs::write(&path, "Dear diary, ".repeat(100)).unwrap();
    assert_eq!(failure(&path).await, "wharf-web: STORE: FILE is not a SQLite database: name another file\n");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "Dear diary, ".repeat(100));

    let other = folder.path().join("other.db");
    sql(&other, "CREATE TABLE recipes (name TEXT)").await;
    let before = std::fs::read(&other).unwrap();
    assert_eq!(failure(&other).await, "wharf-web: STORE: FILE is another program's database: name another file\n");
    assert_eq!(std::fs::read(&other).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_named() {
    let (folder, _) = folder();
    let missing = folder.path().join("nowhere/visits.db");
    let expected = "wharf-web: STORE: cannot open FILE for writing: No such file or directory (os error 2)\n";
    assert_eq!(failure(&missing).await, expected);
    let expected = "wharf-web: STORE: cannot open FILE for writing: Is a directory (os error 21)\n";
    assert_eq!(failure(folder.path()).await, expected);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let (_folder, path) = folder();
    Replica::in_file(&path, &[]).await.unwrap().stop().await;
    sql(
        &path,
        "INSERT INTO _sqlx_migrations SELECT 9999, '', installed_on, TRUE, x'00', 0 FROM _sqlx_migrations LIMIT 1",
    )
    .await;
    let expected = "wharf-web: STORE: FILE was written by a newer wharf-web: run that version, or name another file\n";
    assert_eq!(failure(&path).await, expected);
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let (_folder, path) = folder();
    let store = format!("sqlite:{}", path.display());
    let first = Running::start(&[("STORE", &store)]).await;
    let expected = "wharf-web: STORE: another process counts in FILE: stop it first, or name another file (several processes need Redis)\n";
    assert_eq!(failure(&path).await, expected);
    first.signal("-TERM");
    let (code, log) = first.end().await;
    assert_eq!(code, Some(0), "{log}");
    Running::start(&[("STORE", &store)]).await;
}

#[tokio::test]
async fn while_the_file_cannot_be_written_visits_are_answered_503_and_then_counted_again() {
    let (_folder, path) = folder();
    let replica = Replica::in_file(&path, &[]).await.unwrap();
    assert_eq!(replica.get("/count").await.count(), 1);
    // A full disk says the same: nothing more fits.
    let refuse =
        "CREATE TRIGGER full BEFORE UPDATE ON subjects BEGIN SELECT raise(ABORT, 'database or disk is full'); END";
    sql(&path, refuse).await;
    let answer = replica.get("/count").await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.head.contains("\r\nretry-after: 2\r\n"), "{answer:?}");
    assert_eq!(replica.get("/healthz").await.status, 200);
    let ready = replica.get("/readyz").await;
    assert_eq!((ready.status, ready.body.contains(r#""store":"down""#)), (503, true), "{ready:?}");
    sql(&path, "DROP TRIGGER full").await;
    replica.until("/readyz", |answer| answer.status == 200).await;
    assert_eq!(replica.get("/count").await.count(), 2);
    replica.stop().await;
}

/// Clients count until the process is killed. Returns how many requests were sent, and the answered counts.
async fn count_until_killed(server: Running, after: Duration) -> (i64, Vec<i64>) {
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let address = server.address;
        clients.spawn(async move {
            let (mut sent, mut answered) = (0, Vec::new());
            loop {
                sent += 1;
                match http::get(address, "/count").await {
                    Ok(answer) => answered.push(answer.count()),
                    Err(_) => return (sent, answered),
                }
            }
        });
    }
    tokio::time::sleep(after).await;
    server.signal("-KILL");
    let (_, log) = server.end().await;
    assert!(!log.contains("panicked"), "{log}");
    let results = clients.join_all().await;
    (results.iter().map(|(sent, _)| sent).sum(), results.into_iter().flat_map(|(_, answered)| answered).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_on_disk_wherever_the_process_is_killed() {
    let (_folder, path) = folder();
    let store = format!("sqlite:{}", path.display());
    let (mut sent, mut answered) = (0, BTreeSet::new());
    for round in 0_u64..12 {
        let server = Running::start(&[("STORE", &store), ("WHARF_LOG", "warn,wharf_web::server=info")]).await;
        let after = Duration::from_micros(3_000 + (round * 7_919 * 13) % 90_000);
        let (sent_now, answered_now) = count_until_killed(server, after).await;
        sent += sent_now;
        for count in answered_now {
            assert!(answered.insert(count), "{count} was answered twice, in round {round}");
        }
        let stored = number(&path, "SELECT total FROM subjects WHERE id = 0").await;
        let last = answered.last().copied().unwrap_or(0);
        assert!(last <= stored && stored <= sent, "{last} answered, {stored} stored, {sent} sent");
        let history = number(&path, "SELECT ifnull(sum(count), 0) FROM history WHERE subject = 0").await;
        assert_eq!(history, stored);
    }
    assert!(answered.len() > 12, "{} answered", answered.len());
}
