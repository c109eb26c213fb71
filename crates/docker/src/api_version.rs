//! Versions of the Engine API.

use bollard::ClientVersion;

/// A version of the Engine API, as `1.41`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion {
    /// Before the point.
    pub major: u32,
    /// After the point.
    pub minor: u32,
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl ApiVersion {
    /// This version, or the client's if that is older.
    pub(crate) fn at_most(self, client: &ClientVersion) -> ClientVersion {
        let own = ClientVersion { major_version: self.major as usize, minor_version: self.minor as usize };
        if own < *client { own } else { *client }
    }
}
