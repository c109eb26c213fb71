//! Whatever the files of a kernel hold and Redis answers: nothing panics.

mod mutation;

use proptest::prelude::*;

proptest! {
    #[test]
    fn any_text_is_survived(text: String) {
        wharf_exporter::parse_anything(&text);
    }

    #[test]
    fn any_order_of_their_words_is_survived(numbers in prop::collection::vec(any::<u64>(), 0..60)) {
        wharf_exporter::parse_anything(&mutation::text(&numbers));
    }
}
