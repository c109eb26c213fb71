//! The canonical form of a project as text.

pub(crate) mod render;
pub(crate) mod scalar_style;
