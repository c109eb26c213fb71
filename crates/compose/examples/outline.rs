//! Prints what a project consists of: `cargo run -p wharf-compose --example outline [COMPOSE FILE ...]`
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;

use wharf_compose::model::Condition;
use wharf_compose::{Options, Project};

fn main() -> ExitCode {
    let Ok(here) = std::env::current_dir() else { return ExitCode::FAILURE };
    // Nothing is read from the process behind our back: directory and environment are given.
    let mut options = Options::in_directory(here).with_environment(std::env::vars());
    options.files = std::env::args_os().skip(1).map(Into::into).collect();
    match Project::load(&options) {
        Ok(loaded) => {
            loaded.warnings.iter().for_each(|warning| eprintln!("warning: {warning}\n"));
            print(&loaded.project);
            ExitCode::SUCCESS
        }
        Err(error) => {
            // All that is wrong, each with its line and with advice; as data in `error.diagnostics`.
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn print(project: &Project) {
    println!("{} in {}", project.name, project.working_dir.display());
    for (name, service) in &project.services {
        println!("{name}: {} x {}", service.replicas(), project.image_of(name, service));
        for port in &service.ports {
            println!(
                "  port {} is {} on the host",
                port.target,
                port.published.map_or_else(|| "any free one".to_owned(), |published| published.to_string())
            );
        }
        for (other, dependency) in &service.depends_on {
            let until = match dependency.condition {
                Condition::Started => "runs",
                Condition::Healthy => "is healthy",
                Condition::CompletedSuccessfully => "has done its work",
            };
            println!("  waits until {other} {until}");
        }
        if let Some(place) = project.places.get(&format!("services.{name}")) {
            println!("  written at {place}");
        }
    }
}
