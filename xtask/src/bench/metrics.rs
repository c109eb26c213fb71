//! `cargo xtask bench metrics`: runs several sections, each of which prints a table.

use std::process::Command;

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
}

/// A part of the benchmark: its name, and the function that prints its figures.
type Section = (&'static str, fn(&Args) -> Result<()>);

const SECTIONS: &[Section] = &[
    ("what the layer costs a request", layer),
    ("what a scrape of containers costs", |args| exporter::scrapes(args.scrapes)),
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

/// Compares wharf-http-metrics with a router without a layer, one with an empty layer, and axum-prometheus.
fn layer(args: &Args) -> Result<()> {
    let program = binaries::example("wharf-http-metrics", "layer_cost")?;
    let report = output(Command::new(program).args([args.rounds.to_string(), args.requests.to_string()]))?;
    let figures: Vec<Figures> =
        report.lines().map(parse).collect::<Option<_>>().context("layer_cost printed something else")?;
    let bare = figures.first().context("layer_cost printed nothing")?;
    println!("{:32} {:>12} {:>14} {:>16}", "subject", "ns/request", "CPU ns/request", "CPU over bare");
    for subject in &figures {
        let over = subject.cpu - bare.cpu;
        println!("{:32} {:12.0} {:14.0} {over:+16.0}", subject.subject, subject.clock, subject.cpu);
    }
    let over = |name| figures.iter().find(|figures| figures.subject == name).map(|figures| figures.cpu - bare.cpu);
    if let (Some(ours), Some(theirs)) = (over("wharf-http-metrics"), over("axum-prometheus")) {
        println!("wharf-http-metrics costs {:.2} of what axum-prometheus costs (goal: 0.20)", ours / theirs);
    }
    Ok(())
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
    fn a_line_is_a_subject_and_its_figures() {
        let figures = parse("bare axum\t600\t599").unwrap();
        assert_eq!((figures.subject.as_str(), figures.clock, figures.cpu), ("bare axum", 600.0, 599.0));
        assert!(parse("bare axum\t600").is_none());
    }
}
