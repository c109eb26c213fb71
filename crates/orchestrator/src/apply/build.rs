//! Building an image with the engine's own builder (Engine API `POST /build`).

use std::collections::VecDeque;
use std::path::Path;

use bollard::query_parameters::BuildImageOptions;
use futures_util::StreamExt;
use wharf_compose::model::{Build, Service};

use super::Site;
use super::stop::Stop;
use crate::context::{Context, Dockerfile};
use crate::plan::Step;
use crate::request::{Source, build_options, is_fetched};
use crate::{Detail, Progress, StepFailure, pipe};

/// Lines of output that explain a failed build.
const LAST_LINES: usize = 20;

/// Builds the image of a service.
pub(super) async fn build(
    site: &Site<'_>,
    number: usize,
    step: &Step,
    image: &str,
    service: &str,
) -> Result<Option<String>, Stop> {
    let found = site.project.services.get(service).and_then(|found| Some((found, found.build.as_ref()?)));
    let Some((of, definition)) = found else { return Ok(None) };
    let failed = |message: String, last: VecDeque<String>| StepFailure {
        step: step.to_string(),
        message: format!("cannot {step} (service {service}): {message}"),
        help: None,
        details: match last.is_empty() {
            true => Vec::new(),
            false => vec![Detail { title: "last lines of the build".to_owned(), text: Vec::from(last).join("\n") }],
        },
    };
    let (options, context) =
        request(site, (service, of), definition).map_err(|message| failed(message, VecDeque::new()))?;
    let body = context.map(|context| bollard::body_try_stream(pipe::written(move |out| context.write(out))));
    let mut output = Box::pin(site.engine.docker().build_image(options, None, body));
    let mut last = VecDeque::new();
    while let Some(info) = output.next().await {
        let text = match info {
            Ok(info) => info.stream.or(info.status).unwrap_or_default(),
            Err(error) => {
                return Err(failed(wharf_docker::Error::from(error).engine_message(), last).into());
            }
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(line.to_owned());
            site.report(number, step, Progress::Output { text: line.to_owned() });
        }
    }
    for tag in &definition.tags {
        let (name, tag) = tag.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((tag, "latest"));
        let options = bollard::query_parameters::TagImageOptionsBuilder::default().repo(name).tag(tag).build();
        let tagged = site.engine.docker().tag_image(image, Some(options)).await;
        tagged.map_err(|error| failed(wharf_docker::Error::from(error).engine_message(), VecDeque::new()))?;
    }
    Ok(None)
}

/// The options, and the context unless the engine fetches it itself.
type Request = (BuildImageOptions, Option<Context>);

fn request(site: &Site<'_>, of: (&str, &Service), build: &Build) -> Result<Request, String> {
    let options = |source| build_options(site.project, of, build, source, site.build_memory);
    if is_fetched(build) {
        let source = Source::Fetched { url: &build.context, dockerfile: build.dockerfile.as_deref() };
        return Ok((options(source), None));
    }
    let dockerfile = match (&build.dockerfile_inline, &build.dockerfile) {
        (Some(text), _) => Dockerfile::Inline(text.clone()),
        (None, Some(path)) => Dockerfile::At(path.into()),
        (None, None) => Dockerfile::At("Dockerfile".into()),
    };
    let context = Context::open(Path::new(&build.context), dockerfile)?;
    Ok((options(Source::Sent(context.dockerfile_name())), Some(context)))
}
