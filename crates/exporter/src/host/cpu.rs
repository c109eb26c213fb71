//! `/proc/stat`: CPUs, and what happened since the start (proc_stat(5)).

use super::metrics as of;
use crate::families::Families;
use crate::proc::flat_keyed::number;
use crate::proc::ticks::seconds;

/// The modes in the order of the file.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];

pub(super) fn stat(text: &str, families: &mut Families) {
    for line in text.lines() {
        let Some((key, rest)) = line.split_once(' ') else { continue };
        let first = rest.split_whitespace().next().and_then(number);
        let single = match key {
            "ctxt" => &of::CONTEXT_SWITCHES,
            "processes" => &of::FORKS,
            "intr" => &of::INTERRUPTS,
            "btime" => &of::BOOT_TIME,
            "procs_running" => &of::PROCS_RUNNING,
            "procs_blocked" => &of::PROCS_BLOCKED,
            _ => {
                cpu(key, rest, families);
                continue;
            }
        };
        if let Some(value) = first {
            families.add(single, &[], value as f64);
        }
    }
}

/// `cpu0 1 2 3 4 5 6 7 8 9 10`; the line without a number is the sum.
fn cpu(key: &str, rest: &str, families: &mut Families) {
    let Some(cpu) = key.strip_prefix("cpu").filter(|cpu| number(cpu).is_some()) else { return };
    let seconds: Vec<f64> = rest.split_whitespace().map_while(number).map(seconds).collect();
    for (mode, seconds) in MODES.iter().zip(&seconds) {
        families.add(&of::CPU, &[cpu, mode], *seconds);
    }
    for (mode, seconds) in ["user", "nice"].iter().zip(seconds.iter().skip(MODES.len())) {
        families.add(&of::CPU_GUEST, &[cpu, mode], *seconds);
    }
}
