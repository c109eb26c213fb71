//! Who may log in where. Credentials belong to one host and port, and their passwords stand in files of their own.

use std::{fmt, io, path::Path};

/// Longest password, in bytes.
const LONGEST: u64 = 64 << 10;

/// A password: whatever prints a value that holds one shows that there is one, and no more.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

impl Password {
    /// For the connection that it opens, and nothing else.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a password)")
    }
}

/// With what to log in at one server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Login {
    /// The user; without one, the server's default user.
    pub(crate) username: Option<String>,
    /// The password, if it asks for one.
    pub(crate) password: Option<Password>,
}

/// The password in a file, without the line break at its end. Read anew for each connection: a changed password is
/// taken up without a restart.
///
/// # Errors
///
/// The file cannot be read, is too long, empty, or not UTF-8.
pub(crate) async fn read_password(file: &Path) -> io::Result<Password> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    // Its length is asked first: a device would have no end.
    let metadata = tokio::fs::metadata(file).await?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(invalid("not a file with one password in it"));
    }
    let text = tokio::fs::read_to_string(file).await?;
    let password = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if password.is_empty() {
        return Err(invalid("the file is empty"));
    }
    Ok(Password(password.to_owned()))
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
        assert_eq!(password.reveal(), " se cret ");
        let login = Login { username: Some("me".to_owned()), password: Some(password) };
        assert!(!format!("{login:?}").contains("cret"));
    }

    #[tokio::test]
    async fn what_is_no_password_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read_password(folder.path()).await.is_err());
        assert!(read_password(Path::new("/dev/zero")).await.is_err());
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        assert!(read_password(&folder.path().join("empty")).await.is_err());
    }
}
