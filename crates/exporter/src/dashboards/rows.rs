//! Dashboards from before Grafana 5, in which rows contain panels with sizes in twelfths and pixels.

use serde_json::{Map, Value, json};

/// Columns of the grid, and of a row: a panel's `span` is in twelfths.
const COLUMNS: u64 = 24;
const TWELFTHS: u64 = 12;
/// A cell of the grid with its margin, in pixels.
const CELL: u64 = 38;
/// The default height of a row, in pixels.
const ROW_HEIGHT: u64 = 250;
/// The default span of a panel.
const SPAN: u64 = 4;
/// The greatest height of a panel, in pixels.
const HIGHEST: u64 = 10_000;

/// Gives every panel of a row its place on the grid. Returns whether there was something to do.
pub(super) fn to_grid(dashboard: &mut Map<String, Value>) -> bool {
    let Some(Value::Array(rows)) = dashboard.shift_remove("rows") else { return false };
    let titled = rows.iter().any(|row| is_true(row, "collapse") || is_true(row, "showTitle") || repeats(row));
    let mut next_id = 1 + rows.iter().flat_map(panels_of).filter_map(|panel| panel["id"].as_u64()).max().unwrap_or(0);
    let mut y = 0;
    let mut all = match dashboard.shift_remove("panels") {
        Some(Value::Array(panels)) => panels,
        _ => Vec::new(),
    };
    for row in &rows {
        let collapsed = is_true(row, "collapse");
        let top = y + u64::from(titled);
        let (panels, height) = placed(row, top, &mut next_id);
        if titled {
            let mut header = json!({
                "id": next_id, "type": "row", "title": row["title"].as_str().unwrap_or_default(),
                "collapsed": collapsed, "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
                "panels": if collapsed { panels.clone() } else { Vec::new() },
            });
            if repeats(row) {
                header["repeat"] = row["repeat"].clone();
            }
            next_id = next_id.saturating_add(1);
            all.push(header);
        }
        y = top;
        if !collapsed {
            all.extend(panels);
            y += height;
        }
    }
    dashboard.insert("panels".to_owned(), Value::Array(all));
    true
}

/// A row's panels with their places from `top` on, and their total height.
fn placed(row: &Value, top: u64, next_id: &mut u64) -> (Vec<Value>, u64) {
    let row_height = cells(&row["height"]).unwrap_or(ROW_HEIGHT.div_ceil(CELL));
    let (mut x, mut y, mut highest) = (0, 0, 0);
    let mut placed = Vec::new();
    for panel in panels_of(row) {
        let Some(panel) = panel.as_object() else { continue };
        let mut panel = panel.clone();
        let span = panel.shift_remove("span").and_then(|span| span.as_f64()).map_or(SPAN, |span| span as u64);
        let width = span.clamp(1, TWELFTHS) * (COLUMNS / TWELFTHS);
        let height = panel.shift_remove("height").and_then(|height| cells(&height)).unwrap_or(row_height);
        if x + width > COLUMNS {
            (x, y, highest) = (0, y + highest, 0);
        }
        if !panel.get("id").is_some_and(Value::is_u64) {
            panel.insert("id".to_owned(), (*next_id).into());
            *next_id = next_id.saturating_add(1);
        }
        panel.insert("gridPos".to_owned(), json!({"x": x, "y": top + y, "w": width, "h": height}));
        placed.push(Value::Object(panel));
        x += width;
        highest = highest.max(height);
    }
    (placed, y + highest)
}

fn panels_of(row: &Value) -> impl Iterator<Item = &Value> {
    row["panels"].as_array().into_iter().flatten()
}

fn is_true(row: &Value, key: &str) -> bool {
    row[key] == true
}

fn repeats(row: &Value) -> bool {
    row["repeat"].as_str().is_some_and(|variable| !variable.is_empty())
}

/// `250`, `"250"` or `"250px"` in cells.
fn cells(height: &Value) -> Option<u64> {
    let pixels = match height {
        Value::Number(pixels) => pixels.as_f64()?,
        Value::String(text) => text.trim().trim_end_matches("px").trim().parse().ok()?,
        _ => return None,
    };
    (pixels >= 1.0).then(|| (pixels.min(HIGHEST as f64) as u64).div_ceil(CELL))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: Value) -> Vec<(String, Value)> {
        let mut dashboard = json!({ "rows": rows }).as_object().cloned().unwrap();
        assert!(to_grid(&mut dashboard));
        let panels = dashboard["panels"].as_array().unwrap();
        panels.iter().map(|p| (p["title"].as_str().unwrap_or_default().to_owned(), p["gridPos"].clone())).collect()
    }

    #[test]
    fn panels_lie_side_by_side_and_wrap() {
        let rows = json!([
            {"height": "100px", "panels": [{"title": "a", "span": 6}, {"title": "b", "span": 6}, {"title": "c", "span": 12}]},
            {"panels": [{"title": "d", "height": 380}]},
        ]);
        let place = |x, y, w, h| json!({"x": x, "y": y, "w": w, "h": h});
        let expected = [
            ("a", place(0, 0, 12, 3)),
            ("b", place(12, 0, 12, 3)),
            ("c", place(0, 3, 24, 3)),
            ("d", place(0, 6, 8, 10)),
        ];
        assert_eq!(grid(rows), expected.map(|(title, place)| (title.to_owned(), place)));
    }

    #[test]
    fn a_collapsed_row_keeps_its_panels_and_takes_one_line() {
        let rows = json!([
            {"title": "closed", "collapse": true, "panels": [{"title": "a", "id": 4}]},
            {"title": "open", "showTitle": true, "panels": [{"title": "b"}]},
        ]);
        let titles: Vec<String> = grid(rows.clone()).into_iter().map(|(title, _)| title).collect();
        assert_eq!(titles, ["closed", "open", "b"]);
        assert_eq!(grid(rows)[1].1["y"], 1);
    }
}
