//! The part of Postgres' wire protocol that a scrape needs, with limits: a login, rows as text, one prepared statement.
//!
//! <https://www.postgresql.org/docs/current/protocol.html>

use std::io;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::{
    authentication::{
        md5_hash,
        sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256},
    },
    message::{
        backend::{DataRowBody, ErrorResponseBody, Header, Message, RowDescriptionBody},
        frontend,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::table::{Column, Table};
use crate::{
    credentials::{Login, Method},
    endpoint::Address,
    readable::readable,
};

/// Longest message that is read, in bytes.
const LONGEST: usize = 16 << 20;
/// Most rounds of hashing that a server may ask for; Postgres' default is 4,096.
const MOST_ROUNDS: u32 = 200_000;

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the connection was closed")]
    Closed,
    #[error("not a Postgres server: {0}")]
    Protocol(&'static str),
    #[error("the server asks for a password, and the configuration has none for it")]
    NoPassword,
    #[error("the server asks for {0}, which is not supported")]
    Method(&'static str),
    /// The configuration does not allow what the server asks for.
    #[error("the server asks for {0}, which `require_auth` does not name")]
    NotAllowed(&'static str),
    #[error("PostgreSQL {0} is not supported")]
    TooOld(u32),
    /// Its message.
    #[error("{message} ({code})")]
    Server {
        /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
        code: String,
        message: String,
    },
}

/// A connection that is logged in.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    received: BytesMut,
    /// Whether the server says that its database has no encoding.
    without_encoding: bool,
}

impl Wire {
    /// Connects and logs in.
    pub(crate) async fn connect(address: &Address, database: &str, login: &Login) -> Result<Self, Error> {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        stream.set_nodelay(true)?;
        let mut wire = Wire { stream, received: BytesMut::new(), without_encoding: false };
        let user = login.username.as_deref().unwrap_or("postgres");
        let parameters = [
            ("user", user),
            ("database", database),
            ("application_name", "wharf_exporter"),
            ("client_encoding", "UTF8"),
        ];
        wire.send(|buffer| frontend::startup_message(parameters, buffer)).await?;
        wire.log_in(user, login).await?;
        loop {
            match wire.receive().await? {
                Message::ReadyForQuery(_) => return Ok(wire),
                Message::BackendKeyData(_) => {}
                Message::ErrorResponse(body) => return Err(refusal(&body)),
                _ => return Err(Error::Protocol("an answer out of turn")),
            }
        }
    }

    /// The encoding that answers need, if it is not UTF-8. A database without an encoding (`SQL_ASCII`) may hold any bytes, and
    /// the server refuses to send those that are not UTF-8 as UTF-8.
    pub(crate) fn encoding(&self) -> Option<&'static str> {
        self.without_encoding.then_some("SQL_ASCII")
    }

    async fn log_in(&mut self, user: &str, login: &Login) -> Result<(), Error> {
        let password = |method: Method| {
            if !login.methods.is_empty() && !login.methods.contains(&method) {
                return Err(Error::NotAllowed(method.name()));
            }
            login.password.as_ref().map(|password| password.expose().as_bytes()).ok_or(Error::NoPassword)
        };
        // A server that has the password proves it with SCRAM only, so one that asks for nothing may be another one.
        let mut asked = login.methods.is_empty();
        loop {
            match self.receive().await? {
                Message::AuthenticationOk if asked => return Ok(()),
                Message::AuthenticationOk => return Err(Error::NotAllowed("nothing")),
                Message::AuthenticationCleartextPassword => {
                    let password = password(Method::Password)?;
                    self.send(|buffer| frontend::password_message(password, buffer)).await?;
                }
                Message::AuthenticationMd5Password(body) => {
                    let hash = md5_hash(user.as_bytes(), password(Method::Md5)?, body.salt());
                    self.send(|buffer| frontend::password_message(hash.as_bytes(), buffer)).await?;
                }
                Message::AuthenticationSasl(_) => self.scram(password(Method::ScramSha256)?).await?,
                Message::ErrorResponse(body) => return Err(refusal(&body)),
                Message::AuthenticationGss | Message::AuthenticationSspi => return Err(Error::Method("Kerberos")),
                _ => return Err(Error::Protocol("an answer out of turn")),
            }
            asked = true;
        }
    }

    /// SCRAM-SHA-256. The server also proves that it knows the password.
    async fn scram(&mut self, password: &[u8]) -> Result<(), Error> {
        let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
        self.send(|buffer| frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), buffer)).await?;
        match self.receive().await? {
            Message::AuthenticationSaslContinue(body) => {
                if rounds(body.data()).is_none_or(|rounds| rounds > MOST_ROUNDS) {
                    return Err(Error::Protocol("more rounds of hashing than are sensible"));
                }
                scram.update(body.data())?;
            }
            Message::ErrorResponse(body) => return Err(refusal(&body)),
            _ => return Err(Error::Protocol("an answer out of turn")),
        }
        self.send(|buffer| frontend::sasl_response(scram.message(), buffer)).await?;
        match self.receive().await? {
            Message::AuthenticationSaslFinal(body) => Ok(scram.finish(body.data())?),
            Message::ErrorResponse(body) => Err(refusal(&body)),
            _ => Err(Error::Protocol("an answer out of turn")),
        }
    }

    /// Runs statements separated by `;`. Returns their rows, at most `most`.
    pub(crate) async fn simple(&mut self, sql: &str, most: usize) -> Result<Table, Error> {
        self.send(|buffer| frontend::query(sql, buffer)).await?;
        self.answer(most).await
    }

    /// Runs one statement without rows. More than one is an error of the server.
    pub(crate) async fn prepared(&mut self, sql: &str) -> Result<(), Error> {
        self.send(|buffer| {
            frontend::parse("", sql, [], buffer)?;
            let nothing: [i16; 0] = [];
            let no_values = |(), _: &mut BytesMut| Err("there are no values".into());
            frontend::bind("", "", nothing, [], no_values, nothing, buffer)
                .map_err(|_| io::Error::other("too long"))?;
            frontend::execute("", 0, buffer)?;
            frontend::sync(buffer);
            Ok(())
        })
        .await?;
        self.answer(0).await.map(drop)
    }

    /// Reads until the server is ready for the next query. Returns its first error.
    async fn answer(&mut self, most: usize) -> Result<Table, Error> {
        let mut table = Table::default();
        let mut problem = None;
        loop {
            match self.receive().await? {
                Message::RowDescription(body) => table.columns = columns(&body)?,
                Message::DataRow(body) if table.rows.len() < most => table.rows.push(cells(&body)?),
                Message::ErrorResponse(body) => problem = problem.or(Some(refusal(&body))),
                Message::ReadyForQuery(_) => return problem.map_or(Ok(table), Err),
                Message::CopyInResponse(_) | Message::CopyOutResponse(_) => {
                    return Err(Error::Protocol("a copy, which nobody asked for"));
                }
                _ => {}
            }
        }
    }

    /// Ends the connection in order.
    pub(crate) async fn close(mut self) {
        let _ = self
            .send(|buffer| {
                frontend::terminate(buffer);
                Ok(())
            })
            .await;
    }

    async fn send(&mut self, message: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> Result<(), Error> {
        let mut buffer = BytesMut::new();
        message(&mut buffer)?;
        Ok(self.stream.write_all(&buffer).await?)
    }

    /// The next message that is not a notice.
    async fn receive(&mut self) -> Result<Message, Error> {
        loop {
            // Yields, so that the deadline also ends an endless stream of messages.
            tokio::task::consume_budget().await;
            // The length is checked first, because the parser reserves as much memory as it says.
            if let Some(header) = Header::parse(&self.received)?
                && usize::try_from(header.len()).is_ok_and(|length| length > LONGEST)
            {
                return Err(Error::Protocol("a message that is too long"));
            }
            match Message::parse(&mut self.received)? {
                Some(Message::ParameterStatus(body)) => {
                    if body.name()? == "server_encoding" {
                        self.without_encoding = body.value()? == "SQL_ASCII";
                    }
                }
                Some(Message::NoticeResponse(_) | Message::NotificationResponse(_)) => {}
                Some(message) => return Ok(message),
                None => {
                    self.received.reserve(16 << 10);
                    if self.stream.read_buf(&mut self.received).await? == 0 {
                        return Err(Error::Closed);
                    }
                }
            }
        }
    }
}

/// The rounds in SCRAM's first message of the server: `r=...,s=...,i=4096` (RFC 5802).
fn rounds(message: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(message).ok()?;
    text.split(',').find_map(|part| part.strip_prefix("i="))?.parse().ok()
}

/// The server's message, shortened for the log.
fn refusal(body: &ErrorResponseBody) -> Error {
    let (mut code, mut message) = (String::new(), String::new());
    let mut fields = body.fields();
    while let Ok(Some(field)) = fields.next() {
        let text = || String::from_utf8_lossy(field.value_bytes()).chars().take(500).collect();
        match field.type_() {
            b'C' => code = text(),
            b'M' => message = text(),
            _ => {}
        }
    }
    Error::Server { code, message }
}

fn columns(body: &RowDescriptionBody) -> Result<Vec<Column>, Error> {
    let mut columns = Vec::new();
    let mut fields = body.fields();
    while let Some(field) = fields.next()? {
        // <https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat>
        let kind = match field.type_oid() {
            16 => "BOOL",
            700 | 701 => "FLOAT",
            1082 => "DATE",
            1114 => "TIMESTAMP",
            1184 => "TIMESTAMPTZ",
            _ => "OTHER",
        };
        columns.push(Column { name: field.name().to_owned(), kind: kind.to_owned() });
    }
    Ok(columns)
}

fn cells(body: &DataRowBody) -> Result<Vec<Option<String>>, Error> {
    let mut cells = Vec::new();
    let mut ranges = body.ranges();
    while let Some(range) = ranges.next()? {
        let cell = range.map(|range| body.buffer().get(range).ok_or(Error::Protocol("a row that is cut off")));
        cells.push(cell.transpose()?.map(readable));
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_not_ask_for_endless_hashing() {
        assert_eq!(rounds(b"r=abc,s=c2FsdA==,i=4096"), Some(4_096));
        assert_eq!(rounds(b"r=abc,s=c2FsdA==,i=99999999999"), None);
        assert_eq!(rounds(b"\xff"), None);
    }
}
