//! The checks that BuildKit's frontend makes of Dockerfiles. Nothing is built.

use std::sync::Arc;

use wharf_buildkit::Finding;
use wharf_compose::{Place, Project};
use wharf_docker::{Engine, Logins};
use wharf_plan::{Problem, Warning};

use super::failure;
use crate::Error;
use crate::apply::BuildSettings;
use crate::build::{BuildKit, Builder, Sources};
use crate::plan::{ImageBuild, Plan, build_of, needs_buildkit, unbuildable};
use crate::request::solve;

/// The first engine whose frontend makes checks.
const CHECKS_SINCE: (u32, u32) = (27, 0);

/// Checks the Dockerfiles of the builds of `plan`, as `docker build --check` does: what is suspicious in them, each finding
/// once.
///
/// # Errors
/// [`Error::Refused`] if the engine's builder makes no checks, or a Dockerfile cannot be understood.
pub async fn check_builds(
    engine: &Engine,
    project: &Project,
    plan: &Plan,
    settings: &BuildSettings,
) -> Result<Vec<Warning>, Error> {
    let builder = Builder::of(engine, settings.classic).await?;
    let problems = unbuildable(project, plan, &builder, false);
    if !problems.is_empty() {
        return Err(Error::Refused(problems));
    }
    let buildkit = match builder {
        Builder::BuildKit(buildkit) => buildkit,
        Builder::Classic { is_wanted } => {
            let help = needs_buildkit(is_wanted).to_owned();
            return Err(Error::refused("the classic builder makes no checks", None, help));
        }
    };
    let logins = Arc::new(Logins::of(engine.endpoint()));
    let mut warnings: Vec<Warning> = Vec::new();
    for build in plan.steps().filter_map(build_of) {
        for warning in check(engine, project, build, settings, &buildkit, logins.clone()).await? {
            // Services may share a Dockerfile.
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    Ok(warnings)
}

async fn check(
    engine: &Engine,
    project: &Project,
    build: &ImageBuild,
    settings: &BuildSettings,
    buildkit: &BuildKit,
    logins: Arc<Logins>,
) -> Result<Vec<Warning>, Error> {
    let service = &build.service;
    let refused = |message: String, place: Option<Place>, help: Option<String>| {
        let message = format!("cannot check the Dockerfile of service {}: {message}", service.name);
        Error::Refused(vec![Problem { message, place, help }])
    };
    let sources = Sources::read(&build.build, settings.ssh_agent.as_deref());
    let sources = sources.map_err(|message| refused(message, None, None))?;
    // Another frontend brings its own checks, whatever the engine is.
    let text = sources.dockerfile.as_ref().map(|dockerfile| String::from_utf8_lossy(&dockerfile.text));
    let is_own = text.as_deref().and_then(wharf_buildkit::syntax_line).is_none();
    let version = buildkit.version.as_deref().unwrap_or_default();
    if is_own && wharf_buildkit::is_older(version, CHECKS_SINCE) {
        let (major, minor) = CHECKS_SINCE;
        let message = format!("checks need Docker Engine {major}.{minor} or later; this one is {version}");
        return Err(refused(message, None, None));
    }
    let of = (service.name.as_str(), &service.service);
    let request = solve(project, of, &build.build, &sources, buildkit, logins);
    match wharf_buildkit::check(engine, &request, &mut |_| {}).await {
        Ok(found) => Ok(found.into_iter().map(|finding| warning(project, build, &sources, finding)).collect()),
        Err(wharf_buildkit::Error::Failed(said)) => {
            let mut explained = failure::explain(&said, None, &sources, buildkit);
            let place = explained.place(project, build, &sources);
            Err(refused(explained.message, place, explained.help))
        }
        Err(error) => Err(refused(error.to_string(), None, None)),
    }
}

fn warning(project: &Project, build: &ImageBuild, sources: &Sources, finding: Finding) -> Warning {
    let Finding { rule, description, detail, url, line } = finding;
    let said = if detail.is_empty() { description } else { detail };
    let url = if url.is_empty() { url } else { format!(" ({url})") };
    let (message, place) = failure::placed(format!("{rule}: {said}{url}"), line, project, build, sources);
    Warning { message, place }
}
