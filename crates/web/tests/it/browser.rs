//! Every page in every state, as a browser shows it: at four widths, in light and in dark. Without Chromium it is left out.

mod chromium;
mod keyboard;

use redis::AsyncCommands;
use wharf_testkit::{Postgres, Redis};

use crate::browser::chromium::Chromium;
use crate::replica::Replica;

/// From a phone to a large screen, in CSS pixels.
const WIDTHS: [u32; 4] = [360, 768, 1200, 1600];

/// Looks at the pages at all widths, in light and in dark. What is wrong is said for all of them at once.
fn look(browser: &mut Chromium, replica: &Replica, state: &str, paths: &[&str]) {
    let mut problems = Vec::new();
    for path in paths {
        for width in WIDTHS {
            for dark in [false, true] {
                let found = browser.look(&format!("http://{}{path}", replica.address), width, dark);
                problems.extend(found.into_iter().map(|problem| {
                    format!("{path} at {width} px, {}: {problem}", if dark { "dark" } else { "light" })
                }));
            }
        }
    }
    assert!(problems.is_empty(), "{state}:\n{}", problems.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_lies_on_the_drawing_or_on_another_and_no_page_scrolls_sideways() {
    let Some(mut browser) = Chromium::start() else { return };
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replica = Replica::on(&redis, &postgres).await;
    replica.until("/stats", |answer| answer.status == 200).await;
    look(&mut browser, &replica, "nothing is counted yet", &["/", "/badge", "/k/new", "/stats"]);

    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let longest = "a-key-of-64.characters_".repeat(3)[..64].to_owned();
    let mut keys: Vec<_> = (1..10_000).map(|number| (format!("key-{number}"), number * 1_234)).collect();
    keys.push((longest.clone(), 987_654_321));
    let _: () = connection.hset_multiple("hits", &keys).await.unwrap();
    let _: () = connection.set("visits", 98_765_432_109_i64).await.unwrap();
    replica.get("/hits/key-1").await;
    replica.until("/stats", |answer| answer.body.contains("of 10\u{202f}000")).await;
    let of_longest = [format!("/hits/{longest}"), format!("/k/{longest}"), format!("/badge?key={longest}")];
    let [hits, key, builder] = &of_longest;
    let full = [
        "/count",
        hits,
        key,
        builder,
        "/k/key-1?tz=America/Argentina/Buenos_Aires",
        "/stats?page=200&sort=key&tz=Asia/Kolkata",
        "/stats?prefix=nothing-begins-with-this",
        "/stats?tz=Mars/Phobos",
    ];
    look(&mut browser, &replica, "10,000 keys", &full);

    let flags = ["--request-timeout=300ms", "--redis-timeout=300ms"];
    let alone = Replica::with(("127.0.0.1", 1), None, &flags).await;
    let errors = ["/count", "/hits/wharf", "/k/wharf", "/stats", "/nowhere", "/k/not%20a%20key"];
    look(&mut browser, &alone, "without Redis and Postgres", &errors);
}
