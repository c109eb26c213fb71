//! Series by the values of their labels, in two steps: those known with the request, then those known with its
//! response.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::labels::{OTHER, Values};
use crate::table::Table;

/// Enough for the routes of a large application without long chains.
const CHAINS: usize = 256;

/// A route answers with a few methods and status codes.
const CHAINS_OF_A_GROUP: usize = 8;

/// All series of one kind of measurement. `C` is what all groups share, and `V` is what a series counts.
#[derive(Debug)]
pub(crate) struct Groups<C, V> {
    context: Arc<C>,
    groups: Table<Arc<Group<C, V>>>,
    hash: RandomState,
    room: Arc<Room>,
}

/// How many more sets of computed values may have series of their own.
#[derive(Debug)]
struct Room {
    requests: AtomicUsize,
    responses: AtomicUsize,
}

impl Room {
    fn take(left: &AtomicUsize) -> bool {
        left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

impl<C, V> Groups<C, V> {
    /// At most `room` sets of values computed from requests, and as many from responses, get series of their own.
    pub(crate) fn new(context: Arc<C>, room: usize) -> Self {
        let room = Arc::new(Room { requests: AtomicUsize::new(room), responses: AtomicUsize::new(room) });
        Self { context, groups: Table::new(CHAINS), hash: RandomState::new(), room }
    }

    pub(crate) fn context(&self) -> &C {
        &self.context
    }

    /// The group of these values. Clients cannot add to the first `bounded` of them. The others become [`OTHER`] when
    /// there is no room for another group.
    pub(crate) fn group(&self, values: &[Cow<'_, str>], bounded: usize) -> Arc<Group<C, V>> {
        if let Some(group) = self.find(values) {
            return group;
        }
        if bounded == values.len() || Room::take(&self.room.requests) {
            return self.add(values);
        }
        let (bounded, computed) = values.split_at(bounded);
        let others: Values<'_> = bounded.iter().cloned().chain(computed.iter().map(|_| Cow::Borrowed(OTHER))).collect();
        self.find(&others).unwrap_or_else(|| self.add(&others))
    }

    fn find(&self, values: &[Cow<'_, str>]) -> Option<Arc<Group<C, V>>> {
        self.groups.find(hash(&self.hash, values), |group| same(&group.values, values)).cloned()
    }

    fn add(&self, values: &[Cow<'_, str>]) -> Arc<Group<C, V>> {
        let group = Arc::new(Group {
            context: self.context.clone(),
            room: self.room.clone(),
            values: values.iter().map(|value| Box::from(&**value)).collect(),
            series: Table::new(CHAINS_OF_A_GROUP),
        });
        self.groups.insert(hash(&self.hash, values), |group| same(&group.values, values), group).clone()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group<C, V>> {
        self.groups.iter().map(|group| &**group)
    }
}

/// The series of one set of values known with the request.
#[derive(Debug)]
pub(crate) struct Group<C, V> {
    pub(crate) context: Arc<C>,
    pub(crate) values: Box<[Box<str>]>,
    room: Arc<Room>,
    series: Table<Series<V>>,
}

/// What is counted for one set of labels.
#[derive(Debug)]
pub(crate) struct Series<V> {
    /// The rest of its identity, as a number: [`Key`](crate::record::Key) for request metrics.
    pub(crate) key: u64,
    pub(crate) values: Box<[Box<str>]>,
    pub(crate) counted: V,
}

impl<C, V> Group<C, V> {
    /// The series of this key and these values computed from the response.
    pub(crate) fn series(&self, key: u64, values: &[impl AsRef<str>], new: impl FnOnce(&C) -> V) -> &Series<V> {
        let is = |series: &Series<V>| series.key == key && same(&series.values, values);
        if let Some(series) = self.series.find(spread(key), is) {
            return series;
        }
        let others: Values<'_> = values.iter().map(|_| Cow::Borrowed(OTHER)).collect();
        if values.is_empty() || Room::take(&self.room.responses) {
            self.add(key, values, new)
        } else {
            let is = |series: &Series<V>| series.key == key && same(&series.values, &others);
            self.series.find(spread(key), is).unwrap_or_else(|| self.add(key, &others, new))
        }
    }

    fn add(&self, key: u64, values: &[impl AsRef<str>], new: impl FnOnce(&C) -> V) -> &Series<V> {
        let is = |series: &Series<V>| series.key == key && same(&series.values, values);
        let owned = values.iter().map(|value| Box::from(value.as_ref())).collect();
        self.series.insert(spread(key), is, Series { key, values: owned, counted: new(&self.context) })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Series<V>> {
        self.series.iter()
    }
}

/// Keyed, because clients choose some of the values.
fn hash(state: &RandomState, values: &[Cow<'_, str>]) -> u64 {
    let mut hasher = state.build_hasher();
    for value in values {
        hasher.write(value.as_bytes());
        // UTF-8 text never contains this byte, so `a`, `bc` differs from `ab`, `c`.
        hasher.write_u8(0xff);
    }
    hasher.finish()
}

/// Brings all parts of a key into its upper bits (Knuth's multiplicative hashing), and those down.
fn spread(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

fn same(owned: &[Box<str>], values: &[impl AsRef<str>]) -> bool {
    owned.len() == values.len() && owned.iter().zip(values).all(|(owned, value)| **owned == *value.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<'a>(list: &[&'a str]) -> Values<'a> {
        list.iter().map(|value| Cow::Borrowed(*value)).collect()
    }

    fn named(groups: &Groups<(), ()>) -> Vec<String> {
        let mut names: Vec<_> = groups.iter().map(|group| group.values.join(" ")).collect();
        names.sort();
        names
    }

    #[test]
    fn values_that_read_alike_in_a_row_are_not_the_same() {
        let groups: Groups<(), ()> = Groups::new(Arc::new(()), 10);
        groups.group(&values(&["a", "bc"]), 0);
        groups.group(&values(&["ab", "c"]), 0);
        groups.group(&values(&["ab", "c"]), 0);
        assert_eq!(named(&groups), ["a bc", "ab c"]);
    }

    #[test]
    fn computed_values_without_room_share_one_group_and_bounded_ones_need_none() {
        let groups: Groups<(), ()> = Groups::new(Arc::new(()), 1);
        for (route, tenant) in [("/a", "1"), ("/a", "2"), ("/b", "3"), ("/a", "4"), ("/a", "1")] {
            groups.group(&values(&[route, tenant]), 1);
        }
        assert_eq!(named(&groups), ["/a 1", "/a _OTHER", "/b _OTHER"]);
        groups.group(&values(&["/c"]), 1);
        assert_eq!(named(&groups).len(), 4);
    }

    #[test]
    fn computed_values_of_responses_without_room_share_one_series_for_each_key() {
        let groups: Groups<(), ()> = Groups::new(Arc::new(()), 2);
        let group = groups.group(&[], 0);
        for number in 0..100 {
            group.series(number % 2, &[number.to_string()], |()| ());
        }
        let mut found: Vec<_> = group.iter().map(|series| (series.key, series.values.join(" "))).collect();
        found.sort();
        let found: Vec<_> = found.iter().map(|(key, value)| (*key, value.as_str())).collect();
        assert_eq!(found, [(0, "0"), (0, "_OTHER"), (1, "1"), (1, "_OTHER")]);
    }
}
