//! The spans of this application, with the names that OpenTelemetry's semantic conventions give. They are made only
//! where traces are exported; elsewhere each is a look at one flag.

use tracing::{Span, trace_span};

/// A command to Redis (semantic conventions, Redis client).
pub(crate) fn redis(operation: &'static str) -> Span {
    trace_span!(
        target: "otel",
        "redis",
        otel.name = operation,
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
        db.system.name = "redis",
        db.operation.name = operation,
        error.type = tracing::field::Empty,
    )
}

/// A statement to Postgres (semantic conventions, SQL).
pub(crate) fn sql(operation: &'static str, table: &'static str) -> Span {
    trace_span!(
        target: "otel",
        "sql",
        otel.name = format_args!("{operation} {table}"),
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
        db.system.name = "postgresql",
        db.operation.name = operation,
        db.collection.name = table,
        error.type = tracing::field::Empty,
    )
}
