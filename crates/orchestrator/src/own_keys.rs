//! The keys of `x-wharf`, which a file may have at its top level, for all services, and in each service.

use serde_json::Value;
use wharf_compose::model::Service;
use wharf_compose::{Places, Project};

use crate::Problem;

const KEY: &str = "x-wharf";

/// Who runs the health check of a container that is waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Probes {
    /// The engine does, and so does wharf until one of them finds it healthy.
    #[default]
    Own,
    /// Only the engine does (`x-wharf: {probe: engine}`).
    Engine,
}

/// What the file says about the probes of a service, or else of all services.
pub(crate) fn probes(project: &Project, service: Option<&Service>) -> Probes {
    let of_service = service.and_then(|service| service.extensions.get(KEY)?.get("probe"));
    let of_all = || project.extensions.get(KEY)?.get("probe");
    of_service.or_else(of_all).and_then(read).unwrap_or_default()
}

fn read(value: &Value) -> Option<Probes> {
    match value.as_str()? {
        "own" => Some(Probes::Own),
        "engine" => Some(Probes::Engine),
        _ => None,
    }
}

/// The mistakes in the `x-wharf` among `extensions`, which are the `x-*` keys below `path`.
pub(crate) fn problems<'a>(
    places: &Places,
    path: &str,
    extensions: impl IntoIterator<Item = (&'a String, &'a Value)>,
) -> Vec<Problem> {
    let Some((_, own)) = extensions.into_iter().find(|(key, _)| *key == KEY) else { return Vec::new() };
    let path = format!("{path}.{KEY}").trim_start_matches('.').to_owned();
    let problem = |key: &str, message: String| Problem {
        message,
        place: places.get(&format!("{path}.{key}")).cloned(),
        help: Some("it may say who runs health checks that are waited for: `x-wharf: {probe: engine}`".to_owned()),
    };
    match own {
        Value::Null => Vec::new(),
        Value::Object(keys) => keys
            .iter()
            .filter_map(|(key, value)| match key.as_str() {
                "probe" if read(value).is_some() => None,
                "probe" => Some(problem(key, format!("`{path}.probe` is {value}, and must be `own` or `engine`"))),
                _ => Some(problem(key, format!("`{path}` has no key `{key}`"))),
            })
            .collect(),
        _ => vec![problem("", format!("`{path}` must be a mapping"))],
    }
}

#[cfg(test)]
mod tests {
    use wharf_compose::Options;

    use super::*;

    fn project(text: &str) -> Project {
        Project::load(&Options::from_text(text)).unwrap().project
    }

    fn found(text: &str) -> Vec<String> {
        let project = project(text);
        let of_services = project
            .services
            .iter()
            .flat_map(|(name, service)| problems(&project.places, &format!("services.{name}"), &service.extensions));
        let all = problems(&project.places, "", &project.extensions).into_iter().chain(of_services);
        let line = |problem: Problem| {
            let place = problem.place.map(|place| format!("{}:{}", place.line, place.column)).unwrap_or_default();
            format!("{place}: {}", problem.message)
        };
        all.map(line).collect()
    }

    #[test]
    fn a_service_decides_before_the_top_level() {
        let text = "name: shop\nx-wharf: {probe: engine}\nservices:\n  a: {image: a}\n  b: {image: b, x-wharf: {probe: own}}\n";
        let project = project(text);
        let of = |name: &str| probes(&project, project.services.get(name));
        assert_eq!((of("a"), of("b"), of("unknown")), (Probes::Engine, Probes::Own, Probes::Engine));
        assert_eq!(probes(&Project::default(), None), Probes::Own);
        assert_eq!(found(text), Vec::<String>::new());
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let text = "name: shop\nx-wharf: {probes: engine}\nservices:\n  a:\n    image: a\n    x-wharf:\n      probe: never\n  b: {image: b, x-wharf: [probe]}\n";
        insta::assert_snapshot!(found(text).join("\n"), @r#"
        2:19: `x-wharf` has no key `probes`
        7:14: `services.a.x-wharf.probe` is "never", and must be `own` or `engine`
        8:17: `services.b.x-wharf` must be a mapping
        "#);
    }
}
