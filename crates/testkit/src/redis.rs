//! A Redis for one test.

use testcontainers::{ContainerRequest, GenericImage, ImageExt};

use crate::server::{Kind, Server};

/// A Redis server with an append-only file that is synced at each write, as the stack runs it.
pub type Redis = Server<RedisKind>;

/// The properties of Redis servers.
#[derive(Debug)]
pub struct RedisKind;

impl Kind for RedisKind {
    const NAME: &'static str = "redis";
    const IMAGE: &'static str = "wharf-local/redis:7";
    const IMAGE_VARIABLE: &'static str = "WHARF_TEST_REDIS_IMAGE";
    const PORT: u16 = 6379;
    const READY: &'static [&'static str] = &["Ready to accept connections"];

    fn request(image: GenericImage) -> ContainerRequest<GenericImage> {
        image.with_cmd(["redis-server", "--appendonly", "yes", "--appendfsync", "always"])
    }
}

impl Redis {
    /// `redis://host:port`, without a password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}:{}", self.host(), self.port())
    }
}
