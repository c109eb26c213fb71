//! Variables of the environment within texts, until the texts are written.

use serde_json::Value as Json;

/// Around the name of a variable, within a text. No configuration has these characters.
pub(super) const VARIABLE: [char; 2] = ['\u{f0e00}', '\u{f0e01}'];

/// The value of a variable, which is known when the agent starts.
pub(super) fn variable(name: &str) -> Json {
    format!("{}{name}{}", VARIABLE[0], VARIABLE[1]).into()
}
