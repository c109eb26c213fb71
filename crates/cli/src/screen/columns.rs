//! Lists as people and programs read them.

use clap::ValueEnum;

use super::plain;

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// In columns
    Table,
    /// As JSON
    Json,
}

/// Columns as wide as their widest cell, three blanks apart, under a head.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let mut all = vec![head.map(str::to_owned).to_vec()];
    all.extend(rows.iter().map(|row| row.to_vec()));
    aligned(&all)
}

/// Columns as wide as their widest cell, three blanks apart. A cell has no line breaks or other control characters.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let plain = |row: &Vec<String>| row.iter().map(|cell| plain::one_line(cell).into_owned()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(plain).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("   ").trim_end());
        text.push('\n');
    }
    text
}
