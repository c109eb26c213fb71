//! `cargo xtask up`: builds everything and runs the stack.

use anyhow::Result;

use crate::{
    images, registry,
    stack::{Source, wharf},
    stage::{output, run, stage},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Use images made here from Debian's packages, even if the registry can be reached
    #[arg(long)]
    offline: bool,
    /// More arguments for `wharf up`, such as `--scale web=5`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WHARF UP ARGUMENTS")]
    more: Vec<String>,
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    let source = source(args.offline);
    images::make(source)?;
    stage("wharf up --wait", || run(wharf(source)?.args(["up", "--wait"]).args(&args.more)))?;
    let published = |service: &str, port: &str| output(wharf(source)?.args(["port", service, port]));
    println!("Visit counter  http://{}/", published("nginx", "5002")?.replace("127.0.0.1", "localhost"));
    println!("Prometheus     http://{}/", published("prometheus", "9090")?.replace("127.0.0.1", "localhost"));
    if source == Source::Registry {
        println!("Grafana        http://{}/", published("grafana", "3000")?.replace("127.0.0.1", "localhost"));
    } else {
        println!("Grafana        left out: its image is in no package registry");
    }
    println!("Stop it with `cargo xtask down`; `cargo xtask down -v` removes its data, too.");
    Ok(())
}

fn source(offline: bool) -> Source {
    if offline {
        eprintln!("==> images made here (--offline)");
        return Source::Offline;
    }
    if registry::can_be_reached() {
        return Source::Registry;
    }
    eprintln!("==> no registry can be reached: adding deploy/compose.offline.yaml, with images made here");
    Source::Offline
}
