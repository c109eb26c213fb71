//! Credentials of database servers. They belong to one host and port, and each password is in a file of its own.

use std::{io, path::Path};

use serde::Deserialize;
use wharf_serve::Secret;

/// Longest password, in bytes.
const LONGEST: u64 = 64 << 10;

/// The credentials for one server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Login {
    /// The user. Without one, the server uses its default user.
    pub(crate) username: Option<String>,
    /// The password, if the server asks for one.
    pub(crate) password: Option<Secret>,
    /// The methods by which the password may be given to a Postgres server; empty: whichever it asks for.
    pub(crate) methods: Vec<Method>,
}

/// How a Postgres server is shown the password, under the names of libpq's
/// [`require_auth`](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-REQUIRE-AUTH).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// In clear text.
    Password,
    /// As an MD5 hash, which is as good as the password to those who read it.
    Md5,
    /// By SCRAM: the server learns nothing that it does not know, and shows that it knows the password.
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
}

impl Method {
    /// What a server asks for.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Method::Password => "the password in clear text",
            Method::Md5 => "an MD5 hash of the password",
            Method::ScramSha256 => "SCRAM-SHA-256",
        }
    }
}

/// The password in a file, without the line break at its end. It is read for each scrape, so a changed password needs no
/// restart.
///
/// # Errors
///
/// The file cannot be read, is too long, empty, or not UTF-8.
pub(crate) async fn read_password(file: &Path) -> io::Result<Secret> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    // The length is checked first: a device has no end.
    let metadata = tokio::fs::metadata(file).await?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(invalid("not a file with one password in it"));
    }
    let text = tokio::fs::read_to_string(file).await?;
    let password = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if password.is_empty() {
        return Err(invalid("the file is empty"));
    }
    Ok(Secret::new(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_ends_before_the_line_break_and_is_not_printed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, " se cret \r\n").unwrap();
        let password = read_password(&file).await.unwrap();
        assert_eq!(password.expose(), " se cret ");
        let login = Login { username: Some("me".to_owned()), password: Some(password), methods: Vec::new() };
        assert!(!format!("{login:?}").contains("se cret"));
    }

    #[tokio::test]
    async fn a_file_without_a_password_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read_password(folder.path()).await.is_err());
        assert!(read_password(Path::new("/dev/zero")).await.is_err());
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        assert!(read_password(&folder.path().join("empty")).await.is_err());
    }
}
