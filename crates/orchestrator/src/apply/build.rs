//! Building an image with the engine's own builder (Engine API `POST /build`).

use std::collections::{HashMap, VecDeque};
use std::path::Path;

use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder};
use futures_util::StreamExt;
use wharf_compose::model::Build;
use wharf_docker::labels;

use super::Site;
use super::stop::Stop;
use crate::context::{Context, Dockerfile};
use crate::plan::Step;
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
    let definition = site.project.services.get(service).and_then(|service| service.build.as_ref());
    let Some(definition) = definition else { return Ok(None) };
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
        request(site, definition, image, service).map_err(|message| failed(message, VecDeque::new()))?;
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

fn request(site: &Site<'_>, build: &Build, image: &str, service: &str) -> Result<Request, String> {
    let mut image_labels: HashMap<String, String> =
        build.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    // An image with a name of its own may be built by several projects: it is the same for all of them.
    if site.project.services.get(service).is_some_and(|service| service.image.is_none()) {
        image_labels.insert(labels::PROJECT.to_owned(), site.project.name.clone());
        image_labels.insert(labels::SERVICE.to_owned(), service.to_owned());
    }
    let args: HashMap<String, String> =
        build.args.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    let mut options = BuildImageOptionsBuilder::default()
        .t(image)
        .labels(&image_labels)
        .buildargs(&args)
        .nocache(build.no_cache)
        .rm(true)
        .forcerm(true);
    if build.pull {
        options = options.pull("true");
    }
    if let Some(target) = &build.target {
        options = options.target(target);
    }
    if let Some(platform) = build.platforms.first() {
        options = options.platform(platform);
    }
    if !build.cache_from.is_empty() {
        options = options.cachefrom(&build.cache_from);
    }
    if !build.extra_hosts.is_empty() {
        options = options.extrahosts(&build.extra_hosts.join(","));
    }
    if let Some(size) = build.shm_size.and_then(|size| i32::try_from(size).ok()) {
        options = options.shmsize(size);
    }
    if let Some(memory) = site.build_memory {
        options = options.memory(i32::try_from(memory).unwrap_or(i32::MAX));
    }
    if let Some(network) = &build.network {
        options = options.networkmode(network);
    }
    let dockerfile = match (&build.dockerfile_inline, &build.dockerfile) {
        (Some(text), _) => Dockerfile::Inline(text.clone()),
        (None, Some(path)) => Dockerfile::At(path.into()),
        (None, None) => Dockerfile::At("Dockerfile".into()),
    };
    if build.context.contains("://") || build.context.starts_with("git@") {
        if let Dockerfile::At(path) = &dockerfile {
            options = options.dockerfile(&path.to_string_lossy());
        }
        return Ok((options.remote(&build.context).build(), None));
    }
    let context = Context::open(Path::new(&build.context), dockerfile)?;
    options = options.dockerfile(context.dockerfile_name());
    Ok((options.build(), Some(context)))
}
