//! Plans which images are built and pulled before anything else happens.
//!
//! The rules are those of the Compose specification (`pull_policy`, and `build` together with `image`). Without a
//! policy, an image that the engine has is used; another is pulled, and built if the registry does not have it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use wharf_compose::Project;
use wharf_compose::model::{Build, ImageReference, PullPolicy, Service};

use super::order::{bases, dependencies, in_build_order, in_order, selected};
use super::push::{push_all, pushed};
use super::{Cause, ImageAct, ImageBuild, ImageStep, NamedService, Plan, Step, builds};
use crate::{Error, Observed, Problem};

/// What the caller asks for.
#[derive(Debug, Clone, Default)]
pub struct ImageOptions {
    /// Only these services; none: all.
    pub services: Vec<String>,
    /// Whether to leave out the services that they depend on.
    pub no_deps: bool,
    /// Whether to build what has a `build` even if the engine has the image.
    pub build: bool,
    /// Build nothing.
    pub no_build: bool,
    /// Whether to push what was built, if its service names an image.
    pub push: bool,
    /// Only some of the images. The others are left out, whether the engine has them or not.
    pub only: Option<Only>,
    /// How builds differ from what the file says.
    pub build_overrides: BuildOverrides,
    /// Overrides every service's `pull_policy`; `None`: it does not.
    pub pull: Option<PullPolicy>,
    /// Whether a failed pull is only reported and stops nothing.
    pub ignore_pull_failures: bool,
    /// Now, in nanoseconds since 1970, for policies that look at an image's age.
    pub now: i64,
}

/// A part of the images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// Those that are built.
    Built,
    /// Those that a registry may have, here or not. A policy leaves out its image: `never` and `build`, and `missing` if it
    /// is here.
    Pulled {
        /// Without those that can be built here, too.
        ignore_buildable: bool,
    },
}

impl Only {
    /// Whether the image of `service` is one of them.
    pub fn includes(self, service: &Service) -> bool {
        match (self, &service.build) {
            (Only::Built, build) => build.is_some(),
            // Without a name of its own it is in no registry.
            (Only::Pulled { ignore_buildable }, Some(_)) => service.image.is_some() && !ignore_buildable,
            (Only::Pulled { .. }, None) => true,
        }
    }
}

/// What builds do otherwise than the file says.
#[derive(Debug, Clone, Default)]
pub struct BuildOverrides {
    /// Do not use the builder's cache.
    pub no_cache: bool,
    /// Pull newer versions of the base images.
    pub pull: bool,
    /// More build arguments; `None` leaves one to the Dockerfile's default.
    pub args: Vec<(String, Option<String>)>,
    /// More SSH agents by their identifiers; `None` is the caller's own.
    pub ssh: Vec<(String, Option<String>)>,
    /// Another provenance attestation than the file's.
    pub provenance: Option<String>,
    /// Another bill of materials than the file's.
    pub sbom: Option<String>,
}

impl BuildOverrides {
    fn apply(&self, build: &Build) -> Build {
        let mut build = build.clone();
        build.no_cache |= self.no_cache;
        build.pull |= self.pull;
        build.args.extend(self.args.iter().cloned());
        build.ssh.extend(self.ssh.iter().cloned());
        build.provenance = self.provenance.clone().or(build.provenance);
        build.sbom = self.sbom.clone().or(build.sbom);
        build
    }
}

enum Need<'a> {
    Nothing,
    Build(Cause, &'a Build),
    Pull(Cause),
    PullOrBuild(&'a Build),
    Absent,
}

/// Plans the builds and pulls.
///
/// # Errors
/// A service that is none, or an image that is not here and may not be fetched.
pub fn images(project: &Project, observed: &Observed, options: &ImageOptions) -> Result<Plan, Error> {
    let chosen = selected(project, &options.services, options.no_deps)?;
    let to_build = with_bases(project, chosen.clone(), observed, options);
    let mut plan = Plan::default();
    let mut problems = Vec::new();
    let mut planned: BTreeMap<String, usize> = BTreeMap::new();
    let may_fail = options.ignore_pull_failures;
    let pull = |image: &str, service: &Service, or_build| {
        let platform = service.platform.clone().or_else(|| project.default_platform.clone());
        Step::image(image, ImageAct::Pull { platform, or_build, may_fail })
    };
    let image_build = |name: &str, service: &Service, build: &Build| ImageBuild {
        service: NamedService::new(name, service),
        build: Arc::new(options.build_overrides.apply(build)),
    };
    for (name, service) in in_build_order(project, &to_build) {
        if service.provider.is_some() || options.only.is_some_and(|only| !only.includes(service)) {
            continue;
        }
        for image in init_images(project, name, service) {
            if !planned.contains_key(&image)
                && let Some(cause) = fetched(&image, service, observed, options)
            {
                planned.insert(image.clone(), plan.add(pull(&image, service, None), cause, Vec::new()));
            }
        }
        let image = project.image_of(name, service);
        let need = need(service, &image, observed, options);
        if let Need::Build(_, build) | Need::PullOrBuild(build) = need {
            problems.extend(builds::problems(project, name, build));
        }
        let step = match need {
            Need::Nothing => continue,
            Need::Build(cause, build) => {
                (Step::image(&image, ImageAct::Build(image_build(name, service, build))), cause)
            }
            Need::Pull(cause) => (pull(&image, service, None), cause),
            Need::PullOrBuild(build) => {
                (pull(&image, service, Some(image_build(name, service, build))), Cause::Missing)
            }
            Need::Absent => {
                problems.push(absent(project, name, &image));
                continue;
            }
        };
        // Services that share an image share the step; building wins over pulling.
        match planned.get(&image) {
            Some(&number) => {
                if let Step::Image(ImageStep { act: ImageAct::Build(_), .. }) = step.0
                    && let Some(planned) = plan.step_mut(number)
                {
                    *planned = step.0;
                }
            }
            None => {
                // A Dockerfile may begin with the image of a service that this one depends on.
                let dependencies = dependencies(project, service).into_iter().map(|(name, _)| name);
                let before = dependencies.chain(bases(service));
                let images = before.filter_map(|name| Some(project.image_of(name, project.services.get(name)?)));
                let after: Vec<usize> = match service.build {
                    Some(_) => images
                        .filter_map(|image| planned.get(&image).copied())
                        .filter(|number| {
                            plan.nodes().get(*number).is_some_and(|node| builds::build_of(node.step()).is_some())
                        })
                        .collect(),
                    None => Vec::new(),
                };
                planned.insert(image, plan.add(step.0, step.1, after));
            }
        }
    }
    if options.push {
        let built = in_order(project, &chosen).into_iter().filter_map(|(name, service)| {
            let number = *planned.get(&project.image_of(name, service))?;
            Some((pushed(service), vec![number]))
        });
        push_all(&mut plan, &built.collect::<Vec<_>>(), false);
    }
    if problems.is_empty() { Ok(plan) } else { Err(Error::Refused(problems)) }
}

/// The services, and those whose images are contexts of the builds that they need.
fn with_bases(
    project: &Project,
    mut chosen: BTreeSet<String>,
    observed: &Observed,
    options: &ImageOptions,
) -> BTreeSet<String> {
    let mut new: Vec<String> = chosen.iter().cloned().collect();
    while let Some(name) = new.pop() {
        let Some(service) = project.services.get(&name) else { continue };
        let image = project.image_of(&name, service);
        if matches!(need(service, &image, observed, options), Need::Build(..) | Need::PullOrBuild(_)) {
            let bases = bases(service).into_iter().map(str::to_owned);
            new.extend(bases.filter(|base| chosen.insert(base.clone())));
        }
    }
    chosen
}

fn need<'a>(service: &'a Service, image: &str, observed: &Observed, options: &ImageOptions) -> Need<'a> {
    let here = observed.images.get(image);
    let buildable = service.build.as_ref().filter(|_| !options.no_build);
    if let (Some(build), true) = (buildable, options.build) {
        return Need::Build(Cause::Asked, build);
    }
    // An image that is built and has no name of its own is in no registry.
    if service.build.is_some() && service.image.is_none() {
        let always_built = service.pull_policy == Some(PullPolicy::Build);
        return match (here, buildable) {
            (Some(_), Some(build)) if always_built => Need::Build(pull_policy(&PullPolicy::Build), build),
            (Some(_), _) => Need::Nothing,
            (None, Some(build)) => Need::Build(Cause::Missing, build),
            (None, None) => Need::Absent,
        };
    }
    if let Some(Only::Pulled { .. }) = options.only {
        return pulled(service, image, here.is_some(), options);
    }
    let policy = options.pull.as_ref().or(service.pull_policy.as_ref()).unwrap_or(&PullPolicy::Missing);
    match (policy, buildable) {
        (PullPolicy::Always, _) => Need::Pull(pull_policy(policy)),
        (PullPolicy::Build, Some(build)) => Need::Build(pull_policy(policy), build),
        (PullPolicy::Never, _) if here.is_none() => Need::Absent,
        (PullPolicy::Never, _) => Need::Nothing,
        (policy, buildable) => match (here, policy.max_age()) {
            (None, _) => buildable.map_or(Need::Pull(Cause::Missing), Need::PullOrBuild),
            (Some(image), Some(age)) if is_older(image.last_tagged, age, options.now) => {
                Need::Pull(pull_policy(policy))
            }
            (Some(_), _) => Need::Nothing,
        },
    }
}

/// What `pull` does: it pulls, unless the policy keeps it from that.
fn pulled<'a>(service: &Service, image: &str, here: bool, options: &ImageOptions) -> Need<'a> {
    // Another image may be `latest` in the registry by now.
    let may_change = || ImageReference::from(image).tag_or_default() == ImageReference::DEFAULT_TAG;
    match (&options.pull, &service.pull_policy) {
        (Some(PullPolicy::Missing), _) if here => Need::Nothing,
        (Some(_), _) => Need::Pull(Cause::Asked),
        (None, Some(PullPolicy::Never | PullPolicy::Build)) => Need::Nothing,
        (None, Some(PullPolicy::Missing | PullPolicy::IfNotPresent)) if here && !may_change() => Need::Nothing,
        (None, _) => Need::Pull(Cause::Asked),
    }
}

/// The images of a service's `pre_start` containers, as far as they are others than the service's own.
pub fn init_images<'a>(project: &Project, name: &str, service: &'a Service) -> impl Iterator<Item = String> + use<'a> {
    let own = project.image_of(name, service);
    service.pre_start.iter().filter_map(|hook| hook.image.clone().map(String::from)).filter(move |image| *image != own)
}

/// Why an image that no service builds is pulled, if it is.
fn fetched(image: &str, service: &Service, observed: &Observed, options: &ImageOptions) -> Option<Cause> {
    let plain = Service { pull_policy: service.pull_policy.clone(), ..Service::default() };
    if options.only.is_some_and(|only| !only.includes(&plain)) {
        return None;
    }
    match need(&plain, image, observed, options) {
        Need::Pull(cause) => Some(cause),
        _ => None,
    }
}

fn pull_policy(policy: &PullPolicy) -> Cause {
    Cause::PullPolicy { policy: policy.to_string() }
}

fn absent(project: &Project, name: &str, image: &str) -> Problem {
    let place = project.places.get(&format!("services.{name}.image"));
    Problem {
        message: format!("service {name}: the image {image} is not here, and may neither be pulled nor built"),
        place: place.cloned(),
        help: Some("allow one of them: pull_policy, --pull, --build".to_owned()),
    }
}

fn is_older(last_tagged: Option<i64>, age: Duration, now: i64) -> bool {
    let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
    last_tagged.is_none_or(|time| now.saturating_sub(time) > age)
}
