//! Expands short forms.

pub(crate) mod entries;
pub(crate) mod hosts;
pub(crate) mod mounts;
pub(crate) mod ports;
pub(crate) mod words;
