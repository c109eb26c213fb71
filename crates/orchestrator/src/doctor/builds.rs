//! The builds of a project: what of them the engine's builder does not know.

use std::path::Path;

use wharf_buildkit::{Lack, lacks, syntax_line};
use wharf_compose::Project;
use wharf_compose::model::Build;
use wharf_docker::models::SystemInfo;

use super::Finding;
use crate::build::{BuildKit, Builder, Dockerfile, is_directory};
use crate::plan::by_builder;

/// Checks the `build` and the Dockerfile of each service that is built, for an engine of Docker's, which has BuildKit.
pub(super) fn builds(info: &SystemInfo, project: &Project) -> Vec<Finding> {
    let built: Vec<(&String, &Build)> =
        project.services.iter().filter_map(|(name, service)| Some((name, service.build.as_ref()?))).collect();
    let buildkit = BuildKit::of(info);
    let version = buildkit.version.clone().unwrap_or_default();
    let builder = Builder::BuildKit(buildkit);
    let mut findings = Vec::new();
    for (name, build) in &built {
        let problems = by_builder(project, name, build, &builder).into_iter();
        findings.extend(problems.map(|problem| Finding::failure("builds", problem.message, problem.help)));
        findings.extend(unknown(name, build, &version));
    }
    if findings.is_empty() && !built.is_empty() {
        let count = if built.len() == 1 { "1 service".to_owned() } else { format!("{} services", built.len()) };
        findings.push(Finding::ok("builds", format!("{count}, with nothing that the engine's BuildKit does not know")));
    }
    findings
}

/// What of a Dockerfile an engine of this version does not know.
fn unknown(service: &str, build: &Build, version: &str) -> Vec<Finding> {
    // What is not there is said by the build.
    let root = is_directory(&build.context).then(|| Path::new(&build.context));
    let Ok(Some(dockerfile)) = Dockerfile::of(build, root) else { return Vec::new() };
    let text = String::from_utf8_lossy(&dockerfile.text);
    // Such a frontend is loaded from a registry, and may know more.
    if syntax_line(&text).is_some() {
        return Vec::new();
    }
    let file = match &dockerfile.path {
        Some(path) => path.display().to_string(),
        None => "dockerfile_inline".to_owned(),
    };
    let finding = |lack: Lack| {
        let message = format!("service {service}: {file}:{}: {}", lack.line, lack.message(version));
        Finding::failure("builds", message, Some(Lack::HELP.to_owned()))
    };
    lacks(&text, version).into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_does_not_know_is_found_before_a_build() {
        let build = |text: &str| Build {
            context: "/".to_owned(),
            dockerfile_inline: Some(text.to_owned()),
            ..Build::default()
        };
        let messages = |text: &str, version: &str| -> Vec<String> {
            unknown("web", &build(text), version).into_iter().map(|finding| finding.message).collect()
        };
        let heredoc = "FROM x\nRUN <<EOF\ntrue\nEOF\n";
        let said =
            "service web: dockerfile_inline:2: Docker Engine 20.10.24 does not know heredocs (`<<`); 23.0 and later do";
        assert_eq!(messages(heredoc, "20.10.24"), [said]);
        assert!(messages(heredoc, "28.5.2").is_empty());
        assert!(messages(&format!("# syntax=docker/dockerfile:1\n{heredoc}"), "20.10.24").is_empty());
    }
}
