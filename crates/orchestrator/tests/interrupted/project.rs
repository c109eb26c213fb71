//! The project that is interrupted.

use wharf_compose::{Options, Project};

/// What differs from one file to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shop {
    /// A value in the environment of `db`.
    pub(crate) db: &'static str,
    /// A value in the environment of `web`.
    pub(crate) web: &'static str,
    /// How many replicas `web` has.
    pub(crate) replicas: u32,
    /// The service that publishes port 8080.
    pub(crate) port_of: &'static str,
}

impl Shop {
    pub(crate) const FIRST: Shop = Shop { db: "1", web: "1", replicas: 2, port_of: "proxy" };

    pub(crate) fn project(&self) -> Project {
        let Shop { db, web, replicas, port_of } = self;
        let ports = |service: &str| if service == *port_of { "ports: ['8080:80']" } else { "ports: []" };
        let (proxy_ports, admin_ports) = (ports("proxy"), ports("admin"));
        let text = format!(
            "\
name: shop
services:
  db:
    image: db:1
    environment: {{MODE: '{db}'}}
    healthcheck: {{test: [CMD, probe]}}
    networks: [back]
    volumes: ['data:/data', /cache]
    secrets: [password]
  migrate:
    image: app:1
    command: ['true']
    depends_on: {{db: {{condition: service_healthy}}}}
    networks: [back]
  web:
    image: app:1
    command: [serve]
    environment: {{MODE: '{web}'}}
    scale: {replicas}
    depends_on: {{db: {{condition: service_healthy}}, migrate: {{condition: service_completed_successfully}}}}
    pre_start: [{{command: ['true']}}]
    networks: [front, back]
    configs: [settings]
  proxy:
    image: app:1
    command: [proxy]
    depends_on: [web]
    networks: [front]
    {proxy_ports}
  sidecar:
    image: app:1
    command: [watch]
    network_mode: service:proxy
  admin:
    image: app:1
    command: [admin]
    networks: [back]
    {admin_ports}
networks: {{front: , back: }}
volumes: {{data: }}
configs: {{settings: {{content: colour=blue}}}}
secrets: {{password: {{environment: PASSWORD}}}}
"
        );
        Project::load(&Options::from_text(text).with_variable("PASSWORD", "secret")).unwrap().project
    }
}
