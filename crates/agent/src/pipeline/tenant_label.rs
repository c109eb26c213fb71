//! The label that carries the tenant.

/// The label that the `tenant` stage sets, as Promtail does. Delivery removes it and sends it as `X-Scope-OrgID`.
pub const TENANT_LABEL: &str = "__tenant_id__";
