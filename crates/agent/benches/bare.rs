//! The least that delivers: reads json-file logs, encodes Loki's push requests, posts them, ends. No discovery, labels,
//! positions, retries, rotation. `cargo xtask bench agent` measures the agent against it.
//!
//! Arguments: the address of the sink, and files.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement that cannot be made says so by its panic")]

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;

use memchr::{memchr, memchr2};

const BATCH: usize = 1 << 20;

fn main() {
    let mut args = std::env::args().skip(1);
    let mut sink = TcpStream::connect(args.next().unwrap()).unwrap();
    sink.set_nodelay(true).unwrap();
    let mut lines = 0;
    for (number, path) in args.enumerate() {
        lines += deliver(&mut File::open(path).unwrap(), number, &mut sink);
    }
    println!("{lines}");
}

/// Reads a file to its end; gives the number of lines.
fn deliver(file: &mut File, number: usize, sink: &mut TcpStream) -> usize {
    let (mut chunk, mut kept, mut lines) = (vec![0; 128 * 1024], 0, 0);
    let (mut entries, mut scratch) = (Vec::with_capacity(BATCH + 4096), Vec::new());
    loop {
        let count = file.read(&mut chunk[kept..]).unwrap();
        if count == 0 {
            break;
        }
        let (filled, mut start) = (kept + count, 0);
        while let Some(length) = memchr(b'\n', &chunk[start..filled]) {
            encode(&chunk[start..start + length], &mut scratch, &mut entries);
            lines += 1;
            start += length + 1;
            if entries.len() >= BATCH {
                post(number, &mut entries, sink);
            }
        }
        chunk.copy_within(start..filled, 0);
        kept = filled - start;
    }
    post(number, &mut entries, sink);
    lines
}

/// An `EntryAdapter` within a `StreamAdapter`.
fn encode(record: &[u8], scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    let text = record.strip_prefix(br#"{"log":""#).unwrap();
    scratch.clear();
    let (mut rest, mut borrowed) = (text, true);
    let line = loop {
        let stop = memchr2(b'"', b'\\', rest).unwrap();
        if rest[stop] == b'"' {
            unreachable!("a line of the generator ends with a line break");
        }
        if rest[stop + 1] == b'n' && rest[stop + 2] == b'"' {
            let end = &rest[..stop];
            rest = &rest[stop + 3..];
            if borrowed {
                break end;
            }
            scratch.extend_from_slice(end);
            break scratch.as_slice();
        }
        borrowed = false;
        scratch.extend_from_slice(&rest[..stop]);
        scratch.push(rest[stop + 1]);
        rest = &rest[stop + 2..];
    };
    let time = &rest[rest.len() - 32..rest.len() - 2];
    let digits = |from: usize, to: usize| {
        time[from..to].iter().filter(|b| b.is_ascii_digit()).fold(0, |n: u64, b| n * 10 + u64::from(b - b'0'))
    };
    let (year, month, day) = (digits(0, 4), digits(5, 7), digits(8, 10));
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + digits(11, 13)) * 60 + digits(14, 16)) * 60 + digits(17, 19);
    let mut stamp = Vec::with_capacity(16);
    stamp.push(8);
    varint(seconds, &mut stamp);
    stamp.push(16);
    varint(digits(20, 29), &mut stamp);
    let size = 2 + stamp.len() + 1 + varint_size(line.len()) + line.len();
    out.push(0x12);
    varint(size as u64, out);
    out.extend_from_slice(&[0x0a, stamp.len() as u8]);
    out.extend_from_slice(&stamp);
    out.push(0x12);
    varint(line.len() as u64, out);
    out.extend_from_slice(line);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn varint_size(value: usize) -> usize {
    (64 - (value as u64 | 1).leading_zeros() as usize).div_ceil(7)
}

fn post(number: usize, entries: &mut Vec<u8>, sink: &mut TcpStream) {
    let labels = format!("{{number=\"{number}\"}}");
    let mut request = vec![0x0a];
    varint((2 + labels.len() + entries.len()) as u64, &mut request);
    request.extend_from_slice(&[0x0a, labels.len() as u8]);
    request.extend_from_slice(labels.as_bytes());
    request.append(entries);
    let body = snap::raw::Encoder::new().compress_vec(&request).unwrap();
    let head = format!(
        "POST /loki/api/v1/push HTTP/1.1\r\nHost: sink\r\nContent-Type: application/x-protobuf\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    sink.write_all(head.as_bytes()).unwrap();
    sink.write_all(&body).unwrap();
    let mut answer = [0; 512];
    let mut read = 0;
    while !answer[..read].ends_with(b"\r\n\r\n") {
        read += sink.read(&mut answer[read..]).unwrap();
    }
}
