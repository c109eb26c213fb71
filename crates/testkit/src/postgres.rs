//! A Postgres for one test.

use testcontainers::{ContainerRequest, GenericImage, ImageExt};

use crate::server::{Kind, Server};

/// A PostgreSQL server with an empty database.
pub type Postgres = Server<PostgresKind>;

/// The properties of Postgres servers.
#[derive(Debug)]
pub struct PostgresKind;

impl Kind for PostgresKind {
    const NAME: &'static str = "postgres";
    const IMAGE: &'static str = "wharf-local/postgres:15";
    const IMAGE_VARIABLE: &'static str = "WHARF_TEST_POSTGRES_IMAGE";
    const PORT: u16 = 5432;
    // While it creates the database, the official image runs a server without TCP, which also logs that it is ready.
    const READY: &'static [&'static str] = &["listening on IPv4", "ready to accept connections"];

    fn request(image: GenericImage) -> ContainerRequest<GenericImage> {
        image
            .with_env_var("POSTGRES_USER", Postgres::USER)
            .with_env_var("POSTGRES_PASSWORD", Postgres::PASSWORD)
            .with_env_var("POSTGRES_DB", Postgres::DATABASE)
    }
}

impl Postgres {
    /// The user, a superuser.
    pub const USER: &str = "wharf";
    /// The user's password.
    pub const PASSWORD: &str = "only-in-tests";
    /// The name of the database.
    pub const DATABASE: &str = "counter";

    /// `postgres://user:password@host:port/database`.
    #[must_use]
    pub fn url(&self) -> String {
        let (user, password, database) = (Self::USER, Self::PASSWORD, Self::DATABASE);
        format!("postgres://{user}:{password}@{}:{}/{database}", self.host(), self.port())
    }
}
