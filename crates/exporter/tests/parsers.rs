//! Whatever the files of a kernel hold: nothing panics.

use proptest::prelude::*;

/// Words of such files, so that more than the first line of a parser is reached.
const WORDS: [&str; 28] = [
    " ",
    "\n",
    ":",
    "=",
    "/",
    "0::/docker/0123456789ab",
    "1:cpu:/",
    " - ",
    "cgroup2",
    "cgroup",
    "rw,memory",
    "254:0",
    "Read",
    "rbytes=1",
    "usage_usec",
    "18446744073709551615",
    "-1",
    "1e999",
    "max",
    "cpu0",
    "total=5",
    "some",
    "full",
    "kB",
    "\\040",
    "\\777",
    "eth0:",
    ")",
];

proptest! {
    #[test]
    fn any_text_is_survived(text: String) {
        wharf_exporter::parse_anything(&text);
    }

    #[test]
    fn any_order_of_their_words_is_survived(at in prop::collection::vec(0..WORDS.len(), 0..60)) {
        let text: String = at.into_iter().map(|at| WORDS[at]).collect();
        wharf_exporter::parse_anything(&text);
    }
}
