//! `cargo xtask screenshots`: pictures of the running stack, by headless Chromium.

use std::fs;

use anyhow::{Context, Result};

use crate::{
    host::{Need, ensure},
    stack::{Source, wharf},
    stage::{command, output, root, run},
};

/// File name in `docs/screenshots/`, path of the page.
const PAGES: [(&str, &str); 2] = [("welcome.png", "/"), ("count.png", "/count")];

pub(crate) fn run_task() -> Result<()> {
    ensure(&[Need::Program("chromium", "chromium")])?;
    let address = output(wharf(Source::Registry)?.args(["port", "nginx", "5002"]))
        .context("the stack does not run: start it with `cargo xtask up`")?;
    let folder = root().join("docs/screenshots");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, path) in PAGES {
        run(command("chromium")
            // A container's root may have no sandbox; the page is our own.
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1200,750"])
            .arg(format!("--screenshot={}", folder.join(name).display()))
            .arg(format!("http://{address}{path}")))?;
    }
    Ok(())
}
