//! Loads mutated files until something breaks: `--runs N`, `--seed N`. `cargo xtask fuzz compose` runs it.
//!
//! Broken is what panics, what takes more than ten seconds, more than a gigabyte of memory, and a canonical form that
//! does not read as itself.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

#[path = "../tests/mutation/mod.rs"]
mod mutation;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest time that a file may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most memory that the whole run may take, in MiB.
const MEMORY: u64 = 1024;

/// The file that is being loaded, and since when.
type Current = Arc<Mutex<(Instant, String)>>;

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
    let current: Current = Arc::new(Mutex::new((Instant::now(), String::new())));
    watch(Arc::clone(&current));
    let (start, mut slowest) = (Instant::now(), Duration::ZERO);
    for run in 0..runs {
        let numbers: Vec<u64> = (0..40).map(|_| random(&mut state)).collect();
        let text = mutation::mutated(&numbers);
        let begun = Instant::now();
        if let Ok(mut current) = current.lock() {
            *current = (begun, text.clone());
        }
        if let Err(panic) = std::panic::catch_unwind(|| mutation::check(&text)) {
            println!("run {run} broke with this file:\n{text}");
            std::panic::resume_unwind(panic);
        }
        slowest = slowest.max(begun.elapsed());
    }
    let memory = peak_memory();
    println!("{runs} files in {:.0?}; the slowest took {slowest:.0?}; peak memory {memory} MiB", start.elapsed());
    assert!(memory < MEMORY, "more than {MEMORY} MiB of memory");
}

/// Ends the process when a file takes too long.
fn watch(current: Current) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let Ok(current) = current.lock() else { return };
            if current.0.elapsed() > PATIENCE {
                println!("not read within {PATIENCE:?}:\n{}", current.1);
                std::process::exit(1);
            }
        }
    });
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
