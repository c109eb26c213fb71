//! `cargo xtask screenshots`: takes pictures of the counter's pages with headless Chromium, light and dark.

use std::fs;

use anyhow::{Context, Result};

use crate::{
    host::{Need, ensure},
    stack::{Source, wharf},
    stage::{command, output, root, run},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Take them from the counter at this address, such as http://localhost:5002, and not from the running stack
    #[arg(long)]
    url: Option<String>,
}

/// Start of the file name in `docs/screenshots/`, path of the page, size of the window.
const PAGES: [(&str, &str, &str); 4] = [
    ("welcome", "/?key=wharf", "1000,900"),
    ("count", "/count", "1000,640"),
    ("key", "/k/wharf", "1000,900"),
    ("stats", "/stats", "1000,1100"),
];

/// The same for badges, which have one scheme.
const BADGES: [(&str, &str, &str); 1] = [("badge", "/hits/wharf.svg", "120,24")];

/// Chromium's numbers of the schemes that a reader may prefer.
const SCHEMES: [(&str, &str); 2] = [("light", "1"), ("dark", "0")];

pub(crate) fn run_task(args: &Args) -> Result<()> {
    ensure(&[Need::Program("chromium", "chromium")])?;
    let base = match &args.url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            let address = output(wharf(Source::Registry)?.args(["port", "nginx", "5002"]))
                .context("the stack does not run: start it with `cargo xtask up`, or name a counter with --url")?;
            format!("http://{address}")
        }
    };
    let folder = root().join("docs/screenshots");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let take = |file: String, path: &str, size: &str, scheme: &str| {
        run(command("chromium")
            // Chromium's sandbox may not work for root in a container. The pages are our own, so it is not needed.
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
            .arg(format!("--window-size={size}"))
            .arg(format!("--screenshot={}", folder.join(file).display()))
            .arg(format!("{base}{path}")))
    };
    for (name, path, size) in PAGES {
        for (suffix, scheme) in SCHEMES {
            take(format!("{name}-{suffix}.png"), path, size, scheme)?;
        }
    }
    for (name, path, size) in BADGES {
        take(format!("{name}.png"), path, size, "1")?;
    }
    Ok(())
}
