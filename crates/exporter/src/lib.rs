//! Containers, Redis, Postgres and the host as Prometheus metrics, in one process.

mod credentials;
pub mod databases;
pub mod description;
pub mod exposition;
mod families;
pub mod postgres;
pub mod redis;
