//! How a person is told from others without being known: a mark is a hash of where they are, what they use and the key,
//! with a salt that is thrown away after a day. Marks are kept in a table of fixed size, and each only for a while.

use std::fmt::Write;
use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::Person;
use crate::key::Key;

/// The number of places for marks, which bounds the memory that they take. Where two marks meet, the newer one is kept: then
/// a person may count a second time, but nobody is taken for somebody else.
pub(crate) const PLACES: u32 = 1 << 20;

/// The secret of a day.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Salt(Vec<u8>);

/// A person at a key, while the salt lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    /// Below [`PLACES`].
    pub(crate) place: u32,
    /// Tells those apart that share a place. Not negative, so that Redis stores it as a number.
    pub(crate) print: i64,
}

impl Salt {
    /// The salt with this text.
    pub(crate) fn new(text: impl Into<Vec<u8>>) -> Self {
        Self(text.into())
    }

    /// The text of a new salt: 244 random bits.
    pub(crate) fn random() -> String {
        let mut text = String::with_capacity(64);
        for _ in 0..2 {
            // Writing to a string does not fail.
            let _ = write!(text, "{}", uuid::Uuid::new_v4().simple());
        }
        text
    }

    /// The mark of `person` at `key`. Of an address of IPv6 the network counts, its first 64 bits: devices change the rest
    /// every few hours.
    pub(crate) fn mark(&self, key: &Key, person: &Person) -> Mark {
        let mut hash = Sha256::new();
        for part in [&self.0[..], key.as_str().as_bytes(), &network(person.address)[..], &person.agent] {
            // With lengths, so that no part is taken for the end of another.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let hash = hash.finalize();
        let number =
            |from: usize| hash[from..from + 8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        // Each fits after the division.
        let place = u32::try_from(number(0) % u64::from(PLACES)).unwrap_or(0);
        Mark { place, print: i64::try_from(number(8) >> 1).unwrap_or(i64::MAX) }
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(…)")
    }
}

fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets()[..8].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn mark(salt: &str, key: &str, address: &str, agent: &str) -> Mark {
        let person = Person { address: address.parse().unwrap(), agent: agent.as_bytes().to_vec() };
        Salt::new(salt).mark(&key.parse().unwrap(), &person)
    }

    #[test]
    fn a_person_has_one_mark_and_others_have_others() {
        let ann = mark("salt", "wharf", "192.0.2.1", "Firefox");
        assert_eq!(ann, mark("salt", "wharf", "192.0.2.1", "Firefox"));
        assert_eq!(ann, mark("salt", "wharf", "::ffff:192.0.2.1", "Firefox"));
        let others = [
            mark("another", "wharf", "192.0.2.1", "Firefox"),
            mark("salt", "blog", "192.0.2.1", "Firefox"),
            mark("salt", "wharf", "192.0.2.2", "Firefox"),
            mark("salt", "wharf", "192.0.2.1", "Chrome"),
            mark("saltw", "harf", "192.0.2.1", "Firefox"),
        ];
        assert!(!others.contains(&ann));
        assert_eq!(others.iter().collect::<HashSet<_>>().len(), others.len());
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let ann = mark("salt", "wharf", "2001:db8:1:2::7", "Firefox");
        assert_eq!(ann, mark("salt", "wharf", "2001:db8:1:2:ffff::8", "Firefox"));
        assert_ne!(ann, mark("salt", "wharf", "2001:db8:1:3::7", "Firefox"));
    }

    #[test]
    fn marks_spread_over_the_places_and_tell_nothing() {
        let marks: HashSet<_> =
            (0..2000).map(|n| mark("salt", "wharf", &format!("10.0.{}.{}", n / 256, n % 256), "x")).collect();
        assert_eq!(marks.len(), 2000);
        let places: HashSet<_> = marks.iter().map(|mark| mark.place).collect();
        assert!(places.len() > 1980, "{} places", places.len());
        assert!(marks.iter().all(|mark| mark.place < PLACES && mark.print >= 0));
    }

    #[test]
    fn a_salt_is_random_and_stays_secret() {
        assert_eq!(Salt::random().len(), 64);
        assert_ne!(Salt::random(), Salt::random());
        assert_eq!(format!("{:?}", Salt::new("hunter2")), "Salt(…)");
    }
}
