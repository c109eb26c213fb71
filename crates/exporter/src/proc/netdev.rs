//! `/proc/<pid>/net/dev`: network interfaces (proc_pid_net(5)).

use crate::resource_usage::{Interface, Traffic};

/// The interfaces in their order. Lines of another form are skipped.
pub(crate) fn interfaces(text: &str) -> impl Iterator<Item = Interface> {
    text.lines().filter_map(|line| {
        // A name may hold a colon (an alias), the numbers cannot.
        let (name, numbers) = line.rsplit_once(':')?;
        let mut values = [0; 12];
        let mut words = numbers.split_whitespace();
        for value in &mut values {
            *value = words.next()?.parse().ok()?;
        }
        let traffic = |at: usize| Traffic {
            bytes: values[at],
            packets: values[at + 1],
            errors: values[at + 2],
            dropped: values[at + 3],
        };
        Some(Interface { name: name.trim().to_owned(), received: traffic(0), transmitted: traffic(8) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_follow_the_colon_without_a_blank() {
        let text = "Inter-|   Receive |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes\n\
                    eth0:1234 5 6 7 0 0 0 0 89 10 11 12 0 0 0 0\n  br-0: 1 2 3\n";
        let found: Vec<_> = interfaces(text).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "eth0");
        assert_eq!(found[0].received, Traffic { bytes: 1234, packets: 5, errors: 6, dropped: 7 });
        assert_eq!(found[0].transmitted, Traffic { bytes: 89, packets: 10, errors: 11, dropped: 12 });
    }
}
