//! Pulling an image, and building it where the registry does not have it.

use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;

use super::stop::Stop;
use super::{Site, build, explain};
use crate::Progress;
use crate::plan::Step;

/// Pulls `image`; where that fails and a service can build it, builds it.
pub(super) async fn pull(
    site: &Site<'_>,
    number: usize,
    step: &Step,
    image: &str,
    or_build: Option<&str>,
    may_fail: bool,
) -> Result<Option<String>, Stop> {
    match (fetch(site, number, step, image).await, or_build) {
        (Ok(()), _) => Ok(None),
        (Err(error), Some(service)) => {
            let reason = wharf_docker::Error::from(error).engine_message();
            site.report(
                number,
                step,
                Progress::Output { text: format!("cannot be pulled ({reason}), so it is built") },
            );
            build::build(site, number, step, image, service).await?;
            Ok(Some("Built".to_owned()))
        }
        (Err(error), None) if may_fail => {
            let reason = wharf_docker::Error::from(error).engine_message();
            Ok(Some(format!("Left out: {reason}")))
        }
        (Err(error), None) => {
            let mut failure = explain::engine(step, error);
            failure.help = Some(
                "check the image's name and that its registry can be reached; `build:` in the service makes it here"
                    .to_owned(),
            );
            Err(failure.into())
        }
    }
}

async fn fetch(site: &Site<'_>, number: usize, step: &Step, image: &str) -> Result<(), bollard::errors::Error> {
    let (name, tag) = split_reference(image);
    let mut options = CreateImageOptionsBuilder::default().from_image(name);
    if let Some(tag) = tag {
        options = options.tag(tag);
    }
    let mut progress = Box::pin(site.engine.docker().create_image(Some(options.build()), None, None));
    while let Some(info) = progress.next().await {
        let info = info?;
        let moving = info.progress_detail.is_some_and(|detail| detail.total.is_some() || detail.current.is_some());
        if let Some(status) = info.status.filter(|_| !moving) {
            let text = info.id.map_or_else(|| status.clone(), |layer| format!("{layer}: {status}"));
            site.report(number, step, Progress::Output { text });
        }
    }
    Ok(())
}

/// Name and tag; a reference without either tag or digest means `latest`, never all tags.
pub(super) fn split_reference(image: &str) -> (&str, Option<&str>) {
    if image.contains('@') {
        return (image, None);
    }
    match image.rsplit_once(':') {
        // A colon before a slash belongs to the registry's port.
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (image, Some("latest")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_without_a_tag_means_latest() {
        assert_eq!(split_reference("redis"), ("redis", Some("latest")));
        assert_eq!(split_reference("redis:7"), ("redis", Some("7")));
        assert_eq!(split_reference("localhost:5000/redis"), ("localhost:5000/redis", Some("latest")));
        assert_eq!(split_reference("localhost:5000/redis:7"), ("localhost:5000/redis", Some("7")));
        assert_eq!(split_reference("redis@sha256:00"), ("redis@sha256:00", None));
    }
}
