//! Services that somebody named and a project does not have.

use crate::model::Project;
use crate::validate::suggest::closest;

/// Services that the caller named and the files do not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnknownService {
    /// The unknown names, as the caller gave them; never empty.
    pub names: Vec<String>,
    /// The project's name.
    pub project: String,
    /// The services that the project has, enabled or not.
    pub services: Vec<String>,
}

impl UnknownService {
    /// That a project has no service of this name.
    pub fn new(name: &str, project: &Project) -> Self {
        let mut services: Vec<String> =
            project.services.keys().chain(project.disabled_services.keys()).cloned().collect();
        services.sort();
        UnknownService { names: vec![name.to_owned()], project: project.name.clone(), services }
    }

    /// What is wrong, for people.
    pub fn message(&self) -> String {
        format!("no such service: {}", self.names.join(", "))
    }

    /// The name that was meant, or all names if none is like it.
    pub fn help(&self) -> String {
        let [name] = self.names.as_slice() else { return self.all() };
        match closest(name, self.services.iter().map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => self.all(),
        }
    }

    fn all(&self) -> String {
        match self.services.as_slice() {
            [] => format!("the project {} has no services", self.project),
            services => format!("the project {} has: {}", self.project, services.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(names: &[&str]) -> UnknownService {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        UnknownService { names, project: "shop".into(), services: vec!["redis".into(), "web".into()] }
    }

    #[test]
    fn a_misspelt_name_is_recognised_and_any_other_gets_the_list() {
        assert_eq!(unknown(&["wbe"]).message(), "no such service: wbe");
        assert_eq!(unknown(&["wbe"]).help(), "did you mean `web`?");
        assert_eq!(unknown(&["database"]).help(), "the project shop has: redis, web");
        assert_eq!(unknown(&["wbe", "rdis"]).help(), "the project shop has: redis, web");
    }
}
