//! A hash table that only grows, so a look-up takes no lock.

use std::iter::successors;
use std::sync::OnceLock;

/// Values in chains. Each link is written once. The caller hashes and compares, so a look-up works with what a request
/// borrows and makes no key.
#[derive(Debug)]
pub(crate) struct Table<T> {
    chains: Box<[Link<T>]>,
}

type Link<T> = OnceLock<Box<Node<T>>>;

#[derive(Debug)]
struct Node<T> {
    value: T,
    next: Link<T>,
}

impl<T> Table<T> {
    /// The number of chains is a power of two at least as large as asked for.
    pub(crate) fn new(chains: usize) -> Self {
        Self { chains: (0..chains.next_power_of_two()).map(|_| OnceLock::new()).collect() }
    }

    fn chain(&self, hash: u64) -> &Link<T> {
        &self.chains[hash as usize & (self.chains.len() - 1)]
    }

    pub(crate) fn find(&self, hash: u64, is: impl Fn(&T) -> bool) -> Option<&T> {
        let mut link = self.chain(hash);
        while let Some(node) = link.get() {
            if is(&node.value) {
                return Some(&node.value);
            }
            link = &node.next;
        }
        None
    }

    /// Adds the value, unless another thread was quicker: then the value that is there.
    pub(crate) fn insert(&self, hash: u64, is: impl Fn(&T) -> bool, value: T) -> &T {
        let mut new = Some(Box::new(Node { value, next: OnceLock::new() }));
        let mut link = self.chain(hash);
        loop {
            let node = link.get_or_init(|| new.take().expect("taken once, by the link that ends this loop"));
            if new.is_none() || is(&node.value) {
                return &node.value;
            }
            link = &node.next;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chains.iter().flat_map(|first| successors(first.get(), |node| node.next.get())).map(|node| &node.value)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn threads_that_add_the_same_values_agree_on_them() {
        let table = Table::new(2);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..500_u64 {
                        let is = |value: &u64| *value == number;
                        if table.find(number, is).is_none() {
                            assert_eq!(*table.insert(number, is, number), number);
                        }
                    }
                });
            }
        });
        let mut all: Vec<u64> = table.iter().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..500).collect::<Vec<_>>());
        assert_eq!(table.find(501, |value| *value == 501), None);
    }
}
