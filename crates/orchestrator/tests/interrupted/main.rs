//! Whatever an interruption leaves, the next run repairs: in one run, without a question, and with nothing stopped meanwhile
//! that could go on.
//!
//! Each scenario is a command on a simulated engine. It is interrupted at each of its calls, in each way there is. See
//! [`check`] for what must hold then.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod check;
mod command;

use check::Scenario;
use command::Command;
use wharf_testkit::Shop;

/// The project as it runs when something happens to it.
fn running() -> Command {
    Command::up(Shop::FIRST)
}

/// Two services have another environment.
fn changed() -> Command {
    Command::up(Shop { db: "2", web: "2", ..Shop::FIRST })
}

/// With so many replicas of `web`.
fn scaled(replicas: u32) -> Command {
    Command::up(Shop { replicas, ..Shop::FIRST })
}

/// Another service publishes the port.
fn moved() -> Command {
    Command::up(Shop { port_of: "admin", ..Shop::FIRST })
}

#[tokio::test]
async fn the_first_up() {
    Scenario { before: vec![], command: running(), others: vec![changed()] }.check().await;
}

#[tokio::test]
async fn an_up_with_another_environment_of_two_services() {
    let once_more = Command::up(Shop { db: "3", web: "2", ..Shop::FIRST });
    Scenario { before: vec![running()], command: changed(), others: vec![running(), once_more] }.check().await;
}

#[tokio::test]
async fn an_up_with_more_replicas() {
    Scenario { before: vec![running()], command: scaled(4), others: vec![running(), scaled(1)] }.check().await;
}

#[tokio::test]
async fn an_up_with_fewer_replicas() {
    Scenario { before: vec![scaled(4)], command: scaled(1), others: vec![scaled(4)] }.check().await;
}

#[tokio::test]
async fn an_up_that_gives_the_port_of_one_service_to_another() {
    let and_changed = Command::up(Shop { port_of: "admin", web: "2", ..Shop::FIRST });
    Scenario { before: vec![running()], command: moved(), others: vec![running(), and_changed] }.check().await;
}

#[tokio::test]
async fn an_up_that_moves_a_port_the_other_way() {
    Scenario { before: vec![moved()], command: running(), others: vec![moved()] }.check().await;
}

/// The volumes of `db` were taken over once.
#[tokio::test]
async fn a_down_with_volumes() {
    Scenario { before: vec![running(), changed()], command: Command::down_with_volumes(), others: vec![running()] }
        .check()
        .await;
}

#[tokio::test]
async fn a_down() {
    Scenario { before: vec![running()], command: Command::down(), others: vec![running(), changed()] }.check().await;
}
