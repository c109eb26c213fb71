//! Loads mutated files until something breaks: `--runs N`, `--seed N`.
#![allow(clippy::print_stdout)]

#[path = "../tests/mutation/mod.rs"]
mod mutation;

use std::time::{Duration, Instant};

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
    let (start, mut slowest, mut slowest_text) = (Instant::now(), Duration::ZERO, String::new());
    for run in 0..runs {
        let numbers: Vec<u64> = (0..40).map(|_| random(&mut state)).collect();
        let text = mutation::mutated(&numbers);
        let begun = Instant::now();
        if let Err(panic) = std::panic::catch_unwind(|| mutation::check(&text)) {
            println!("run {run} broke with this file:\n{text}");
            std::panic::resume_unwind(panic);
        }
        if begun.elapsed() > slowest {
            slowest = begun.elapsed();
            slowest_text = text.clone();
        }
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "run {run} took {:?} with this file:\n{text}",
            begun.elapsed()
        );
    }
    println!("{runs} files in {:?}; the slowest took {slowest:?}:\n{slowest_text}", start.elapsed());
}

/// xorshift64*.
fn random(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}
