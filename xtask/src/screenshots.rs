//! `cargo xtask screenshots`: takes pictures of the running stack with headless Chromium.

use std::fs;

use anyhow::{Context, Result};

use crate::{
    host::{Need, ensure},
    stack::{Source, wharf},
    stage::{command, output, root, run},
};

/// File name in `docs/screenshots/`, path of the page, size of the window.
const PAGES: [(&str, &str, &str); 4] = [
    ("welcome.png", "/", "1200,750"),
    ("count.png", "/count", "1200,750"),
    ("stats.png", "/stats", "1200,1400"),
    ("badge.png", "/hits/wharf.svg", "200,60"),
];

pub(crate) fn run_task() -> Result<()> {
    ensure(&[Need::Program("chromium", "chromium")])?;
    let address = output(wharf(Source::Registry)?.args(["port", "nginx", "5002"]))
        .context("the stack does not run: start it with `cargo xtask up`")?;
    let folder = root().join("docs/screenshots");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, path, size) in PAGES {
        run(command("chromium")
            // Chromium's sandbox may not work for root in a container. The pages are our own, so it is not needed.
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .arg(format!("--window-size={size}"))
            .arg(format!("--screenshot={}", folder.join(name).display()))
            .arg(format!("http://{address}{path}")))?;
    }
    Ok(())
}
