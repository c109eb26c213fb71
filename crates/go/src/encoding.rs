//! Go's packages `encoding/base64` and `encoding/base32`, in their standard form with padding.

use std::fmt;

/// Base 64 of RFC 4648, section 4.
pub const BASE64: Encoding = Encoding {
    name: "base64",
    alphabet: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    bits: 6,
    group: 4,
};

/// Base 32 of RFC 4648, section 6.
pub const BASE32: Encoding =
    Encoding { name: "base32", alphabet: b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bits: 5, group: 8 };

/// A way to write bytes as ASCII.
#[derive(Debug, Clone, Copy)]
pub struct Encoding {
    name: &'static str,
    alphabet: &'static [u8],
    /// Bits that a digit holds.
    bits: u32,
    /// Digits in a group; the last group is filled up with `=`.
    group: usize,
}

/// Input that is not encoded so. Displays as Go's `CorruptInputError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorruptInput {
    name: &'static str,
    /// The byte of the input, without its line breaks.
    pub offset: usize,
}

impl fmt::Display for CorruptInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "illegal {} data at input byte {}", self.name, self.offset)
    }
}

impl std::error::Error for CorruptInput {}

impl Encoding {
    /// Encodes bytes.
    pub fn encode(self, bytes: &[u8]) -> String {
        let (mut out, mut buffer, mut count) = (String::new(), 0_u32, 0);
        let mut digit = |value: u32| out.push(char::from(self.alphabet[value as usize & ((1 << self.bits) - 1)]));
        for byte in bytes {
            buffer = buffer << 8 | u32::from(*byte);
            count += 8;
            while count >= self.bits {
                count -= self.bits;
                digit(buffer >> count);
            }
            buffer &= (1 << count) - 1;
        }
        if count > 0 {
            digit(buffer << (self.bits - count));
        }
        while !out.len().is_multiple_of(self.group) {
            out.push('=');
        }
        out
    }

    /// Decodes what [`encode`](Self::encode) gives; line breaks are skipped.
    ///
    /// # Errors
    ///
    /// A character is not in the alphabet, or the padding is wrong.
    pub fn decode(self, text: &str) -> Result<Vec<u8>, CorruptInput> {
        let corrupt = |offset| CorruptInput { name: self.name, offset };
        let text = text.replace(['\r', '\n'], "");
        let digits = text.trim_end_matches('=');
        let padding = text.len() - digits.len();
        let (mut out, mut buffer, mut count) = (Vec::new(), 0_u32, 0);
        for (offset, byte) in digits.bytes().enumerate() {
            let value = self.alphabet.iter().position(|other| *other == byte).ok_or(corrupt(offset))?;
            buffer = buffer << self.bits | value as u32;
            count += self.bits;
            if count >= 8 {
                count -= 8;
                out.push((buffer >> count) as u8);
            }
            buffer &= (1 << count) - 1;
        }
        if !text.len().is_multiple_of(self.group) || padding >= self.group || count >= self.bits {
            return Err(corrupt(text.len().saturating_sub(padding)));
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_group_is_filled_up() {
        for (plain, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("user:pass", "dXNlcjpwYXNz")]
        {
            assert_eq!(BASE64.encode(plain.as_bytes()), encoded);
        }
        assert_eq!(BASE32.encode(b"ab"), "MFRA====");
    }

    #[test]
    fn corrupt_input_is_refused_with_its_place() {
        assert_eq!(BASE64.decode("w6k=\n").unwrap(), "é".as_bytes());
        for (text, offset) in [("!", 0), ("Zm9v!", 4), ("Zm8", 3), ("Zg=", 2)] {
            assert_eq!(BASE64.decode(text), Err(CorruptInput { name: "base64", offset }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_can_be_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            for encoding in [BASE64, BASE32] {
                prop_assert_eq!(encoding.decode(&encoding.encode(&bytes)), Ok(bytes.clone()));
            }
        }
    }
}
