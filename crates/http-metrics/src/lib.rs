//! Prometheus request metrics for axum and tower.
