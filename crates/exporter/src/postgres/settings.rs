//! `pg_settings` as `pg_settings_NAME`, `pg_settings_NAME_seconds` and `pg_settings_NAME_bytes`.

use super::table::Table;
use crate::exposition::{Family, Kind};

/// Only numbers and switches; a setting in words has no value. The columns in the order that [`families`] reads.
pub(crate) const QUERY: &str = "SELECT name, setting, unit, short_desc, vartype FROM pg_settings
     WHERE vartype IN ('bool', 'integer', 'real') ORDER BY name";

/// One family for each setting. A setting that is not a number is left out.
pub fn families(table: &Table) -> Vec<Family> {
    table.rows.iter().filter_map(|row| family(row)).collect()
}

fn family(row: &[Option<String>]) -> Option<Family> {
    let [Some(name), Some(setting), unit, description, Some(kind)] = row else { return None };
    let (value, suffix) = if kind == "bool" {
        (f64::from(u8::from(setting == "on")), "")
    } else {
        in_base_unit(setting, unit.as_deref().unwrap_or_default())?
    };
    let name = format!("pg_settings_{}{suffix}", name.replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
    let help = description.clone().unwrap_or_else(|| format!("Setting {name}."));
    let mut family = Family::new(name, help, Kind::Gauge);
    family.add(Vec::new(), value);
    Some(family)
}

/// Seconds or bytes. -1 has a special meaning in many settings and stays.
fn in_base_unit(setting: &str, unit: &str) -> Option<(f64, &'static str)> {
    let value: f64 = setting.parse().ok()?;
    let (factor, suffix) = match unit {
        "" => (1.0, ""),
        "us" => (1e-6, "_seconds"),
        "ms" => (1e-3, "_seconds"),
        "s" => (1.0, "_seconds"),
        "min" => (60.0, "_seconds"),
        "h" => (3_600.0, "_seconds"),
        "d" => (86_400.0, "_seconds"),
        unit => (bytes(unit)?, "_bytes"),
    };
    Some((if value == -1.0 { value } else { value * factor }, suffix))
}

/// `B`, `kB`, and blocks such as `8kB` or `16MB`.
fn bytes(unit: &str) -> Option<f64> {
    let letters = unit.trim_start_matches(|c: char| c.is_ascii_digit());
    let count = &unit[..unit.len() - letters.len()];
    let count = if count.is_empty() { 1.0 } else { count.parse().ok()? };
    let power = ["B", "kB", "MB", "GB", "TB"].iter().position(|known| *known == letters)?;
    Some(count * 1_024_f64.powi(i32::try_from(power).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exposition::write;

    fn text(rows: &[[&str; 5]]) -> String {
        let rows = rows.iter().map(|row| row.iter().map(|cell| Some((*cell).to_owned())).collect()).collect();
        write(&families(&Table { columns: Vec::new(), rows }))
    }

    #[test]
    fn units_become_seconds_and_bytes() {
        let text = text(&[
            ["shared_buffers", "16384", "8kB", "Shared.", "integer"],
            ["max_wal_size", "1024", "MB", "Wal.", "integer"],
            ["checkpoint_timeout", "300", "s", "Time.", "integer"],
            ["autovacuum_naptime", "2", "min", "Nap.", "integer"],
            ["deadlock_timeout", "1000", "ms", "Dead.", "integer"],
            ["log_min_duration_statement", "-1", "ms", "Log.", "integer"],
            ["random_page_cost", "1.1", "", "Cost.", "real"],
            ["fsync", "on", "", "Sync.", "bool"],
            ["pg_stat_statements.max", "5000", "", "Max.", "integer"],
            ["strange", "1", "parsecs", "Far.", "integer"],
        ]);
        for line in [
            "pg_settings_shared_buffers_bytes 134217728\n",
            "pg_settings_max_wal_size_bytes 1073741824\n",
            "pg_settings_checkpoint_timeout_seconds 300\n",
            "pg_settings_autovacuum_naptime_seconds 120\n",
            "pg_settings_deadlock_timeout_seconds 1\n",
            "pg_settings_log_min_duration_statement_seconds -1\n",
            "pg_settings_random_page_cost 1.1\n",
            "pg_settings_fsync 1\n",
            "pg_settings_pg_stat_statements_max 5000\n",
        ] {
            assert!(text.contains(line), "{line} not in {text}");
        }
        assert!(!text.contains("strange"), "{text}");
    }

    proptest! {
        #[test]
        fn no_row_makes_it_panic(row in prop::collection::vec(prop::option::of(".{0,12}"), 0..7)) {
            let _ = families(&Table { columns: Vec::new(), rows: vec![row] });
        }

        #[test]
        fn no_unit_makes_it_panic(setting in "[-0-9.e]{1,8}", unit in "[0-9]{0,400}(B|kB|MB|é|)") {
            let _ = in_base_unit(&setting, &unit);
        }
    }
}
