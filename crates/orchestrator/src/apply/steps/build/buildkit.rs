//! The engine's BuildKit.

use wharf_buildkit::{Error, News};
use wharf_plan::StepError;

use super::progress::{Said, Steps};
use super::{failed, failure};
use crate::apply::context::{Context, Task};
use crate::apply::lines::LastLines;
use crate::build::{BuildKit, Sources};
use crate::plan::ImageBuild;
use crate::request::solve;

/// Builds the image of a service.
pub(super) async fn build(
    context: &Context<'_>,
    task: Task<'_>,
    build: &ImageBuild,
    sources: &Sources,
    buildkit: &BuildKit,
) -> Result<(), StepError> {
    let of = (build.service.name.as_str(), &build.service.service);
    let mut request = solve(context.project, of, &build.build, sources, buildkit, context.logins.clone());
    request.raw_reports = context.builds.raw_reports;
    let mut steps = Steps::default();
    let mut take = |news: News| {
        let is_raw = matches!(news, News::Report(_));
        // With the engine's own reports there is nothing else to say.
        match steps.take(news).filter(|_| is_raw == request.raw_reports) {
            Some(Said::Part(part)) => task.part(part),
            Some(Said::Line(line)) => task.output(line),
            None => {}
        }
    };
    match wharf_buildkit::build(context.engine, &request, &mut take).await {
        Ok(_) => Ok(()),
        Err(Error::Failed(said)) => {
            let mut explained = failure::explain(&said, steps.failed(), sources, buildkit);
            let place = explained.place(context.project, build, sources);
            let failure = failed(task, build, explained.message, LastLines::default());
            Err(wharf_plan::StepFailure { place, help: explained.help, details: steps.explain(), ..failure }.into())
        }
        Err(error) => Err(failed(task, build, error.to_string(), LastLines::default()).into()),
    }
}
