//! Hands texts to the parsers until something breaks: `--runs N`, `--seed N`. `cargo xtask fuzz exporter` runs it.
//!
//! Broken is what panics, what takes more than a second, and more than 256 MiB of memory.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

#[path = "../tests/mutation/mod.rs"]
mod mutation;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Longest time that a text may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most memory that the whole run may take, in MiB.
const MEMORY: u64 = 256;

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut runs, mut state) = (100_000_u64, 0x9e37_79b9_7f4a_7c15_u64);
    while let Some(arg) = args.next() {
        let number = args.next().and_then(|text| text.parse().ok());
        match (arg.as_str(), number) {
            ("--runs", Some(number)) => runs = number,
            ("--seed", Some(number)) => state ^= number,
            _ => panic!("usage: fuzz [--runs N] [--seed N]"),
        }
    }
    let (start, (texts, waiting)) = (Instant::now(), channel::<String>());
    let (done, finished) = channel();
    let worker = std::thread::spawn(move || {
        for text in waiting {
            wharf_exporter::parse_anything(&text);
            if done.send(()).is_err() {
                break;
            }
        }
    });
    for run in 0..runs {
        let numbers: Vec<u64> = (0..40).map(|_| random(&mut state)).collect();
        let text = mutation::text(&numbers);
        let handed = texts.send(text.clone()).map_err(|_| RecvTimeoutError::Disconnected);
        let outcome = handed.and_then(|()| finished.recv_timeout(PATIENCE));
        assert!(outcome.is_ok(), "run {run} broke ({outcome:?}) with this text:\n{text:?}");
    }
    drop(texts);
    assert!(worker.join().is_ok(), "the last text broke");
    let memory = peak_memory();
    println!("{runs} texts in {:.0?}; peak memory {memory} MiB", start.elapsed());
    assert!(memory < MEMORY, "more than {MEMORY} MiB of memory");
}

/// The peak memory of this process, in MiB, or 0 if the system does not report it.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// xorshift64*.
fn random(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}
