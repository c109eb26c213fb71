//! Prints the canonical form of a project, like `docker compose config`.
//!
//! `cargo run -p wharf-compose --example config -- [-f FILE] [-p NAME] [--profile NAME] config [--format json]`
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;

use wharf_compose::{Config, Options, Passes};

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = Options {
        working_dir: std::env::current_dir()?,
        environment: std::env::vars().collect(),
        ..Options::default()
    };
    let mut passes = Passes::default();
    let mut json = false;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "-f" | "--file" => options.files.push(value()?.into()),
            "-p" | "--project-name" => options.project_name = Some(value()?),
            "--profile" => options.profiles.push(value()?),
            "--env-file" => options.env_files.push(value()?.into()),
            "--project-directory" => options.project_directory = Some(value()?.into()),
            "--no-interpolate" => passes.interpolate = false,
            "--no-normalize" => passes.normalise = false,
            "--no-path-resolution" => passes.resolve_paths = false,
            "--no-consistency" => passes.check_consistency = false,
            "--format" => json = value()? == "json",
            _ => {}
        }
    }
    if options.files.iter().any(|file| file.as_os_str() == "-") {
        options.stdin = Some(std::io::read_to_string(std::io::stdin())?);
    }
    match Config::load(&options, passes) {
        Ok(config) => {
            config.warnings.iter().for_each(|warning| eprintln!("warning: {warning}\n"));
            let text = if json { config.to_json() } else { config.to_yaml() };
            print!("{text}");
            Ok(())
        }
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
