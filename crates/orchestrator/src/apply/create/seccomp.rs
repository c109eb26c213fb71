//! Profiles of seccomp: the file names a file of this machine, and the engine wants its content.

use bollard::models as api;
use wharf_compose::Project;
use wharf_plan::Problem;

use crate::request::seccomp_profile;

/// Puts the content of the named profiles in the place of their names.
///
/// # Errors
/// A file that cannot be read, or is not JSON.
pub(super) fn read_profiles(
    project: &Project,
    service: &str,
    body: &mut api::ContainerCreateBody,
) -> Result<(), Problem> {
    let options = body.host_config.as_mut().and_then(|config| config.security_opt.as_mut());
    for (index, option) in options.into_iter().flatten().enumerate() {
        let Some(file) = seccomp_profile(option) else { continue };
        let path = project.working_dir.join(file);
        let problem = |reason: String| Problem {
            message: format!("service {service}: cannot read the seccomp profile {}: {reason}", path.display()),
            place: project.places.get(&format!("services.{service}.security_opt[{index}]")).cloned(),
            help: Some("name a JSON file, or say `seccomp=unconfined`".to_owned()),
        };
        let text = std::fs::read_to_string(&path).map_err(|error| problem(error.to_string()))?;
        let profile: serde_json::Value = serde_json::from_str(&text).map_err(|error| problem(error.to_string()))?;
        *option = format!("seccomp={profile}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(directory: &std::path::Path, options: &[&str]) -> Result<Vec<String>, String> {
        let project = Project { working_dir: directory.to_owned(), ..Project::default() };
        let security_opt = Some(options.iter().map(|option| (*option).to_owned()).collect());
        let host_config = Some(api::HostConfig { security_opt, ..Default::default() });
        let mut body = api::ContainerCreateBody { host_config, ..Default::default() };
        read_profiles(&project, "web", &mut body).map_err(|problem| problem.message)?;
        Ok(body.host_config.and_then(|config| config.security_opt).unwrap_or_default())
    }

    #[test]
    fn the_engine_gets_the_content_of_a_profile() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("profile.json"), "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\"\n}\n")
            .unwrap();
        let options = ["no-new-privileges:true", "seccomp:./profile.json", "seccomp=unconfined"];
        let read = read(directory.path(), &options).unwrap();
        assert_eq!(
            read,
            ["no-new-privileges:true", r#"seccomp={"defaultAction":"SCMP_ACT_ALLOW"}"#, "seccomp=unconfined"]
        );
    }

    #[test]
    fn a_profile_that_is_none_is_named() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("text"), "allow all").unwrap();
        let missing = read(directory.path(), &["seccomp=gone.json"]).unwrap_err();
        assert!(missing.ends_with("gone.json: No such file or directory (os error 2)"), "{missing}");
        let bad = read(directory.path(), &["seccomp=text"]).unwrap_err();
        assert!(bad.contains("cannot read the seccomp profile") && bad.contains("line 1 column 1"), "{bad}");
    }
}
