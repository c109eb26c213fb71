//! Families under construction. Samples of one name are grouped, and each series appears once.

use std::{borrow::Cow, collections::HashMap};

use crate::{
    description::Description,
    exposition::{Family, Label},
};

/// Families in the order of their first samples.
#[derive(Debug, Default)]
pub(crate) struct Families {
    families: Vec<Family>,
    places: HashMap<Cow<'static, str>, usize>,
}

impl Families {
    /// Adds a value with the description's labels. A missing label value is empty.
    pub(crate) fn add(&mut self, description: &Description, values: &[&str], value: f64) {
        self.add_to(description, &[], values, value);
    }

    /// The same with additional labels, which come first.
    pub(crate) fn add_to(&mut self, description: &Description, of: &[Label], values: &[&str], value: f64) {
        let mut labels = Vec::with_capacity(of.len() + description.labels.len());
        labels.extend_from_slice(of);
        for (at, label) in description.labels.iter().enumerate() {
            labels.push((Cow::Borrowed(*label), (*values.get(at).unwrap_or(&"")).to_owned()));
        }
        let place = match self.places.get(description.name) {
            Some(place) => *place,
            None => self.push(Family::new(description.name, description.help, description.kind)),
        };
        self.families[place].add(labels, value);
    }

    /// Adds families of another source. If the type of a family differs, the first one stays.
    pub(crate) fn merge(&mut self, families: Vec<Family>) {
        for mut family in families {
            match self.places.get(&family.name) {
                Some(place) if self.families[*place].kind == family.kind => {
                    self.families[*place].samples.append(&mut family.samples);
                }
                Some(_) => {
                    tracing::warn!(name = %family.name, "left out: the name is taken by a metric of another kind")
                }
                None => {
                    self.push(family);
                }
            }
        }
    }

    fn push(&mut self, family: Family) -> usize {
        self.places.insert(family.name.clone(), self.families.len());
        self.families.push(family);
        self.families.len() - 1
    }

    /// The families, if no series can have been added twice.
    pub(crate) fn into_vec(self) -> Vec<Family> {
        self.families
    }

    /// The families with each series once, with its first value.
    pub(crate) fn finish(mut self) -> Vec<Family> {
        for family in &mut self.families {
            let mut seen = std::collections::HashSet::new();
            family.samples.retain(|sample| {
                let mut labels = sample.labels.clone();
                labels.retain(|(_, value)| !value.is_empty());
                labels.sort();
                seen.insert(labels)
            });
        }
        self.families
    }
}

/// Appends `labels` to the labels of all samples. A label that a sample already has stays unchanged.
pub(crate) fn label_all(families: &mut [Family], labels: &[Label]) {
    for sample in families.iter_mut().flat_map(|family| &mut family.samples) {
        for label in labels {
            if !sample.labels.iter().any(|(name, _)| *name == label.0) {
                sample.labels.push(label.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::{Kind, write};

    const UP: Description = Description { name: "up", kind: Kind::Gauge, help: "Up.", labels: &["db"] };

    #[test]
    fn of_two_values_for_one_series_the_first_stays() {
        let mut families = Families::default();
        families.add(&UP, &["a"], 1.0);
        families.add(&UP, &["b"], 2.0);
        families.add(&UP, &["a"], 3.0);
        families.merge(vec![Family::new("up", "Other.", Kind::Counter)]);
        assert_eq!(write(&families.finish()), "# HELP up Up.\n# TYPE up gauge\nup{db=\"a\"} 1\nup{db=\"b\"} 2\n");
    }

    #[test]
    fn a_label_of_the_sample_is_kept() {
        let mut families = Families::default();
        families.add(&UP, &["a"], 1.0);
        let mut families = families.finish();
        label_all(&mut families, &[("db".into(), "x".to_owned()), ("addr".into(), "h:1".to_owned())]);
        assert!(write(&families).ends_with("up{db=\"a\",addr=\"h:1\"} 1\n"));
    }
}
