//! `cargo xtask test`: the checks that a change must pass before it is merged.

use anyhow::Result;

use crate::{
    binaries, fuzz, images, private_registry,
    stack::Source,
    stage::{cargo, run, stage},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Test with the official images from their registry instead of those made here
    #[arg(long)]
    registry: bool,
    /// More arguments for `cargo test`, such as `-p wharf-web`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "CARGO TEST ARGUMENTS")]
    more: Vec<String>,
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    let source = if args.registry { Source::Registry } else { Source::Offline };
    stage("format", || run(cargo().args(["fmt", "--all", "--check"])))?;
    stage("lints", || {
        run(cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
    })?;
    // Always from our own images: some tests need a base image with a shell.
    images::run_task()?;
    if source == Source::Registry {
        images::make(source)?;
    }
    stage("tests", || {
        let mut tests = cargo();
        tests.args(["test", "--workspace", "--locked", "--no-fail-fast"]).args(&args.more);
        tests.env("WHARF_TEST_REGISTRY", private_registry::program()?);
        tests.env("WHARF_BIN", binaries::wharf()?).env("WHARF_TEST_FILES", source.files().join(":"));
        if source == Source::Registry {
            tests.env("WHARF_TEST_REDIS_IMAGE", "redis:7").env("WHARF_TEST_POSTGRES_IMAGE", "postgres:15");
        }
        run(&mut tests)
    })?;
    // With arguments for `cargo test`, only those tests run.
    if args.more.is_empty() { fuzz::a_few() } else { Ok(()) }
}
