//! Runs stages and rules over made-up lines until something breaks: `--runs N`, `--seed N`.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

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
    let (start, mut slowest) = (Instant::now(), Duration::ZERO);
    for run in 0..runs {
        let numbers: Vec<u64> = (0..80).map(|_| random(&mut state)).collect();
        let begun = Instant::now();
        if let Err(panic) = std::panic::catch_unwind(|| mutation::check(&numbers)) {
            println!("run {run} broke with these numbers:\n{numbers:?}");
            std::panic::resume_unwind(panic);
        }
        slowest = slowest.max(begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(10), "run {run} took {:?} with {numbers:?}", begun.elapsed());
    }
    println!("{runs} runs in {:?}; the slowest took {slowest:?}", start.elapsed());
}

/// xorshift64*.
fn random(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}
