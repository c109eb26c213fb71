//! The template functions that Loki and Promtail add to Go's and Sprig's.
//!
//! Their arguments come in the order of Go's package `strings`, text first; Sprig's functions of similar names take the text
//! last, so that it can come through a pipe.

use sha2::{Digest, Sha256};
use sha3::Sha3_256;
use wharf_go::strings;
use wharf_go::template::{Arguments, Function, function, text};

/// `ToLower`, `Trim`, `Hash` and so on; for [`FunctionTable::with`](wharf_go::template::FunctionTable::with).
///
/// `regexReplaceAll` and `regexReplaceAllLiteral` are Sprig's: they mean the same.
pub const FUNCTIONS: &[Function] = &[
    function("ToLower", "s", |a, _| Ok(text(&strings::lower(a.text(0)?)))),
    function("ToUpper", "s", |a, _| Ok(text(&strings::upper(a.text(0)?)))),
    function("Replace", "sssi", |a, _| {
        let (whole, old, new) = (a.text(0)?, a.text(1)?, a.text(2)?);
        Ok(text(&strings::replace(whole, old, new, a.int(3)?)))
    }),
    function("Trim", "ss", |a, _| Ok(text(strings::trim(a.text(0)?, a.text(1)?)))),
    function("TrimLeft", "ss", |a, _| {
        let cut = a.text(1)?;
        Ok(text(a.text(0)?.trim_start_matches(|c| cut.contains(c))))
    }),
    function("TrimRight", "ss", |a, _| {
        let cut = a.text(1)?;
        Ok(text(a.text(0)?.trim_end_matches(|c| cut.contains(c))))
    }),
    function("TrimPrefix", "ss", |a, _| Ok(text(strings::trim_prefix(a.text(0)?, a.text(1)?)))),
    function("TrimSuffix", "ss", |a, _| Ok(text(strings::trim_suffix(a.text(0)?, a.text(1)?)))),
    function("TrimSpace", "s", |a, _| Ok(text(a.text(0)?.trim_matches(strings::is_space)))),
    function("Hash", "ss", |a, _| Ok(text(&hex(&Sha3_256::digest(format!("{}{}", a.text(0)?, a.text(1)?)))))),
    function("Sha2Hash", "ss", |a, _| Ok(text(&hex(&Sha256::digest(format!("{}{}", a.text(0)?, a.text(1)?)))))),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use wharf_go::template::{FunctionTable, Template, map};

    use super::*;

    fn run(template: &str) -> String {
        let functions = FunctionTable::go().with_sprig().with(FUNCTIONS);
        let template = Template::parse(template, &functions).unwrap();
        template.execute(map([("Value".to_owned(), text("some Text"))].into()), 0).unwrap()
    }

    #[test]
    fn text_comes_first() {
        assert_eq!(run("{{ ToLower .Value }}|{{ .Value | ToUpper }}"), "some text|SOME TEXT");
        assert_eq!(
            run("{{ Replace .Value \"e\" \"_\" 1 }}|{{ Replace .Value \"e\" \"_\" -1 }}"),
            "som_ Text|som_ T_xt"
        );
        assert_eq!(
            run("{{ Trim .Value \"st\" }}|{{ TrimLeft .Value \"so\" }}|{{ TrimRight .Value \"xt\" }}"),
            "ome Tex|me Text|some Te"
        );
        assert_eq!(run("{{ TrimPrefix .Value \"some\" | TrimSpace }}|{{ TrimSuffix .Value \"Text\" }}"), "Text|some ");
    }

    #[test]
    fn hashes_are_sha3_and_sha2_of_the_salt_and_the_text() {
        assert_eq!(run("{{ Hash \"s\" \"a\" | trunc 8 }} {{ Sha2Hash \"s\" \"a\" | trunc 8 }}"), "665b3f32 4cf6829a");
    }
}
