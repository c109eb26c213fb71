//! Where visits are counted and kept: in Redis and Postgres, or in one file.

use std::path::PathBuf;

use super::{Database, Redis, SettingError, wrong};

/// Where visits are counted and their history is kept.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a process has one")]
pub enum Store {
    /// Servers, which any number of processes share.
    Servers {
        /// Where visits are counted.
        redis: Redis,
        /// Where the history is kept, if it is.
        database: Option<Database>,
    },
    /// A SQLite file, for this process alone.
    Sqlite(PathBuf),
}

/// What `sqlite:FILE` names, or why it is not that. `given` are the settings of servers that are set, too.
pub(super) fn file(store: &str, given: &[(&'static str, bool)]) -> Result<PathBuf, SettingError> {
    let expected = || wrong("STORE", "write `sqlite:` and the name of a file, for example `sqlite:visits.db`");
    let path = store.strip_prefix("sqlite:").ok_or_else(expected)?;
    // `sqlite://visits.db` and `sqlite:///var/lib/visits.db` are what other programs call such files.
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.contains('?') {
        return Err(expected());
    }
    if path == ":memory:" {
        return Err(wrong("STORE", "a counter in memory would forget its visits, name a file"));
    }
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(wrong(name, "STORE is set, too, and its file needs no server; set one of them")),
        None => Ok(path.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_with_or_without_slashes() {
        for (store, path) in [
            ("sqlite:visits.db", "visits.db"),
            ("sqlite:/var/lib/visits.db", "/var/lib/visits.db"),
            ("sqlite://visits.db", "visits.db"),
            ("sqlite:///var/lib/visits.db", "/var/lib/visits.db"),
        ] {
            assert_eq!(file(store, &[]).unwrap(), PathBuf::from(path), "{store}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for store in ["visits.db", "postgres://db/visits", "sqlite:", "sqlite://", "sqlite:visits.db?mode=ro"] {
            let error = file(store, &[]).unwrap_err().to_string();
            assert!(error.ends_with("for example `sqlite:visits.db`"), "{error}");
        }
        let error = file("sqlite::memory:", &[]).unwrap_err().to_string();
        assert_eq!(error, "STORE: a counter in memory would forget its visits, name a file");
    }

    #[test]
    fn a_file_and_a_server_exclude_each_other() {
        let error = file("sqlite:a", &[("REDIS_HOST", false), ("DATABASE_URL", true)]).unwrap_err().to_string();
        assert_eq!(error, "DATABASE_URL: STORE is set, too, and its file needs no server; set one of them");
    }
}
