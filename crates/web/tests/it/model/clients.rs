//! The clients: they send what is asked, and read what is answered.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;

use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::counts::{Answer, Ask, By};
use crate::http;

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

const PROGRAMS: [&str; 3] = [
    "curl/8.5.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "python-requests/2.32.3",
];

/// Requests while something is killed: each counts, or its fate is unknown.
pub(super) fn load(strangers: &Cell<u32>, key: u16) -> impl Iterator<Item = Ask> + '_ {
    (0..6).map(move |client| ask_of(client, strangers, key))
}

fn ask_of(client: usize, strangers: &Cell<u32>, key: u16) -> Ask {
    match client % 3 {
        0 => Ask::Visit,
        1 => Ask::Badge { key, by: By::Proxy },
        _ => {
            let stranger = strangers.get();
            strangers.set(stranger + 1);
            Ask::Badge { key, by: By::Stranger(stranger) }
        }
    }
}

/// Clients ask for visits and badges of a key until they get no answer. After so many answers something is killed.
pub(super) async fn under_load(
    address: SocketAddr,
    strangers: &Cell<u32>,
    (key, after): (u16, u32),
    kill: impl Future<Output = ()>,
) -> Vec<(Ask, Answer)> {
    let (answers, answered) = (RefCell::new(Vec::new()), Semaphore::new(0));
    let client = async |number: usize| {
        loop {
            let ask = ask_of(number, strangers, key);
            let answer = send(address, ask).await;
            answers.borrow_mut().push((ask, answer));
            answered.add_permits(1);
            if matches!(answer, Answer::Away | Answer::Broken) {
                return;
            }
        }
    };
    let clients = join_all((0..6).map(client));
    let kill = async {
        answered.acquire_many(after).await.unwrap().forget();
        kill.await;
    };
    tokio::join!(clients, kill);
    answers.into_inner()
}

pub(super) async fn send(address: SocketAddr, ask: Ask) -> Answer {
    let Ask::Badge { key, by } = ask else {
        return match http::request(address, "GET", "/count", "").await {
            Ok(answer) if !is_whole(&answer) => Answer::Broken,
            Ok(answer) if answer.status == 503 => Answer::Away,
            Ok(answer) => Answer::Number(answer.count()),
            Err(_) => Answer::Broken,
        };
    };
    let from = |address: &str, agent: &str| format!("X-Forwarded-For: {address}\r\nUser-Agent: {agent}\r\n");
    let headers = match by {
        By::Person(number) => from(&format!("192.0.2.{number}"), BROWSER),
        By::Stranger(number) => from(&format!("10.{}.{}.{}", number >> 16, number >> 8 & 255, number & 255), BROWSER),
        By::Proxy => from("192.0.2.1", "github-camo (4b76e509)"),
        By::Bot(number) => from("192.0.2.1", PROGRAMS[usize::from(number) % PROGRAMS.len()]),
        By::Prefetch => from("192.0.2.1", BROWSER) + "Sec-Purpose: prefetch\r\n",
    };
    match http::request(address, "GET", &format!("/k/key-{key}.svg?format=plain"), &headers).await {
        Ok(answer) if is_whole(&answer) => badge(&answer),
        Ok(_) | Err(_) => Answer::Broken,
    }
}

/// Whether nothing is missing at the end.
fn is_whole(answer: &http::Answer) -> bool {
    let length = answer.head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| length.trim().parse() == Ok(answer.body.len()))
}

fn badge(answer: &http::Answer) -> Answer {
    let (_, title) = answer.body.split_once("<title>hits: ").unwrap_or_else(|| panic!("{answer:?}"));
    match title.split('<').next().unwrap() {
        "out of reach" => Answer::Away,
        "no room for a new key" => Answer::NoRoom,
        number => Answer::Number(number.parse().unwrap_or_else(|_| panic!("{answer:?}"))),
    }
}

/// How many visits may or may not have been counted, as far as the process knows.
pub(super) async fn answers_lost(address: SocketAddr) -> i64 {
    let metrics = http::get(address, "/metrics").await.unwrap().body;
    let line = metrics.lines().find_map(|line| line.strip_prefix("wharf_web_redis_answers_lost_total "));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}
