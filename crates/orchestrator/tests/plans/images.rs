//! Which images are pulled and built.

use super::*;

#[test]
fn a_build_that_cannot_be_done_as_the_file_says_is_refused() {
    let mut project = shop();
    let build = Build { context: "/src".into(), isolation: Some("hyperv".to_owned()), ..Build::default() };
    project.services.get_mut("web").unwrap().build = Some(build);
    let build = ImageOptions { build: true, only: Some(Only::Built), ..ImageOptions::default() };
    insta::assert_snapshot!(refusals(plan::images(&project, &nothing(), &build)), @r#"
    service web: wharf cannot do `build.isolation`
      it is for Windows containers
    "#);
}

#[test]
fn images_are_pulled_when_missing_and_built_when_the_registry_has_none() {
    let mut project = shop();
    project.services.get_mut("web").unwrap().build = Some(Build { context: "/src".into(), ..Build::default() });
    let plan_for = |options: &ImageOptions| plan::images(&project, &Observed::default(), options).unwrap().to_string();
    insta::assert_snapshot!(plan_for(&ImageOptions::default()), @r#"
    1. pull image postgres:15        not there yet
    2. pull or build image shop/web  not there yet
    "#);
    insta::assert_snapshot!(plan_for(&ImageOptions { build: true, ..ImageOptions::default() }), @r#"
    1. pull image postgres:15  not there yet
    2. build image shop/web    asked for
    "#);
    let here = plan::images(&project, &nothing(), &ImageOptions::default()).unwrap();
    assert!(here.is_empty(), "{here}");
}

#[test]
fn an_image_that_may_not_be_fetched_is_named() {
    let mut project = shop();
    project.services.get_mut("db").unwrap().pull_policy = Some(PullPolicy::Never);
    let result = plan::images(&project, &Observed::default(), &ImageOptions::default());
    insta::assert_snapshot!(refusals(result), @r#"
    service db: the image postgres:15 is not here, and may neither be pulled nor built
      allow one of them: pull_policy, --pull, --build
    "#);
}

#[test]
fn an_old_image_is_pulled_again_by_its_policy() {
    let mut project = shop();
    project.services.get_mut("db").unwrap().pull_policy = "every_2h".parse().ok();
    let mut observed = nothing();
    let hours = |hours: i64| hours * 3600 * 1_000_000_000;
    observed.images.get_mut("postgres:15").unwrap().last_tagged = Some(hours(10));
    let at = |now| plan::images(&project, &observed, &ImageOptions { now, ..ImageOptions::default() }).unwrap();
    assert!(at(hours(11)).is_empty());
    insta::assert_snapshot!(at(hours(13)), @"  1. pull image postgres:15  pull_policy: every_2h");
}

#[test]
fn the_age_of_a_pull_policy_may_have_a_fraction() {
    let mut project = shop();
    project.services.get_mut("db").unwrap().pull_policy = "every_1.5h".parse().ok();
    let mut observed = nothing();
    let minutes = |minutes: i64| minutes * 60 * 1_000_000_000;
    observed.images.get_mut("postgres:15").unwrap().last_tagged = Some(0);
    let at = |now| plan::images(&project, &observed, &ImageOptions { now, ..ImageOptions::default() }).unwrap();
    assert!(at(minutes(89)).is_empty());
    insta::assert_snapshot!(at(minutes(91)), @"  1. pull image postgres:15  pull_policy: every_1.5h");
}

#[test]
fn an_image_is_built_after_those_of_the_services_it_depends_on() {
    let mut project = shop();
    for service in project.services.values_mut() {
        service.build = Some(Build::default());
    }
    let options = ImageOptions { build: true, ..ImageOptions::default() };
    insta::assert_snapshot!(plan::images(&project, &nothing(), &options).unwrap(), @r#"
    1. build image postgres:15  asked for
    2. build image shop/web     asked for  after 1
    "#);
}

#[test]
fn a_pull_leaves_out_what_no_registry_has() {
    let mut project = shop();
    let build = || Some(Build { context: "/src".into(), ..Build::default() });
    project.services.get_mut("web").unwrap().build = build();
    let nameless = Service { build: build(), image: None, ..project.services["db"].clone() };
    project.services.insert("worker".into(), nameless);
    let pulled = |ignore_buildable| {
        let only = Some(Only::Pulled { ignore_buildable });
        let options = ImageOptions { only, no_build: true, pull: Some(PullPolicy::Always), ..ImageOptions::default() };
        plan::images(&project, &nothing(), &options).unwrap().to_string()
    };
    insta::assert_snapshot!(pulled(false), @r"
    1. pull image postgres:15  asked for
    2. pull image shop/web     asked for
    ");
    insta::assert_snapshot!(pulled(true), @"  1. pull image postgres:15  asked for");
}

#[test]
fn a_pull_follows_the_policies_of_the_file_unless_it_is_given_one() {
    let pulled = |image: &str, policy: &str, given: Option<PullPolicy>, here: bool| {
        let mut project = shop();
        project.services.remove("web");
        let db = project.services.get_mut("db").unwrap();
        (db.image, db.pull_policy) = (Some(image.into()), policy.parse().ok());
        let only = Some(Only::Pulled { ignore_buildable: false });
        let options = ImageOptions { only, no_build: true, pull: given, ..ImageOptions::default() };
        let image = (image.to_owned(), Image { id: "sha256:db".into(), last_tagged: Some(0), ..Image::default() });
        let images = here.then_some(image).into_iter().collect();
        let observed = Observed { images, ..Observed::default() };
        !plan::images(&project, &observed, &options).unwrap().is_empty()
    };
    for (image, policy, when_here, when_missing) in [
        ("db:1", "", true, true),
        ("db:1", "always", true, true),
        ("db:1", "daily", true, true),
        ("db:1", "missing", false, true),
        ("db:1", "if_not_present", false, true),
        ("db:1", "never", false, false),
        ("db:1", "build", false, false),
        ("db", "missing", true, true),
        ("db:latest", "missing", true, true),
    ] {
        assert_eq!(pulled(image, policy, None, true), when_here, "{image} {policy:?} is here");
        assert_eq!(pulled(image, policy, None, false), when_missing, "{image} {policy:?} is missing");
        assert!(pulled(image, policy, Some(PullPolicy::Always), true), "--policy overrides {policy:?}");
        assert!(!pulled(image, policy, Some(PullPolicy::Missing), true), "--policy overrides {policy:?}");
    }
}

#[test]
fn an_image_is_pulled_for_the_platform_of_its_service() {
    let mut project = shop();
    project.services.get_mut("db").unwrap().platform = Some("linux/arm64".into());
    project.set_default_platform("linux/386");
    let plan = plan::images(&project, &Observed::default(), &ImageOptions::default()).unwrap();
    let platforms = plan.steps().map(|step| match step {
        Step::Image(ImageStep { act: ImageAct::Pull { platform, .. }, .. }) => platform.clone().unwrap_or_default(),
        other => panic!("{other:?}"),
    });
    assert_eq!(platforms.collect::<Vec<_>>(), ["linux/arm64", "linux/386"]);
}

#[test]
fn builds_take_what_the_caller_wants_otherwise() {
    let mut project = shop();
    let args = [("MODE".to_owned(), Some("debug".to_owned())), ("KEPT".to_owned(), Some("1".to_owned()))];
    let build = Build { args: args.into_iter().collect(), ..Build::default() };
    project.services.get_mut("web").unwrap().build = Some(build);
    let args = vec![("MODE".to_owned(), Some("release".to_owned())), ("EXTRA".to_owned(), None)];
    let build_overrides = plan::BuildOverrides { no_cache: true, args, ..Default::default() };
    let options = ImageOptions { build: true, only: Some(Only::Built), build_overrides, ..ImageOptions::default() };
    let plan = plan::images(&project, &nothing(), &options).unwrap();
    let steps: Vec<_> = plan.steps().collect();
    let [Step::Image(ImageStep { image, act: ImageAct::Build(built) })] = steps[..] else { panic!("{plan}") };
    assert_eq!((image.as_str(), built.build.no_cache, built.build.pull), ("shop/web", true, false));
    let args: Vec<_> = built.build.args.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
    assert_eq!(args, [("MODE", Some("release")), ("KEPT", Some("1")), ("EXTRA", None)]);
    assert!(!project.services["web"].build.as_ref().unwrap().no_cache, "the project is as it was");
}

#[test]
fn what_a_build_takes_from_another_service_is_built_before_it() {
    let mut project = shop();
    let build = |contexts: &[(&str, &str)]| {
        let additional_contexts =
            contexts.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Some(Build { context: "/src".into(), additional_contexts, ..Build::default() })
    };
    // `cache` is no dependency of `web`, and comes after it by name.
    let cache = Service { image: Some("shop/zcache".into()), build: build(&[]), ..Service::default() };
    project.services.insert("zcache".to_owned(), cache);
    project.services.get_mut("web").unwrap().build = build(&[("cache", "service:zcache"), ("lib", "/lib")]);
    let options = ImageOptions {
        services: vec!["web".to_owned()],
        no_deps: true,
        build: true,
        only: Some(Only::Built),
        ..ImageOptions::default()
    };
    insta::assert_snapshot!(plan::images(&project, &nothing(), &options).unwrap(), @"
    1. build image shop/zcache  asked for
    2. build image shop/web     asked for  after 1
    ");
}
