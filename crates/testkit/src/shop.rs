//! A project to interrupt: six services with dependencies, a health check, a job, a hook, volumes, a config, a secret and two
//! networks.

/// What differs from one file to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shop {
    /// A value in the environment of `db`.
    pub db: &'static str,
    /// A value in the environment of `web`.
    pub web: &'static str,
    /// How many replicas `web` has.
    pub replicas: u32,
    /// The service that publishes the port.
    pub port_of: &'static str,
}

impl Shop {
    /// The file to begin with.
    pub const FIRST: Shop = Shop { db: "1", web: "1", replicas: 2, port_of: "proxy" };
    /// An image with an anonymous volume at `/var/lib/db`.
    pub const DB_IMAGE: &str = "wharf-test/db:1";
    /// An image without one. Both have `true` and `sleep`.
    pub const APP_IMAGE: &str = "wharf-test/app:1";
    /// Paths in the container of `db` where volumes are: a named one, an anonymous one of the file, one of the image.
    pub const VOLUMES: [&str; 3] = ["/data", "/cache", "/var/lib/db"];
    /// Files that are copied into the containers of a service.
    pub const COPIED: [(&str, &str); 2] = [("db", "/run/secrets/password"), ("web", "/settings")];
    /// The variable that has the secret.
    pub const SECRET: &str = "PASSWORD";

    /// The Compose file. `port`: the host port that is published.
    #[must_use]
    pub fn text(&self, port: u16) -> String {
        let Shop { db, web, replicas, port_of } = self;
        let (db_image, app_image) = (Shop::DB_IMAGE, Shop::APP_IMAGE);
        let ports = |service: &str| match service == *port_of {
            true => format!("ports: ['127.0.0.1:{port}:80']"),
            false => "ports: []".to_owned(),
        };
        let (proxy_ports, admin_ports) = (ports("proxy"), ports("admin"));
        format!(
            "\
name: shop
x-runs: &runs {{image: '{app_image}', command: [sleep, infinity], stop_signal: SIGKILL}}
services:
  db:
    <<: *runs
    image: '{db_image}'
    environment: {{MODE: '{db}'}}
    healthcheck: {{test: [CMD, 'true']}}
    networks: [back]
    volumes: ['data:/data', /cache]
    secrets: [password]
  migrate:
    <<: *runs
    command: ['true']
    depends_on: {{db: {{condition: service_healthy}}}}
    networks: [back]
  web:
    <<: *runs
    environment: {{MODE: '{web}'}}
    scale: {replicas}
    depends_on: {{db: {{condition: service_healthy}}, migrate: {{condition: service_completed_successfully}}}}
    pre_start: [{{command: ['true']}}]
    networks: [front, back]
    configs: [settings]
  proxy:
    <<: *runs
    depends_on: [web]
    networks: [front]
    {proxy_ports}
  sidecar:
    <<: *runs
    network_mode: service:proxy
  admin:
    <<: *runs
    networks: [back]
    {admin_ports}
networks: {{front: , back: }}
volumes: {{data: }}
configs: {{settings: {{content: colour=blue}}}}
secrets: {{password: {{environment: {secret}}}}}
",
            secret = Shop::SECRET
        )
    }
}
