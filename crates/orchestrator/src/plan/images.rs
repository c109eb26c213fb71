//! Which images are built and pulled before anything else happens.
//!
//! The rules are those of the Compose specification (`pull_policy`, and `build` together with `image`): without a policy an
//! image that is here is used; one that is not is pulled, and built if the registry does not have it.

use std::collections::BTreeMap;
use std::time::Duration;

use wharf_compose::Project;
use wharf_compose::model::Service;

use super::order::{dependencies, in_order, selected};
use super::{Cause, Plan, Step, unsupported};
use crate::{Error, Observed, Problem};

/// What the caller asks for.
#[derive(Debug, Clone, Default)]
pub struct ImageOptions {
    /// Only these services; none: all.
    pub services: Vec<String>,
    /// Without the services that they depend on.
    pub no_deps: bool,
    /// Build what has a `build`, even when the image is here.
    pub build: bool,
    /// Build nothing.
    pub no_build: bool,
    /// Leave out what is not built: neither pull nor complain.
    pub only_build: bool,
    /// Overrides every service's `pull_policy`; `policy`: it does not.
    pub pull: Option<String>,
    /// A pull that fails is reported and stops nothing.
    pub ignore_pull_failures: bool,
    /// Now, in nanoseconds since 1970, for policies that look at an image's age.
    pub now: i64,
}

fn builds(plan: &Plan, step: usize) -> bool {
    matches!(plan.steps[step].step, Step::BuildImage { .. } | Step::PullImage { or_build: Some(_), .. })
}

enum Need {
    Nothing,
    Build(Cause),
    Pull(Cause),
    PullOrBuild,
    Absent,
}

/// Plans the builds and pulls.
///
/// # Errors
/// A service that is none, or an image that is not here and may not be fetched.
pub fn images(project: &Project, observed: &Observed, options: &ImageOptions) -> Result<Plan, Error> {
    let chosen = selected(project, &options.services, options.no_deps)?;
    let mut plan = Plan::default();
    let mut problems = Vec::new();
    let mut planned: BTreeMap<String, usize> = BTreeMap::new();
    let may_fail = options.ignore_pull_failures;
    let pull = |image: &str, or_build| Step::PullImage { image: image.to_owned(), or_build, may_fail };
    for (name, service) in in_order(project, &chosen) {
        for image in init_images(project, name, service) {
            if !planned.contains_key(&image)
                && let Some(cause) = fetched(&image, service, observed, options)
            {
                planned.insert(image.clone(), plan.add(pull(&image, None), cause, Vec::new()));
            }
        }
        let image = project.image_of(name, service);
        let need = need(service, &image, observed, options);
        if let (Need::Build(_) | Need::PullOrBuild, Some(build)) = (&need, &service.build) {
            problems.extend(unsupported::build_problems(project, name, build));
        }
        let step = match need {
            Need::Nothing => continue,
            Need::Build(cause) => (Step::BuildImage { image: image.clone(), service: name.to_owned() }, cause),
            Need::Pull(cause) => (pull(&image, None), cause),
            Need::PullOrBuild => (pull(&image, Some(name.to_owned())), Cause::Missing),
            Need::Absent => {
                problems.push(absent(project, name, &image));
                continue;
            }
        };
        // Services that share an image share the step; building wins over pulling.
        match planned.get(&image) {
            Some(&number) if matches!(step.0, Step::BuildImage { .. }) => plan.steps[number].step = step.0,
            Some(_) => {}
            None => {
                // A Dockerfile may begin with the image of a service that this one depends on.
                let dependencies = dependencies(project, service).into_iter();
                let images = dependencies.map(|(name, _)| project.image_of(name, &project.services[name]));
                let after = match service.build {
                    Some(_) => images
                        .filter_map(|image| planned.get(&image).copied())
                        .filter(|step| builds(&plan, *step))
                        .collect(),
                    None => Vec::new(),
                };
                planned.insert(image, plan.add(step.0, step.1, after));
            }
        }
    }
    if problems.is_empty() { Ok(plan) } else { Err(Error::Refused(problems)) }
}

fn need(service: &Service, image: &str, observed: &Observed, options: &ImageOptions) -> Need {
    let here = observed.images.get(image);
    let buildable = service.build.is_some() && !options.no_build;
    if buildable && options.build {
        return Need::Build(Cause::Asked);
    }
    if options.only_build {
        return Need::Nothing;
    }
    // An image that is built and has no name of its own is in no registry.
    if service.build.is_some() && service.image.is_none() {
        let policy = service.pull_policy.as_deref();
        return match here {
            Some(_) if policy == Some("build") && buildable => Need::Build(pull_policy("build")),
            Some(_) => Need::Nothing,
            None if buildable => Need::Build(Cause::Missing),
            None => Need::Absent,
        };
    }
    match options
        .pull
        .as_deref()
        .filter(|pull| *pull != "policy")
        .or(service.pull_policy.as_deref())
        .unwrap_or("missing")
    {
        "always" => Need::Pull(pull_policy("always")),
        "build" if buildable => Need::Build(pull_policy("build")),
        "never" if here.is_none() => Need::Absent,
        "never" => Need::Nothing,
        policy => match (here, max_age(policy)) {
            (None, _) if buildable => Need::PullOrBuild,
            (None, _) => Need::Pull(Cause::Missing),
            (Some(image), Some(age)) if is_older(image.last_tagged, age, options.now) => {
                Need::Pull(pull_policy(policy))
            }
            (Some(_), _) => Need::Nothing,
        },
    }
}

/// The images of a service's `pre_start` containers, as far as they are others than the service's own.
pub fn init_images<'a>(project: &Project, name: &str, service: &'a Service) -> impl Iterator<Item = String> + use<'a> {
    let own = project.image_of(name, service);
    service.pre_start.iter().filter_map(|hook| hook.image.clone()).filter(move |image| *image != own)
}

/// Why an image that nobody builds is pulled, if it is.
fn fetched(image: &str, service: &Service, observed: &Observed, options: &ImageOptions) -> Option<Cause> {
    let plain = Service { pull_policy: service.pull_policy.clone(), ..Service::default() };
    match need(&plain, image, observed, options) {
        Need::Pull(cause) => Some(cause),
        _ => None,
    }
}

fn pull_policy(policy: &str) -> Cause {
    Cause::PullPolicy { policy: policy.to_owned() }
}

fn absent(project: &Project, name: &str, image: &str) -> Problem {
    let place = project.places.get(&format!("services.{name}.image"));
    Problem {
        message: format!("service {name}: the image {image} is not here, and may neither be pulled nor built"),
        place: place.cloned(),
        help: Some("allow one of them: pull_policy, --pull, --build".to_owned()),
    }
}

/// The age after which `daily`, `weekly` and `every_<duration>` pull again.
fn max_age(policy: &str) -> Option<Duration> {
    const DAY: u64 = 24 * 60 * 60;
    match policy {
        "daily" => Some(Duration::from_secs(DAY)),
        "weekly" => Some(Duration::from_secs(7 * DAY)),
        other => parse_age(other.strip_prefix("every_")?),
    }
}

/// `1w2d3h4m5s`: weeks, days, hours, minutes, seconds.
fn parse_age(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut digits = String::new();
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        let unit = match character {
            'w' => 604_800,
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let count: u64 = digits.parse().ok()?;
        total = total.checked_add(Duration::from_secs(count.checked_mul(unit)?))?;
        digits.clear();
    }
    digits.is_empty().then_some(total)
}

fn is_older(last_tagged: Option<i64>, age: Duration, now: i64) -> bool {
    let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
    last_tagged.is_none_or(|time| now.saturating_sub(time) > age)
}
