//! `cargo xtask bench metrics`: runs several sections, each of which prints a table.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::exporter;
use crate::{
    binaries,
    stage::{output, stage},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rounds, each with all subjects
    #[arg(long, default_value_t = 40)]
    rounds: u32,
    /// Requests of each subject in a round
    #[arg(long, default_value_t = 20_000)]
    requests: u32,
    /// Scrapes of the exporter, for each number of containers
    #[arg(long, default_value_t = 50)]
    scrapes: u32,
    /// Another build of wharf, to be measured beside this one
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// Another build of wharf-http-metrics' example `layer_cost`, to be measured beside this one
    #[arg(long, value_name = "FILE")]
    before_layer: Option<PathBuf>,
}

/// A part of the benchmark: its name, and the function that prints its figures.
type Section = (&'static str, fn(&Args) -> Result<()>);

const SECTIONS: &[Section] = &[
    ("what the layer costs a request", layer),
    ("what a scrape of containers costs", |args| exporter::scrapes(args.scrapes, args.before.as_deref())),
];

pub(crate) fn run_task(args: &Args) -> Result<()> {
    SECTIONS.iter().try_for_each(|(name, section)| stage(name, || section(args)))
}

/// Nanoseconds per request through a router with this layer.
struct Figures {
    subject: String,
    clock: f64,
    cpu: f64,
}

/// How often this build and the one before take turns.
const TURNS: u32 = 4;

/// Compares wharf-http-metrics with a router without a layer, one with an empty layer, and axum-prometheus.
fn layer(args: &Args) -> Result<()> {
    let program = binaries::example("wharf-http-metrics", "layer_cost")?;
    let rounds = args.rounds.div_ceil(TURNS);
    let (mut figures, mut before) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        figures.push(turn(&program, rounds, args.requests)?);
        if let Some(program) = &args.before_layer {
            before.push(turn(program, rounds, args.requests)?);
        }
    }
    let figures = means(figures);
    let bare = figures.first().context("layer_cost printed nothing")?;
    println!("{:40} {:>12} {:>14} {:>16}", "subject", "ns/request", "CPU ns/request", "CPU over bare");
    print("", &figures);
    print("before: ", &means(before));
    let over = |name| figures.iter().find(|figures| figures.subject == name).map(|figures| figures.cpu - bare.cpu);
    if let (Some(ours), Some(theirs)) = (over("wharf-http-metrics"), over("axum-prometheus")) {
        println!("wharf-http-metrics costs {:.2} of what axum-prometheus costs (goal: 0.20)", ours / theirs);
    }
    Ok(())
}

fn turn(program: &Path, rounds: u32, requests: u32) -> Result<Vec<Figures>> {
    let report = output(Command::new(program).args([rounds.to_string(), requests.to_string()]))?;
    report.lines().map(parse).collect::<Option<_>>().context("layer_cost printed something else")
}

/// The means of each subject over the turns, which have the same subjects in the same order.
fn means(turns: Vec<Vec<Figures>>) -> Vec<Figures> {
    let number = turns.len() as f64;
    let add = |mut sums: Vec<Figures>, turn: Vec<Figures>| {
        for (sum, figures) in sums.iter_mut().zip(turn) {
            sum.clock += figures.clock;
            sum.cpu += figures.cpu;
        }
        sums
    };
    let mut sums = turns.into_iter().reduce(add).unwrap_or_default();
    for sum in &mut sums {
        sum.clock /= number;
        sum.cpu /= number;
    }
    sums
}

fn print(build: &str, figures: &[Figures]) {
    let bare = figures.first().map_or(0.0, |figures| figures.cpu);
    for Figures { subject, clock, cpu } in figures {
        println!("{:40} {clock:12.0} {cpu:14.0} {:+16.0}", format!("{build}{subject}"), cpu - bare);
    }
}

fn parse(line: &str) -> Option<Figures> {
    let mut fields = line.split('\t');
    let subject = fields.next()?.to_owned();
    let mut number = || fields.next()?.parse().ok();
    Some(Figures { subject, clock: number()?, cpu: number()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_averaged() {
        let turn = |cpu| vec![Figures { subject: "bare axum".into(), clock: cpu + 1.0, cpu }];
        let means = means(vec![turn(10.0), turn(20.0)]);
        assert_eq!((means[0].clock, means[0].cpu), (16.0, 15.0));
    }

    #[test]
    fn a_line_is_a_subject_and_its_figures() {
        let figures = parse("bare axum\t600\t599").unwrap();
        assert_eq!((figures.subject.as_str(), figures.clock, figures.cpu), ("bare axum", 600.0, 599.0));
        assert!(parse("bare axum\t600").is_none());
    }
}
