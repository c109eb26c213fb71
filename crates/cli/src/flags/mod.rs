//! Flags that several verbs take, and how their values are written.

pub(crate) mod container;
pub(crate) mod duration;
pub(crate) mod key_value;
pub(crate) mod log_lines;
pub(crate) mod provisioning;
pub(crate) mod scale;
pub(crate) mod short_forms;
pub(crate) mod size;
pub(crate) mod tty;
