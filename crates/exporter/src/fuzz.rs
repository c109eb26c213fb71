//! All parsers of foreign text, for property tests and `cargo xtask fuzz exporter`.

use crate::proc::{flat_keyed, mounts, netdev};
use crate::{cgroup, host, postgres, redis};

/// Passes a text to each of them.
pub fn parse_anything(text: &str) {
    cgroup::parse_anything(text);
    host::parse_anything(text);
    let _ = netdev::interfaces(text).count();
    let _ = mounts::device_of("/var/lib/docker", &mounts::mounts(text));
    let _ = flat_keyed::unescaped(text);
    answers_of_redis(text);
    for kind in ["BOOL", "TIMESTAMPTZ", "TIMESTAMP", "DATE", "INT8"] {
        let _ = postgres::number(text, kind);
    }
    let _ = postgres::parse_queries(text, "queries.yaml");
}

fn answers_of_redis(text: &str) {
    let info = redis::parse_info(text);
    let _ = (info.is_cluster(), info.major_version(), info.fields().count(), info.keyspace(), info.commands());
    let _ = (info.errors(), info.replicas(), info.master());
    let _ = (redis::parse_clients(text), redis::parse_buffer_limits(text));
    if let Ok(Some((reply, _))) = redis::parse_reply(text.as_bytes()) {
        let _ = (redis::parse_latency(&reply), redis::parse_slowlog(&reply), redis::parse_config(&reply));
    }
}
