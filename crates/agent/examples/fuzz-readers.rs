//! Mutated records, frames and configurations: nothing may panic, take more than there is, or give out broken text.
//! `cargo xtask fuzz agent` runs it.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for the terminal that says by a panic what broke"
)]

use wharf_agent::lines::join::{Joiner, Piece};
use wharf_agent::lines::{Stream, frames, json_file};
use wharf_agent::{alloy, config};
use wharf_loki::entries::entries;

/// Inputs that are right, to be broken.
const SEEDS: [&[u8]; 8] = [
    br#"{"log":"a \"line\" \u00e9\ud83d\ude00\n","stream":"stdout","time":"2026-11-21T07:44:26.123456789Z"}"#,
    br#"{"log":"a","stream":"stderr","attrs":{"a":"b"},"time":"2026-11-21T07:44:26Z"}"#,
    b"\x01\0\0\0\0\0\0\x222026-11-21T07:44:26.123456789Z a\n\x02\0\0\0\0\0\0\x192026-11-21T07:44:26Z oops",
    b"2026-11-21T07:44:26.123456789Z a line\r\n2026-11-21T07:44:26.123456789Z ",
    b"\x12\x10\x0a\x06\x08\x01\x10\x02\x18\x03\x12\x01a\x1a\x03\x0a\x01k",
    b"clients: [{url: http://x/loki/api/v1/push, batchsize: 1MB}]\nscrape_configs:\n- docker_sd_configs: [{host: unix:///x}]\n",
    b"loki.write \"x\" {\n  endpoint {\n    url = `http://x`\n  }\n}\nloki.source.docker \"y\" { targets = discovery.docker.z.targets }",
    b"\x01\0\0\0\0\0\x40\x202026-11-21T07:44:26.123456789Z xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

fn main() {
    let mut args = std::env::args().skip(1);
    let mut number = |name: &str| {
        let given = args.next().filter(|arg| arg == name).and_then(|_| args.next()?.parse::<u64>().ok());
        given.unwrap_or_else(|| panic!("{name} NUMBER"))
    };
    let (runs, seed) = (number("--runs"), number("--seed"));
    for run in 0..runs {
        let mut random = Random(seed.wrapping_add(run).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let input = mutated(&mut random);
        let caught = std::panic::catch_unwind(|| check(&input));
        if caught.is_err() {
            println!("seed {}: {:?}", seed.wrapping_add(run), String::from_utf8_lossy(&input));
            std::process::exit(1);
        }
    }
    println!("{runs} inputs");
}

fn check(input: &[u8]) {
    let mut scratch = Vec::new();
    if let Some(record) = json_file::parse(input, &mut scratch) {
        assert!(record.text.len() <= input.len() * 3, "more than there was");
    }
    let mut joiner = Joiner::new(100);
    let mut joined = |frame: frames::Frame<'_>| {
        let frames::Frame { stream, time, text, ended } = frame;
        joiner.push(Piece { text, ended, stream, time, first: 0, last: 1 }, |line| assert!(line.text.len() <= 100));
    };
    assert!(frames::read(input, &mut joined).is_ok_and(|taken| taken <= input.len()) || input.len() >= 8);
    let _ = frames::read_terminal(input, &mut joined);
    joiner.push(Piece { text: input, ended: true, stream: Stream::Stderr, time: 1, first: 0, last: 1 }, |_| ());
    assert!(entries(input).map(|entry| entry.encoded).sum::<usize>() <= input.len());
    let text = String::from_utf8_lossy(input);
    let _ = config::from_yaml(&text);
    if let Ok(converted) = alloy::convert(&text, false) {
        let expanded = config::expand_environment(&converted.yaml, &Default::default());
        let yaml = if converted.variables { expanded.unwrap() } else { converted.yaml };
        wharf_agent::yaml::read(&yaml).unwrap();
    }
}

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }
}

/// A seed, or two put together, with some bytes changed, doubled or left out.
fn mutated(random: &mut Random) -> Vec<u8> {
    let mut bytes = SEEDS[random.below(SEEDS.len())].to_vec();
    if random.below(4) == 0 {
        let cut = random.below(bytes.len());
        bytes.truncate(cut);
        bytes.extend_from_slice(SEEDS[random.below(SEEDS.len())]);
    }
    for _ in 0..random.below(6) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes.insert(at, b"\"\\\n{}[]:, \0\xff"[random.below(12)]),
            1 if !bytes.is_empty() => drop(bytes.remove(at)),
            2 if !bytes.is_empty() => bytes[at] = random.below(256) as u8,
            3 => bytes.truncate(at),
            _ => {
                let end = (at + random.below(40)).min(bytes.len());
                let part = bytes[at.min(end)..end].to_vec();
                bytes.extend_from_slice(&part);
            }
        }
    }
    bytes
}
