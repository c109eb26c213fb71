//! A connection to a Redis server: several commands in one write, one reply for each.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, lookup_host},
};

use super::resp::{MAX_REPLY, NotRedis, Reply, command, parse_reply};
use crate::{credentials::Login, endpoint::Address};

/// Why a server gave no answer. The text becomes a label: it has no address, no password, and nothing the server wrote.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}", what(.0))]
    Io(#[from] io::Error),
    #[error("the host's name is unknown")]
    UnknownHost,
    #[error("the connection was closed")]
    Closed,
    #[error("not a Redis server")]
    NotRedis(#[from] NotRedis),
    #[error("the server refused: {0}")]
    Refused(&'static str),
}

/// The kinds of refusals that a label may name.
const REFUSALS: [&str; 9] =
    ["NOAUTH", "WRONGPASS", "NOPERM", "LOADING", "MASTERDOWN", "DENIED", "BUSY", "MISCONF", "ERR"];

/// A kept connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects and logs in. The caller sets the time limit.
    pub(crate) async fn open(address: &Address, login: &Login) -> Result<Self, Error> {
        let name = (address.host.as_str(), address.port);
        let addresses: Vec<_> = lookup_host(name).await.map_err(|_| Error::UnknownHost)?.collect();
        let stream = TcpStream::connect(&addresses[..]).await?;
        stream.set_nodelay(true)?;
        let mut connection = Connection { stream, received: Vec::new() };
        let name = ["CLIENT", "SETNAME", "wharf_exporter"];
        let Some(password) = &login.password else {
            connection.ask(&[&name]).await?;
            return Ok(connection);
        };
        let mut auth = vec!["AUTH"];
        auth.extend(login.username.as_deref());
        auth.push(password.expose());
        let replies = connection.ask(&[&auth, &name]).await?;
        if let Some(Reply::Error(text)) = replies.first() {
            return Err(refused(text));
        }
        Ok(connection)
    }

    /// Sends the commands together and waits for a reply to each.
    pub(crate) async fn ask(&mut self, commands: &[&[&str]]) -> Result<Vec<Reply>, Error> {
        let mut bytes = Vec::new();
        for words in commands {
            command(&mut bytes, words);
        }
        self.stream.write_all(&bytes).await?;
        let mut replies = Vec::with_capacity(commands.len());
        while replies.len() < commands.len() {
            match parse_reply(&self.received)? {
                Some((reply, length)) => {
                    self.received.drain(..length);
                    replies.push(reply);
                }
                None if self.received.len() > MAX_REPLY => return Err(NotRedis.into()),
                None => self.receive().await?,
            }
        }
        Ok(replies)
    }

    async fn receive(&mut self) -> Result<(), Error> {
        self.received.reserve(16 << 10);
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(Error::Closed),
            _ => Ok(()),
        }
    }
}

/// The kind of an error, for which the standard library does not always have a word.
fn what(error: &io::Error) -> String {
    match error.kind().to_string() {
        unnamed if unnamed == "uncategorized error" || unnamed == "other error" => "the connection failed".to_owned(),
        named => named,
    }
}

/// The kind of a server's error. The rest is dropped, because it could contain a password.
pub(crate) fn refused(text: &str) -> Error {
    let word = text.split(' ').next().unwrap_or_default();
    Error::Refused(REFUSALS.into_iter().find(|known| *known == word).unwrap_or("another error"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_host_is_called_so() {
        let address = Address { host: "no-such-host.invalid".to_owned(), port: 6379 };
        let error = Connection::open(&address, &Login::default()).await.unwrap_err();
        assert_eq!(error.to_string(), "the host's name is unknown");
        // Too many open files: the library has no name for it.
        assert_eq!(Error::Io(io::Error::from_raw_os_error(24)).to_string(), "the connection failed");
    }
}
