//! The builder of old (Engine API `POST /build`), for engines without BuildKit.

use bollard::query_parameters::BuildImageOptions;
use futures_util::StreamExt;
use wharf_compose::model::ImageReference;
use wharf_plan::StepError;

use super::failed;
use crate::apply::context::{Context, Task};
use crate::apply::lines::LastLines;
use crate::build::{BuildContext, Sources};
use crate::pipe;
use crate::plan::ImageBuild;
use crate::request::{Source, build_options};

/// Builds the image of a service.
pub(super) async fn build(
    context: &Context<'_>,
    task: Task<'_>,
    image: &str,
    build: &ImageBuild,
    sources: Sources,
) -> Result<(), StepError> {
    let failed = |message: String, last: LastLines| failed(task, build, message, last);
    let (options, files) = request(context, build, sources).map_err(|message| failed(message, LastLines::default()))?;
    let body = match files {
        Some(files) => bollard::body_try_stream(pipe::written(move |out| files.write(out))),
        // The client library insists on a body.
        None => bollard::body_full(bytes::Bytes::new()),
    };
    let (logins, unread) = context.logins.all().await;
    for error in unread {
        task.output(format!("no login from {error}"));
    }
    let docker = wharf_docker::with_logins(context.engine, &logins);
    let mut output = Box::pin(docker.build_image(options, None, Some(body)));
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

fn request(context: &Context<'_>, image_build: &ImageBuild, sources: Sources) -> Result<Request, String> {
    let ImageBuild { service, build } = image_build;
    let of = (service.name.as_str(), &service.service);
    let options = |source| build_options(context.project, of, build, source, context.builds.memory);
    let Some(root) = sources.context else {
        let source = Source::Fetched { url: &build.context, dockerfile: build.dockerfile.as_deref() };
        return Ok((options(source), None));
    };
    let files = BuildContext::open(&root, sources.dockerfile.unwrap_or_default())?;
    Ok((options(Source::Sent(files.dockerfile_name())), Some(files)))
}
