//! The list of keys on the page of statistics: sorted, searched by a prefix, a page at a time. Pure.

use crate::api::keys::Sort;
use crate::key::LONGEST_KEY;
use crate::pages::grouped;
use crate::reader::KeyRow;
use crate::zone::Zone;

/// Keys on a page.
const PAGE: usize = 50;

/// The columns: what they are sorted by, its name in the query, and their head.
const COLUMNS: [(Sort, &str, &str); 5] = [
    (Sort::Key, "key", "Key"),
    (Sort::Total, "total", "Total"),
    (Sort::Today, "today", "Today"),
    (Sort::Week, "week", "7 days"),
    (Sort::Month, "month", "30 days"),
];

/// What the query asks for, as text.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub(crate) struct Asked {
    pub(crate) tz: Option<String>,
    pub(crate) sort: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) page: Option<String>,
}

/// The head of a column, which is a link to the list in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) name: &'static str,
    pub(crate) link: String,
    /// `ascending` or `descending`, if the list is in its order.
    pub(crate) order: Option<&'static str>,
    pub(crate) is_number: bool,
}

/// A key and its numbers, in the order of the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) numbers: [String; 4],
}

/// A page of the list.
#[derive(Clone, Debug)]
pub(crate) struct KeyList {
    pub(crate) heads: Vec<Head>,
    pub(crate) rows: Vec<Row>,
    /// The keys that begin with the prefix, and which of them this page has.
    pub(crate) found: String,
    pub(crate) prefix: String,
    /// The values of the form's other fields.
    pub(crate) sort: &'static str,
    pub(crate) order: &'static str,
    pub(crate) zone: String,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
    /// Whether there are no keys at all.
    pub(crate) is_empty: bool,
}

impl KeyList {
    /// The page of `rows` that `asked` is about. What makes no sense in it is left out. `zone` is kept in the links.
    pub(crate) fn new(rows: &[KeyRow], asked: &Asked, zone: &Zone) -> Self {
        let wanted = asked.sort.as_deref();
        let (sort, sort_name, _) = COLUMNS.into_iter().find(|(_, name, _)| wanted == Some(*name)).unwrap_or(COLUMNS[1]);
        let ascending = match asked.order.as_deref() {
            Some("asc") => true,
            Some("desc") => false,
            _ => sort == Sort::Key,
        };
        let order = if ascending { "asc" } else { "desc" };
        let prefix: String = asked.prefix.as_deref().unwrap_or_default().trim().chars().take(LONGEST_KEY).collect();

        let mut sorted = sort.sorted(rows.iter().filter(|row| row.key.starts_with(&prefix)));
        let found = sorted.len();
        // Keys come in ascending order, numbers in descending order.
        if ascending != (sort == Sort::Key) {
            sorted.reverse();
        }
        let pages = found.div_ceil(PAGE).max(1);
        let page = asked.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, pages);
        let first = (page - 1) * PAGE;
        let row = |row: &KeyRow| Row {
            key: row.key.clone(),
            numbers: [row.total, row.today, row.week, row.month].map(grouped),
        };
        let rows: Vec<Row> = sorted.into_iter().skip(first).take(PAGE).map(row).collect();

        // A prefix with other signs than a key has finds nothing, so there is no page to link to.
        let link = |sort: &str, order: &str, page: usize| {
            let safe = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            let prefix = if prefix.is_empty() || !safe { String::new() } else { format!("&prefix={prefix}") };
            let page = if page == 1 { String::new() } else { format!("&page={page}") };
            let zone = if zone.name == "UTC" { String::new() } else { format!("&tz={}", zone.in_query()) };
            format!("/stats?sort={sort}&order={order}{prefix}{page}{zone}#keys")
        };
        let head = |(by, name, title): (Sort, &'static str, &'static str)| {
            let current = by == sort;
            let turned = if current { !ascending } else { by == Sort::Key };
            Head {
                name: title,
                link: link(name, if turned { "asc" } else { "desc" }, 1),
                order: current.then_some(if ascending { "ascending" } else { "descending" }),
                is_number: by != Sort::Key,
            }
        };
        let range = match (found, rows.len()) {
            (0, _) => "No key begins with that.".to_owned(),
            (1, _) => "1 key".to_owned(),
            (count, shown) if shown == count => format!("{} keys", grouped(count as i64)),
            (count, shown) => {
                let number = |number: usize| grouped(number as i64);
                format!("Keys {} to {} of {}", number(first + 1), number(first + shown), number(count))
            }
        };
        Self {
            heads: COLUMNS.map(head).into(),
            found: range,
            sort: sort_name,
            order,
            zone: zone.name.clone(),
            previous: (page > 1).then(|| link(sort_name, order, page - 1)),
            next: (page < pages).then(|| link(sort_name, order, page + 1)),
            is_empty: found == 0 && prefix.is_empty(),
            prefix,
            rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: i64) -> Vec<KeyRow> {
        let row = |index: i64| KeyRow {
            key: format!("key-{index:05}"),
            total: index,
            today: count - index,
            week: index % 7,
            month: 0,
            changed: 0,
        };
        (0..count).map(row).collect()
    }

    fn asked(pairs: &[(&str, &str)]) -> Asked {
        let value = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Asked { tz: None, sort: value("sort"), order: value("order"), prefix: value("prefix"), page: value("page") }
    }

    fn list(count: i64, pairs: &[(&str, &str)]) -> KeyList {
        KeyList::new(&rows(count), &asked(pairs), &Zone::named(None))
    }

    fn first(list: &KeyList) -> &str {
        &list.rows[0].key
    }

    #[test]
    fn numbers_are_sorted_from_the_largest_and_keys_from_a() {
        assert_eq!(first(&list(9, &[])), "key-00008");
        assert_eq!(first(&list(9, &[("sort", "today")])), "key-00000");
        assert_eq!(first(&list(9, &[("sort", "key")])), "key-00000");
        assert_eq!(first(&list(9, &[("order", "asc")])), "key-00000");
        assert_eq!(first(&list(9, &[("sort", "key"), ("order", "desc")])), "key-00008");
        assert_eq!(first(&list(9, &[("sort", "nonsense"), ("page", "x")])), "key-00008");
    }

    #[test]
    fn ten_thousand_keys_are_two_hundred_pages() {
        let page = list(10_000, &[("page", "2"), ("sort", "key")]);
        assert_eq!((first(&page), page.rows.len()), ("key-00050", 50));
        assert_eq!(page.found.replace('\u{202f}', " "), "Keys 51 to 100 of 10 000");
        assert_eq!(page.previous.as_deref(), Some("/stats?sort=key&order=asc#keys"));
        assert_eq!(page.next.as_deref(), Some("/stats?sort=key&order=asc&page=3#keys"));
        let last = list(10_000, &[("page", "999999"), ("sort", "key")]);
        assert_eq!((last.rows.last().unwrap().key.as_str(), last.next), ("key-09999", None));
    }

    #[test]
    fn a_prefix_finds_keys_and_stays_in_the_links() {
        let found = list(10_000, &[("prefix", "key-012")]);
        assert_eq!((found.found.as_str(), found.rows.len()), ("Keys 1 to 50 of 100", 50));
        assert_eq!(found.next.as_deref(), Some("/stats?sort=total&order=desc&prefix=key-012&page=2#keys"));
        let none = list(10, &[("prefix", "\"><b>")]);
        assert_eq!((none.found.as_str(), none.is_empty), ("No key begins with that.", false));
        assert!(none.heads.iter().all(|head| !head.link.contains('"')), "{:?}", none.heads);
        assert!(list(0, &[]).is_empty);
    }

    #[test]
    fn the_time_zone_stays_in_the_links() {
        let list = KeyList::new(&rows(60), &asked(&[]), &Zone::named(Some("Etc/GMT+5")));
        assert_eq!(list.next.as_deref(), Some("/stats?sort=total&order=desc&page=2&tz=Etc/GMT%2B5#keys"));
        assert_eq!(list.zone, "Etc/GMT+5");
    }

    #[test]
    fn the_head_of_the_column_in_use_turns_the_order_round() {
        let list = list(3, &[]);
        let total = list.heads.iter().find(|head| head.name == "Total").unwrap();
        assert_eq!((total.order, total.link.as_str()), (Some("descending"), "/stats?sort=total&order=asc#keys"));
        let key = &list.heads[0];
        assert_eq!((key.order, key.link.as_str()), (None, "/stats?sort=key&order=asc#keys"));
    }
}
