//! Tracing set-up of wharf's binaries: JSON or human-readable logs.
