//! Sizes as configuration files write them.

use wharf_go::units::ram_in_bytes;

/// A number of bytes with an optional unit, by 1024: `256KB`, `1MB`, `10m`.
pub fn bytes(text: &str) -> Option<u64> {
    u64::try_from(ram_in_bytes(text.trim()).ok()?).ok()
}
