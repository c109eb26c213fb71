//! Containers, Redis, Postgres and the host as Prometheus metrics, in one process.
//!
//! Each scrape is made from new values: collectors return [families](exposition::Family), which are then written. Nothing
//! of a removed thing can remain.
//!
//! - Containers have cAdvisor's names and labels. The engine lists the containers; their usage is read from the files of
//!   their cgroups.
//! - The host has node_exporter's names.
//! - Redis and Postgres have redis_exporter's and postgres_exporter's names.
//! - `/sd` lists the containers that have metrics of their own for Prometheus, each replica as a target.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use wharf_exporter::{Collector, Config, Exporter};
//!
//! let config = Config {
//!     listen: "127.0.0.1:10500".parse()?,
//!     engine: wharf_docker::Endpoint::resolve(&std::env::vars().collect(), &Default::default())?,
//!     collectors: Collector::ALL.to_vec(),
//!     procfs: "/proc".into(),
//!     rootfs: "/".into(),
//!     container_labels: wharf_exporter::CONTAINER_LABELS.map(str::to_owned).to_vec(),
//!     more_container_metrics: false,
//!     layer_sizes_every: None,
//!     databases: Default::default(),
//!     limits: Default::default(),
//! };
//! let exporter = Exporter::bind(config).await?;
//! println!("http://{}/metrics", exporter.address());
//! exporter.run(Default::default()).await?;
//! # Ok(())
//! # }
//! ```

mod cgroup;
mod collector;
mod containers;
mod credentials;
pub mod dashboards;
pub mod databases;
pub mod description;
mod discovery;
mod endpoint;
pub mod exposition;
mod families;
mod fuzz;
mod host;
pub mod postgres;
mod proc;
mod readable;
pub mod redis;
mod resource_usage;
mod scrape;
mod self_metrics;
mod server;

pub use collector::Collector;
pub use containers::SameName;
#[doc(hidden)]
pub use fuzz::parse_anything;
pub use server::{CONTAINER_LABELS, Config, Exporter, PORT, RunError};

/// Every metric that the exporter can serve, under the heading of its part. Metrics of custom SQL are not included.
pub fn descriptions() -> Vec<(&'static str, Vec<description::Description>)> {
    vec![
        ("Containers", containers::metrics::ALL.to_vec()),
        ("Containers: more", containers::metrics::MORE.to_vec()),
        ("Containers: the machine", containers::metrics::MACHINE.to_vec()),
        ("Host", host::metrics::ALL.to_vec()),
        ("Host: memory", host::metrics::MEMORY.to_vec()),
        ("Host: virtual memory", host::metrics::VMSTAT.to_vec()),
        ("Host: disks", host::metrics::DISK.to_vec()),
        ("Host: network", host::metrics::NETWORK.to_vec()),
        ("Host: file systems", host::metrics::FILESYSTEM.to_vec()),
        ("Redis", redis::descriptions().copied().collect()),
        ("Postgres", postgres::descriptions().collect()),
        ("The exporter itself", self_metrics::ALL.to_vec()),
    ]
}
