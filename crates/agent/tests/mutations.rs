//! Stages and rules take whatever comes.

mod mutation;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn nothing_panics(numbers in proptest::collection::vec(any::<u64>(), 0..80)) {
        mutation::check(&numbers);
    }
}
