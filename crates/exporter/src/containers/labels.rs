//! The labels of a container's series: few, and the same for every container.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::container::Container;
use crate::exposition::Label;

/// The container labels that become labels of series, under cAdvisor's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Labels(BTreeMap<Cow<'static, str>, String>);

/// Two of the configured labels would get the same name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the container labels {one:?} and {other:?} would both be called {name}: ask for one of them")]
pub struct SameName {
    one: String,
    other: String,
    name: String,
}

impl Labels {
    /// The configured labels, by the engine's names.
    pub(crate) fn new(names: &[String]) -> Result<Self, SameName> {
        let mut labels = BTreeMap::new();
        for label in names.iter().filter(|label| !label.is_empty()) {
            let name = format!("container_label_{}", sanitised(label));
            match labels.insert(Cow::Owned(name.clone()), label.clone()) {
                Some(one) if one != *label => return Err(SameName { one, other: label.clone(), name }),
                _ => {}
            }
        }
        Ok(Labels(labels))
    }

    /// The labels of one container, whose cgroup is `path`. Labels that it does not have are left out.
    pub(super) fn of(&self, container: &Container, path: Option<&str>) -> Vec<Label> {
        let asked = self.0.iter().filter_map(|(name, label)| Some((name.clone(), container.label(label)?.to_owned())));
        let id = path.map_or_else(|| format!("/docker/{}", container.id), str::to_owned);
        let own = [("id", id), ("image", container.image.clone()), ("name", container.name.clone())];
        asked.chain(own.into_iter().map(|(name, value)| (Cow::Borrowed(name), value))).collect()
    }
}

/// Replaces each character that is invalid in a label's name by `_`.
pub(crate) fn sanitised(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cadvisors_and_absent_labels_left_out() {
        let labels = Labels::new(&["com.docker.compose.project".to_owned(), "absent".to_owned()]).unwrap();
        let container = Container {
            id: "0a".to_owned(),
            name: "web".to_owned(),
            image: "i:1".to_owned(),
            labels: [("com.docker.compose.project".to_owned(), "p \"q\"\u{fffd}".to_owned())].into(),
            ..Container::default()
        };
        let of: Vec<_> =
            labels.of(&container, None).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected =
            ["container_label_com_docker_compose_project=p \"q\"\u{fffd}", "id=/docker/0a", "image=i:1", "name=web"];
        assert_eq!(of, expected);
    }

    #[test]
    fn two_labels_with_one_name_are_refused() {
        let error = Labels::new(&["a.b".to_owned(), "a-b".to_owned()]).unwrap_err();
        let text =
            "the container labels \"a.b\" and \"a-b\" would both be called container_label_a_b: ask for one of them";
        assert_eq!(error.to_string(), text);
        assert!(Labels::new(&["a.b".to_owned(), "a.b".to_owned()]).is_ok());
    }
}
