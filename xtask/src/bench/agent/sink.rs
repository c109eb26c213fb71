//! A server that discards requests. The benchmark measures their sender.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};

use anyhow::{Context, Result};

/// Answers 204 to everything, for the rest of the process. It costs nothing while it gets no requests.
pub(super) struct Sink {
    pub(super) address: SocketAddr,
}

impl Sink {
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // An error means that the client went away, which ends its connection.
                std::thread::spawn(move || drop(serve(connection)));
            }
        });
        Ok(Self { address })
    }
}

fn serve(mut connection: TcpStream) -> Result<()> {
    let mut reader = BufReader::with_capacity(256 * 1024, connection.try_clone()?);
    loop {
        let mut length = 0_u64;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink())?;
        connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    }
}

/// The body of a page.
pub(super) fn get(address: &str, path: &str) -> Result<String> {
    let mut connection = TcpStream::connect(address)?;
    write!(connection, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    Ok(body.to_owned())
}
