//! `wharf man`: manual pages, for packages.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::failure::Failure;
use crate::invocation::Called;
use crate::invocation::guide::{self, Example, GROUPS};

/// The section of commands.
const SECTION: &str = "1";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory to write the pages to, one for each verb
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    std::fs::create_dir_all(&args.to).with_context(|| format!("cannot create {}", args.to.display()))?;
    for (name, text) in pages(&date()).context("cannot make the pages")? {
        write(&args.to.join(name), &text)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The day that packages are built for (<https://reproducible-builds.org/specs/source-date-epoch/>), else today.
fn date() -> String {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
    let time =
        given.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).unwrap_or_else(jiff::Timestamp::now);
    time.strftime("%Y-%m-%d").to_string()
}

/// All pages: their files' names and their texts.
fn pages(date: &str) -> std::io::Result<Vec<(String, String)>> {
    let mut command = crate::command(Called::Wharf).disable_help_subcommand(true);
    command.build();
    let notes = crate::Cli::command();
    let mut pages = vec![page(&command, &notes, &[], date)?];
    for verb in shown(&command) {
        let examples = guide::find(verb.get_name()).map_or(&[][..], |(_, verb)| verb.examples);
        let notes = notes.find_subcommand(verb.get_name());
        pages.push(page(verb, notes.unwrap_or(verb), examples, date)?);
        for inner in shown(verb) {
            let notes = notes.and_then(|verb| verb.find_subcommand(inner.get_name()));
            pages.push(page(inner, notes.unwrap_or(inner), &guide::of_inner(verb.get_name(), inner.get_name()), date)?);
        }
    }
    Ok(pages)
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| !verb.is_hide_set())
}

/// One page. What stands after the help in the source, and before the examples, is in `source`.
fn page(command: &Command, source: &Command, examples: &[Example], date: &str) -> std::io::Result<(String, String)> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let man = Man::new(command.clone()).title(name.to_uppercase()).section(SECTION).date(date);
    let man = man.source(format!("wharf {}", env!("CARGO_PKG_VERSION"))).manual("User Commands");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    synopsis(command).to_writer(&mut text)?;
    man.render_description_section(&mut text)?;
    match command.get_subcommands().any(|verb| guide::find(verb.get_name()).is_some()) {
        true => grouped(command).to_writer(&mut text)?,
        false if shown(command).next().is_some() => man.render_subcommands_section(&mut text)?,
        false => {}
    }
    man.render_options_section(&mut text)?;
    ending(source, examples, &name).to_writer(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let lines: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    Ok((format!("{name}.{SECTION}"), lines))
}

fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let program = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold(program), roman(usage.strip_prefix(program).unwrap_or_default())]);
    roff
}

/// The verbs by what people do.
fn grouped(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    for group in &GROUPS {
        roff.control("SS", [group.heading]);
        for verb in group.verbs {
            let about = command.find_subcommand(verb.name).and_then(Command::get_about);
            roff.control("TP", []);
            roff.text([bold(format!("{}-{}", command.get_name(), verb.name)), roman(format!("({SECTION})"))]);
            roff.text([roman(about.map(ToString::to_string).unwrap_or_default())]);
        }
    }
    roff
}

/// What follows the options: notes, examples, other pages.
fn ending(source: &Command, examples: &[Example], name: &str) -> Roff {
    let mut roff = Roff::new();
    if let Some(notes) = source.get_after_help() {
        roff.control("SH", ["NOTES"]);
        roff.text([roman(notes.to_string())]);
    }
    if !examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
    }
    for (line, about) in examples {
        roff.control("TP", []);
        roff.text([bold(format!("{} {line}", Called::Wharf.program()))]);
        roff.text([roman(if about.is_empty() { "\u{a0}" } else { about })]);
    }
    roff.control("SH", ["SEE ALSO"]);
    match name == Called::Wharf.program() {
        true => roff.text([roman(env!("CARGO_PKG_REPOSITORY"))]),
        false => roff.text([bold(Called::Wharf.program()), roman(format!("({SECTION})"))]),
    };
    roff
}
