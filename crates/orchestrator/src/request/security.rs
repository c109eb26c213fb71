//! `security_opt`: what is said to the engine, and what is a setting of its own there.

use bollard::models as api;
use wharf_compose::model::Service;

/// Not an option of the engine: the paths of `/proc` and `/sys` that it hides are shown.
const ALL_PATHS: &str = "systempaths=unconfined";

/// Puts a service's options into `config`.
pub(super) fn apply(service: &Service, config: &mut api::HostConfig) {
    let (paths, options): (Vec<&String>, Vec<&String>) =
        service.security_opt.iter().partition(|option| *option == ALL_PATHS);
    config.security_opt = (!options.is_empty()).then(|| options.into_iter().cloned().collect());
    if !paths.is_empty() {
        config.masked_paths = Some(Vec::new());
        config.readonly_paths = Some(Vec::new());
    }
}

/// The file that an option names: a profile of seccomp. The engine wants its content.
pub(crate) fn seccomp_profile(option: &str) -> Option<&str> {
    let file = option.strip_prefix("seccomp=").or_else(|| option.strip_prefix("seccomp:"))?;
    // An option that comes from a container holds the content already.
    (!matches!(file, "unconfined" | "builtin") && !file.starts_with('{')).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_seccomp_names_files() {
        assert_eq!(seccomp_profile("seccomp=./profile.json"), Some("./profile.json"));
        assert_eq!(seccomp_profile("seccomp:/etc/profile.json"), Some("/etc/profile.json"));
        let others = ["seccomp=unconfined", "seccomp:builtin", "apparmor=mine", "label:disable", "no-new-privileges"];
        assert!(others.iter().all(|option| seccomp_profile(option).is_none()));
    }
}
