//! What came of all attacks.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::attack::Outcome;

/// After so many attacks each, a line says how many there were.
const PROGRESS: usize = 20;

#[derive(Debug, Default)]
pub(crate) struct Report(Mutex<Findings>);

#[derive(Debug, Default)]
struct Findings {
    rows: BTreeMap<String, Row>,
    wrong: Vec<String>,
}

#[derive(Debug, Default)]
struct Row {
    attacks: usize,
    late: usize,
    failed: usize,
    wrong: usize,
}

impl Row {
    fn add(&mut self, other: &Row) {
        self.attacks += other.attacks;
        self.late += other.late;
        self.failed += other.failed;
        self.wrong += other.wrong;
    }
}

impl Report {
    fn findings(&self) -> MutexGuard<'_, Findings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an outcome. What is wrong is printed at once.
    pub(crate) fn note(&self, name: &[&str], outcome: Outcome) {
        let findings = &mut *self.findings();
        let row = findings.rows.entry(name.join(", ")).or_default();
        let counted = Row {
            attacks: usize::from(!outcome.is_late),
            late: usize::from(outcome.is_late),
            failed: usize::from(outcome.failed),
            wrong: usize::from(outcome.wrong.is_some()),
        };
        row.add(&counted);
        let attacks: usize = findings.rows.values().map(|row| row.attacks).sum();
        if counted.attacks > 0 && attacks.is_multiple_of(PROGRESS) {
            eprintln!("{attacks} attacks, {} wrong", findings.wrong.len());
        }
        if let Some(wrong) = outcome.wrong {
            eprintln!("WRONG: {wrong}");
            findings.wrong.push(wrong);
        }
    }

    pub(crate) fn is_right(&self) -> bool {
        self.findings().wrong.is_empty()
    }

    pub(crate) fn print(&self, as_json: bool) {
        let findings = self.findings();
        let mut total = Row::default();
        findings.rows.values().for_each(|row| total.add(row));
        let rows = findings.rows.iter().map(|(name, row)| (name.as_str(), row)).chain([("total", &total)]);
        if as_json {
            let row = |(name, row): (&str, &Row)| {
                let Row { attacks, late, failed, wrong } = row;
                json!({ "name": name, "attacks": attacks, "too_late": late, "failed": failed, "wrong": wrong })
            };
            println!("{}", json!({ "rows": rows.map(row).collect::<Vec<_>>(), "wrong": findings.wrong }));
            return;
        }
        println!("{:32} {:>8} {:>8} {:>8} {:>8}", "", "attacks", "too late", "failed", "wrong");
        for (name, row) in rows {
            let Row { attacks, late, failed, wrong } = row;
            println!("{name:32} {attacks:>8} {late:>8} {failed:>8} {wrong:>8}");
        }
    }
}
