//! Plans which images are pushed: those that are built and have a name of their own, with their further tags.

use std::collections::BTreeSet;

use wharf_compose::Project;
use wharf_compose::model::Service;

use super::order::{in_order, selected};
use super::{Cause, ImageAct, Plan, Step};
use crate::Error;

/// What the caller asks for.
#[derive(Debug, Clone, Default)]
pub struct PushOptions {
    /// Only these services; none: all.
    pub services: Vec<String>,
    /// Whether to leave out the services that they depend on.
    pub no_deps: bool,
    /// Whether a failed push is only reported and stops nothing.
    pub ignore_failures: bool,
}

/// Plans the pushes.
///
/// # Errors
/// A service that is none.
pub fn push(project: &Project, options: &PushOptions) -> Result<Plan, Error> {
    let chosen = selected(project, &options.services, options.no_deps)?;
    let mut plan = Plan::default();
    let images: Vec<_> =
        in_order(project, &chosen).into_iter().map(|(_, service)| (pushed(service), Vec::new())).collect();
    push_all(&mut plan, &images, options.ignore_failures);
    Ok(plan)
}

/// The references of a service's image that are pushed. An image that is not built here is somebody else's.
pub(super) fn pushed(service: &Service) -> Vec<String> {
    match (&service.image, &service.build) {
        (Some(image), Some(build)) => std::iter::once(image.to_string()).chain(build.tags.iter().cloned()).collect(),
        _ => Vec::new(),
    }
}

/// Adds a step for each of the references, after the steps with these numbers.
pub(super) fn push_all(plan: &mut Plan, images: &[(Vec<String>, Vec<usize>)], may_fail: bool) {
    let mut seen = BTreeSet::new();
    for (references, after) in images {
        for reference in references.iter().filter(|reference| seen.insert(reference.as_str())) {
            plan.add(Step::image(reference, ImageAct::Push { may_fail }), Cause::Asked, after.clone());
        }
    }
}
