//! Containers, Redis, Postgres and the host as Prometheus metrics, in one process.

pub mod exposition;
