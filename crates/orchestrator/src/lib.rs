//! Runs a Compose project: observe, plan, apply.
