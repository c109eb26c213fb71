//! `/proc/diskstats`: disks (`Documentation/admin-guide/iostats.rst`).

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Disk<'a> {
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) name: &'a str,
    /// The fields after the name, as many as the kernel has: at least eleven.
    pub(crate) values: Vec<u64>,
}

/// The disks. Lines of another form are skipped.
pub(crate) fn disks(text: &str) -> impl Iterator<Item = Disk<'_>> {
    text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (major, minor) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let name = words.next()?;
        let values: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
        (values.len() >= 11).then_some(Disk { major, minor, name, values })
    })
}

/// Whether node_exporter leaves the disk out: RAM disks, loop devices, floppies, and partitions.
pub(crate) fn is_left_out(name: &str) -> bool {
    let digits = name.chars().rev().take_while(char::is_ascii_digit).count();
    let (stem, number) = name.split_at(name.len() - digits);
    if number.is_empty() {
        return false;
    }
    let of_partitioned = |prefix: &str| {
        let letter = stem.strip_prefix(prefix).unwrap_or_default();
        letter.len() == 1 && letter.bytes().all(|letter| letter.is_ascii_lowercase())
    };
    let nvme = || {
        let (controller, namespace) = stem.strip_prefix("nvme")?.strip_suffix('p')?.split_once('n')?;
        let number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        (number(controller) && number(namespace)).then_some(())
    };
    matches!(stem, "ram" | "loop" | "fd")
        || ["hd", "sd", "vd", "xvd"].into_iter().any(of_partitioned)
        || nvme().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_kernels_have_fewer_fields() {
        let text = " 254 0 vda 1 2 3 4 5 6 7 8 9 10 11\n 8 1 sda1 1 2 3\nodd\n 8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n";
        let found: Vec<_> = disks(text).map(|disk| (disk.name, disk.values.len())).collect();
        assert_eq!(found, [("vda", 11), ("sda", 17)]);
    }

    #[test]
    fn partitions_and_memory_are_left_out() {
        let left_out = ["ram0", "loop12", "fd0", "sda1", "vdb12", "xvda1", "nvme0n1p2"];
        assert!(left_out.into_iter().all(is_left_out));
        let kept = ["sda", "zram0", "vda", "nvme0n1", "dm-0", "md127", "mmcblk0p1", "sr0", "", "sdaa1"];
        assert!(!kept.into_iter().any(is_left_out));
    }
}
