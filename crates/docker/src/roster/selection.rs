//! Which containers a roster is about.

use std::collections::{BTreeMap, HashMap};

/// Which containers: the engine's own filters of a listing (`label`, `name`, `network`, ...). Values of one filter are
/// alternatives, except those of `label`, which must all fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    filters: HashMap<String, Vec<String>>,
}

impl Selection {
    /// All containers.
    pub fn all() -> Self {
        Selection::default()
    }

    /// Those that have these labels: `label` or `label=value`.
    pub fn with_labels(labels: impl IntoIterator<Item = String>) -> Self {
        let labels: Vec<String> = labels.into_iter().collect();
        Selection { filters: HashMap::from([("label".to_owned(), labels)]) }
    }

    /// Those that pass the engine's own filters (Engine API `GET /containers/json`).
    pub fn with_filters(filters: HashMap<String, Vec<String>>) -> Self {
        Selection { filters }
    }

    /// The filters of a listing; with `id`, of that container alone.
    pub(super) fn filters(&self, id: Option<&str>) -> HashMap<String, Vec<String>> {
        let mut filters = self.filters.clone();
        if let Some(id) = id {
            filters.insert("id".to_owned(), vec![id.to_owned()]);
        }
        filters
    }

    /// Whether labels alone decide. Otherwise the engine has to be asked.
    pub(super) fn is_by_labels(&self) -> bool {
        self.filters.keys().all(|filter| filter == "label")
    }

    /// Whether a container with these labels may be one of them.
    pub(super) fn may_fit(&self, labels: &BTreeMap<String, String>) -> bool {
        self.filters.get("label").into_iter().flatten().all(|wanted| match wanted.split_once('=') {
            Some((label, value)) => labels.get(label).is_some_and(|found| found == value),
            None => labels.contains_key(wanted),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_labels_must_fit() {
        let labels: BTreeMap<String, String> = BTreeMap::from([("a".into(), "1".into()), ("b".into(), "x=y".into())]);
        let fits = |wanted: &[&str]| Selection::with_labels(wanted.iter().map(|label| (*label).to_owned()));
        assert!(Selection::all().may_fit(&labels));
        assert!(fits(&["a", "b=x=y"]).may_fit(&labels));
        assert!(!fits(&["a", "b=x"]).may_fit(&labels));
        assert!(!fits(&["c"]).may_fit(&labels));
    }

    #[test]
    fn labels_are_compared_here_and_anything_else_by_the_engine() {
        assert!(Selection::all().is_by_labels());
        assert!(Selection::with_labels(["a".to_owned()]).is_by_labels());
        let named = Selection::with_filters(HashMap::from([("name".to_owned(), vec!["web".to_owned()])]));
        assert!(!named.is_by_labels());
        assert_eq!(named.filters(Some("4f0c"))["id"], ["4f0c"]);
    }
}
