//! Sizes: `512m`.

use wharf_go::units::ram_in_bytes;

/// A number of bytes, with a unit of 1024 if there is one: `512m`.
pub(crate) fn parse_size(text: &str) -> Result<i64, String> {
    ram_in_bytes(text).ok().filter(|size| *size > 0).ok_or_else(|| "use a size like 512m or 2g".to_owned())
}
