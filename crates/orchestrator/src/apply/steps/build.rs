//! Builds an image with the engine's own builder (Engine API `POST /build`).

use std::path::Path;

use bollard::query_parameters::BuildImageOptions;
use futures_util::StreamExt;
use wharf_compose::model::ImageReference;
use wharf_plan::{StepError, StepFailure};

use crate::apply::context::{Context, Task, failure};
use crate::apply::lines::LastLines;
use crate::build::{BuildContext, Dockerfile};
use crate::pipe;
use crate::plan::ImageBuild;
use crate::request::{Source, build_options, is_fetched};

/// Builds the image of a service.
pub(super) async fn build(
    context: &Context<'_>,
    task: Task<'_>,
    image: &str,
    build: &ImageBuild,
) -> Result<(), StepError> {
    let step = task.step();
    let failed = |message: String, last: LastLines| StepFailure {
        details: last.details("last lines of the build"),
        ..failure(step, format!("cannot {step} (service {}): {message}", build.service.name))
    };
    let (options, files) = request(context, build).map_err(|message| failed(message, LastLines::default()))?;
    let body = files.map(|files| bollard::body_try_stream(pipe::written(move |out| files.write(out))));
    let (logins, unread) = context.logins.all().await;
    for error in unread {
        task.output(format!("no login from {error}"));
    }
    let docker = wharf_docker::with_logins(context.engine, &logins);
    let mut output = Box::pin(docker.build_image(options, None, body));
    let mut last = LastLines::default();
    while let Some(info) = output.next().await {
        let text = match info {
            Ok(info) => info.stream.or(info.status).unwrap_or_default(),
            Err(error) => {
                let said = wharf_docker::Error::from(error).engine_message();
                return Err(failed(wharf_docker::without_secrets(&said), last).into());
            }
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            last.push(line);
            task.output(line);
        }
    }
    for tag in &build.build.tags {
        let reference = ImageReference::from(tag.as_str());
        let options = bollard::query_parameters::TagImageOptionsBuilder::default()
            .repo(reference.repository())
            .tag(reference.tag_or_default());
        let tagged = context.engine.docker().tag_image(image, Some(options.build())).await;
        tagged.map_err(|error| failed(wharf_docker::Error::from(error).engine_message(), LastLines::default()))?;
    }
    Ok(())
}

/// The options, and the context unless the engine fetches it itself.
type Request = (BuildImageOptions, Option<BuildContext>);

fn request(context: &Context<'_>, image_build: &ImageBuild) -> Result<Request, String> {
    let ImageBuild { service, build } = image_build;
    let of = (service.name.as_str(), &service.service);
    let options = |source| build_options(context.project, of, build, source, context.build_memory);
    if is_fetched(build) {
        let source = Source::Fetched { url: &build.context, dockerfile: build.dockerfile.as_deref() };
        return Ok((options(source), None));
    }
    let dockerfile = match (&build.dockerfile_inline, &build.dockerfile) {
        (Some(text), _) => Dockerfile::Inline(text.clone()),
        (None, Some(path)) => Dockerfile::At(path.into()),
        (None, None) => Dockerfile::At("Dockerfile".into()),
    };
    let files = BuildContext::open(Path::new(&build.context), dockerfile)?;
    Ok((options(Source::Sent(files.dockerfile_name())), Some(files)))
}
