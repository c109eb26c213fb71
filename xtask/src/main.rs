//! `cargo xtask`: the tasks of developers and CI in this workspace, one file per task.
//!
//! It links none of wharf's crates. It builds `wharf` and runs it, as a user would.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod bench;
mod binaries;
mod chaos;
mod conformance;
mod down;
mod fuzz;
mod host;
mod images;
mod private_registry;
mod registry;
mod screenshots;
mod stack;
mod stage;
mod test;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the wharf workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build everything and run the stack of deploy/compose.yaml until every service is healthy
    Up(up::Args),
    /// Stop and remove the stack
    Down(down::Args),
    /// Build the images of the stack and of the tests without a registry
    Images,
    /// Check format and lints, then run all tests
    Test(test::Args),
    /// Compare with others, in one run
    Bench(bench::Args),
    /// Check against cases of reference implementations
    Conformance(conformance::Args),
    /// Feed mutated inputs to what reads foreign ones
    Fuzz(fuzz::Args),
    /// Kill wharf, break its connection, run two at once, and check that the next run puts everything right
    Chaos(chaos::Args),
    /// Take the pictures of docs/screenshots
    Screenshots(screenshots::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Up(args) => up::run_task(&args),
        Task::Down(args) => down::run_task(&args),
        Task::Images => images::run_task(),
        Task::Test(args) => test::run_task(&args),
        Task::Bench(args) => bench::run_task(&args),
        Task::Conformance(args) => conformance::run_task(&args),
        Task::Fuzz(args) => fuzz::run_task(&args),
        Task::Chaos(args) => chaos::run_task(&args),
        Task::Screenshots(args) => screenshots::run_task(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
