//! The query parameters of the classic builder, `POST /build`.

use std::collections::{BTreeMap, HashMap};

use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder};
use wharf_compose::Project;
use wharf_compose::model::{Build, Service};
use wharf_docker::labels::{PROJECT, SERVICE};

use super::keys::bind;

/// Where a build's files come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    /// They are sent along; the path is the Dockerfile's among them.
    Sent(&'a str),
    /// The engine fetches them.
    Fetched {
        /// From here.
        url: &'a str,
        /// The Dockerfile's path in it, if it is not the usual one.
        dockerfile: Option<&'a str>,
    },
}

/// The labels of the image of the service `name`.
pub(super) fn image_labels<'a>(
    project: &'a Project,
    (name, service): (&'a str, &Service),
    build: &'a Build,
) -> BTreeMap<&'a str, &'a str> {
    let mut labels: BTreeMap<_, _> = build.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    // An image with a name of its own may be built by several projects: it is the same for all of them.
    if service.image.is_none() {
        labels.extend([(PROJECT, project.name.as_str()), (SERVICE, name)]);
    }
    labels
}

/// The parameters that build the image of the service `name`. `memory` is the most that a step may use, in bytes.
pub(crate) fn build_options(
    project: &Project,
    (name, service): (&str, &Service),
    build: &Build,
    source: Source<'_>,
    memory: Option<i64>,
) -> BuildImageOptions {
    bind!(Build {
        args cache_from extra_hosts network no_cache platforms pull shm_size target;
        // In `source` and `image_labels`; further tags are given once the image is there.
        not context dockerfile dockerfile_inline labels tags;
        // This builder cannot do them.
        not additional_contexts cache_to entitlements isolation no_cache_filter privileged provenance sbom secrets ssh
            ulimits;
    } = build);
    let given = args.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_deref()?)));
    let mut options = BuildImageOptionsBuilder::default()
        .t(&project.image_of(name, service))
        .labels(&image_labels(project, (name, service), build).into_iter().collect::<HashMap<_, _>>())
        .buildargs(&given.collect::<HashMap<_, _>>())
        .nocache(*no_cache)
        .rm(true)
        .forcerm(true);
    if *pull {
        options = options.pull("true");
    }
    if let Some(target) = target {
        options = options.target(target);
    }
    // More than one platform, host or 2 GiB are refused.
    if let Some(platform) = platforms.first() {
        options = options.platform(platform);
    }
    if let Some(host) = extra_hosts.first() {
        options = options.extrahosts(&host.replacen('=', ":", 1));
    }
    if let Some(size) = shm_size.and_then(|size| i32::try_from(size).ok()) {
        options = options.shmsize(size);
    }
    if !cache_from.is_empty() {
        options = options.cachefrom(cache_from);
    }
    if let Some(memory) = memory {
        options = options.memory(i32::try_from(memory).unwrap_or(i32::MAX));
    }
    if let Some(network) = network {
        options = options.networkmode(network);
    }
    match source {
        Source::Sent(dockerfile) | Source::Fetched { dockerfile: Some(dockerfile), .. } => {
            options = options.dockerfile(dockerfile);
        }
        Source::Fetched { dockerfile: None, .. } => {}
    }
    if let Source::Fetched { url, .. } = source {
        options = options.remote(url);
    }
    options.build()
}
