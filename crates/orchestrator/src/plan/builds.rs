//! What cannot be done of a `build`: at all, or by the builder that the engine has. Each key is refused by name and place, and
//! none is ignored.

use std::collections::BTreeSet;

use wharf_compose::Project;
use wharf_compose::model::Build;

use super::{ImageAct, ImageBuild, ImageStep, Plan, Step};
use crate::Problem;
use crate::build::{BuildKit, Builder, is_directory};
use crate::request::{attested, bind, cache};

/// The first engines whose BuildKit knows these keys. Earlier ones ignore them.
const KEYS_SINCE: (u32, u32) = (23, 0);

/// How the address of a context begins that older builders do not take for one of a Git repository.
const SSH: &str = "ssh://";
/// The form of such an address that all builders know.
const OTHER_SSH_FORM: &str = "write the address as `git@HOST:PATH.git`";

/// A key that is asked about: its path below `build`, whether it is set in a way that cannot be done, and what to do instead.
type Asked = (String, bool, String);

/// What no builder does.
pub(super) fn problems(project: &Project, name: &str, build: &Build) -> Vec<Problem> {
    bind!(Build {
        additional_contexts cache_from cache_to isolation platforms secrets;
        not args context dockerfile dockerfile_inline entitlements extra_hosts labels network no_cache no_cache_filter
            privileged provenance pull sbom shm_size ssh tags target ulimits;
    } = build);
    let one = "build for one platform here, and for the others on machines that have them";
    let windows = "it is for Windows containers";
    let mut asked: Vec<Asked> = [
        ("isolation", isolation.as_deref().is_some_and(|isolation| isolation != "default"), windows),
        ("platforms", platforms.len() > 1, one),
    ]
    .map(|(key, asked, help)| (key.to_owned(), asked, help.to_owned()))
    .into();
    for (key, context) in additional_contexts {
        let scheme = context.split_once("://").map_or("", |(scheme, _)| scheme);
        let unknown = matches!(scheme, "oci-layout" | "target");
        let help = "use a directory, a Git or http address, `docker-image://NAME` or `service:NAME`";
        asked.push((format!("additional_contexts.{key}"), unknown, help.to_owned()));
    }
    let caches = [
        (
            "cache_from",
            cache_from,
            &["registry"][..],
            "a cache is read from a registry: `type=registry,ref=NAME`, or NAME alone",
        ),
        (
            "cache_to",
            cache_to,
            &["registry", "inline"],
            "`type=inline` puts the cache into the image, `type=registry,ref=NAME` into a registry",
        ),
    ];
    for (key, texts, known, help) in caches {
        for (index, text) in texts.iter().enumerate() {
            let is_known = known.contains(&cache(text).kind.as_str());
            asked.push((format!("{key}[{index}]"), !is_known, help.to_owned()));
        }
    }
    for (index, used) in secrets.iter().enumerate() {
        let defined = project.secrets.get(&used.source);
        let has_value = defined.is_some_and(|secret| secret.file.is_some() || secret.environment.is_some());
        asked.push((
            format!("secrets[{index}]"),
            !has_value,
            "a build takes secrets with `file` or `environment`".to_owned(),
        ));
    }
    refused(project, name, "wharf", asked)
}

/// What the engine's builder cannot do of the builds of a plan. `memory`: whether the caller limits the memory of builds.
pub(crate) fn unbuildable(project: &Project, plan: &Plan, builder: &Builder, memory: bool) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for ImageBuild { service, build } in
        plan.steps().filter_map(build_of).filter(|build| seen.insert(&build.service.name))
    {
        problems.extend(by_builder(project, &service.name, build, builder));
    }
    if memory && !seen.is_empty() && matches!(builder, Builder::BuildKit(_)) {
        problems.push(Problem {
            message: "BuildKit cannot limit the memory of a build (--memory)".to_owned(),
            place: None,
            help: Some("DOCKER_BUILDKIT=0 builds with the classic builder, which can".to_owned()),
        });
    }
    problems
}

/// What the engine's builder cannot do of the build of the service `name`.
pub(crate) fn by_builder(project: &Project, name: &str, build: &Build, builder: &Builder) -> Vec<Problem> {
    match builder {
        Builder::BuildKit(buildkit) => by_buildkit(project, name, build, buildkit),
        Builder::Classic { is_wanted } => by_classic(project, name, build, *is_wanted),
    }
}

/// How a step builds, if it does.
pub(crate) fn build_of(step: &Step) -> Option<&ImageBuild> {
    match step {
        Step::Image(ImageStep {
            act: ImageAct::Build(build) | ImageAct::Pull { or_build: Some(build), .. }, ..
        }) => Some(build),
        _ => None,
    }
}

fn by_buildkit(project: &Project, name: &str, build: &Build, buildkit: &BuildKit) -> Vec<Problem> {
    bind!(Build {
        additional_contexts context extra_hosts network provenance sbom shm_size ulimits;
        // `problems` has judged these, or the engine does.
        not args cache_from cache_to dockerfile dockerfile_inline entitlements isolation labels no_cache
            no_cache_filter platforms privileged pull secrets ssh tags target;
    } = build);
    let version = buildkit.version.as_deref().unwrap_or_default();
    let is_old = wharf_buildkit::is_older(version, KEYS_SINCE);
    let needs = format!("Docker Engine {}.{} or later; this one is {version}", KEYS_SINCE.0, KEYS_SINCE.1);
    let since = format!("it needs {needs}");
    let classic = "DOCKER_BUILDKIT=0 builds with the classic builder, which";
    let network_help = format!("it knows `default`, `host` and `none`; {classic} knows the engine's networks, too");
    let store =
        "the engine's image store keeps no attestations: turn on its containerd image store, or leave the key out";
    let other_network = network.as_deref().is_some_and(|network| !matches!(network, "default" | "host" | "none"));
    let is_asked = |asked: &Option<String>| asked.as_deref().and_then(attested).is_some();
    let gateway = extra_hosts.iter().any(|host| host.ends_with("=host-gateway"));
    let gateway_help = format!("`host-gateway` needs {needs}; write the address instead");
    let ssh_help = format!("`ssh://` needs {needs}; {OTHER_SSH_FORM}");
    let asked = [
        ("additional_contexts", is_old && !additional_contexts.is_empty(), since.clone()),
        ("context", is_old && context.starts_with(SSH), ssh_help),
        ("extra_hosts", is_old && gateway, gateway_help),
        ("network", other_network, network_help),
        ("provenance", is_asked(provenance) && !buildkit.keeps_attestations, store.to_owned()),
        ("sbom", is_asked(sbom) && !buildkit.keeps_attestations, store.to_owned()),
        ("shm_size", is_old && shm_size.is_some(), format!("{since}. {classic} knows it")),
        ("ulimits", is_old && !ulimits.is_empty(), since),
    ];
    refused(project, name, "the engine's BuildKit", asked.map(|(key, asked, help)| (key.to_owned(), asked, help)))
}

/// What to do where the classic builder is not enough. `is_wanted`: the caller has chosen it.
pub(crate) fn needs_buildkit(is_wanted: bool) -> &'static str {
    match is_wanted {
        true => "it needs BuildKit: unset DOCKER_BUILDKIT",
        false => "it needs BuildKit, which this engine does not have",
    }
}

fn by_classic(project: &Project, name: &str, build: &Build, is_wanted: bool) -> Vec<Problem> {
    bind!(Build {
        additional_contexts cache_to context dockerfile dockerfile_inline entitlements extra_hosts no_cache_filter privileged
            provenance sbom secrets shm_size ssh ulimits;
        not args cache_from isolation labels network no_cache platforms pull tags target;
    } = build);
    let help = needs_buildkit(is_wanted);
    let is_fetched = !is_directory(context);
    let is_asked = |asked: &Option<String>| asked.as_deref().and_then(attested).is_some();
    let ssh_help = format!("it does not know `ssh://`; {OTHER_SSH_FORM}");
    let asked = [
        ("additional_contexts", !additional_contexts.is_empty()),
        ("cache_to", !cache_to.is_empty()),
        ("dockerfile", is_fetched && dockerfile.as_deref().is_some_and(is_directory)),
        ("dockerfile_inline", is_fetched && dockerfile_inline.is_some()),
        ("entitlements", !entitlements.is_empty()),
        ("extra_hosts", extra_hosts.len() > 1),
        ("no_cache_filter", !no_cache_filter.is_empty()),
        ("privileged", *privileged),
        ("provenance", is_asked(provenance)),
        ("sbom", is_asked(sbom)),
        ("secrets", !secrets.is_empty()),
        ("shm_size", shm_size.is_some_and(|size| i32::try_from(size).is_err())),
        ("ssh", !ssh.is_empty()),
        ("ulimits", !ulimits.is_empty()),
    ];
    let asked = asked.map(|(key, asked)| (key.to_owned(), asked, help.to_owned()));
    let context = ("context".to_owned(), context.starts_with(SSH), ssh_help);
    refused(project, name, "the classic builder", asked.into_iter().chain([context]))
}

/// Problems of those keys that are set.
fn refused(project: &Project, name: &str, who: &str, asked: impl IntoIterator<Item = Asked>) -> Vec<Problem> {
    let problem = |(key, _, help): Asked| Problem {
        message: format!("service {name}: {who} cannot do `build.{key}`"),
        place: project.places.get(&format!("services.{name}.build.{key}")).cloned(),
        help: Some(help),
    };
    asked.into_iter().filter(|(_, asked, _)| *asked).map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_compose::Options;

    /// What is refused of a build with these keys: key, line, and help.
    fn refusals(keys: &str, builder: Option<&Builder>) -> Vec<String> {
        let text = format!(
            "services:\n  web: {{build: {{{keys}}}}}\n\
             secrets: {{token: {{file: /x}}, elsewhere: {{external: true}}}}"
        );
        let project = Project::load(&Options::from_text(&text)).expect("the project can be loaded").project;
        let build = project.services["web"].build.as_ref().expect("it is built");
        let problems = match builder {
            None => problems(&project, "web", build),
            Some(builder) => by_builder(&project, "web", build, builder),
        };
        let shown = |problem: Problem| {
            let line = problem.place.map(|place| place.line).unwrap_or_default();
            format!("{line}: {}; {}", problem.message, problem.help.unwrap_or_default())
        };
        problems.into_iter().map(shown).collect()
    }

    fn buildkit(version: &str, keeps_attestations: bool) -> Builder {
        Builder::BuildKit(BuildKit { version: Some(version.to_owned()), keeps_attestations, host_gateway: None })
    }

    const EVERYTHING: &str = "context: /src, network: shop_front, provenance: mode=max, sbom: true, ulimits: {nofile: 10}, shm_size: 2g, \
        extra_hosts: ['a=192.0.2.1', 'b=host-gateway'], additional_contexts: {lib: /lib}, secrets: [token], cache_to: [type=inline], \
        privileged: true, entitlements: [network.host], no_cache_filter: [one], ssh: [default]";

    #[test]
    fn what_no_builder_does_is_refused() {
        let keys = "context: /src, isolation: hyperv, platforms: [linux/amd64, linux/arm64], secrets: [token, elsewhere], \
            additional_contexts: {a: 'oci-layout:///x', b: /b}, cache_from: [shop/cache, 'type=local,src=/x'], cache_to: ['type=gha']";
        insta::assert_snapshot!(refusals(keys, None).join("\n"), @"
        2: service web: wharf cannot do `build.isolation`; it is for Windows containers
        2: service web: wharf cannot do `build.platforms`; build for one platform here, and for the others on machines that have them
        2: service web: wharf cannot do `build.additional_contexts.a`; use a directory, a Git or http address, `docker-image://NAME` or `service:NAME`
        2: service web: wharf cannot do `build.cache_from[1]`; a cache is read from a registry: `type=registry,ref=NAME`, or NAME alone
        2: service web: wharf cannot do `build.cache_to[0]`; `type=inline` puts the cache into the image, `type=registry,ref=NAME` into a registry
        2: service web: wharf cannot do `build.secrets[1]`; a build takes secrets with `file` or `environment`
        ");
        assert!(refusals(EVERYTHING, None).is_empty());
    }

    #[test]
    fn what_this_engines_builder_does_not_do_is_refused() {
        insta::assert_snapshot!(refusals(EVERYTHING, Some(&buildkit("20.10.24", false))).join("\n"), @"
        2: service web: the engine's BuildKit cannot do `build.additional_contexts`; it needs Docker Engine 23.0 or later; this one is 20.10.24
        2: service web: the engine's BuildKit cannot do `build.extra_hosts`; `host-gateway` needs Docker Engine 23.0 or later; this one is 20.10.24; write the address instead
        2: service web: the engine's BuildKit cannot do `build.network`; it knows `default`, `host` and `none`; DOCKER_BUILDKIT=0 builds with the classic builder, which knows the engine's networks, too
        2: service web: the engine's BuildKit cannot do `build.provenance`; the engine's image store keeps no attestations: turn on its containerd image store, or leave the key out
        2: service web: the engine's BuildKit cannot do `build.sbom`; the engine's image store keeps no attestations: turn on its containerd image store, or leave the key out
        2: service web: the engine's BuildKit cannot do `build.shm_size`; it needs Docker Engine 23.0 or later; this one is 20.10.24. DOCKER_BUILDKIT=0 builds with the classic builder, which knows it
        2: service web: the engine's BuildKit cannot do `build.ulimits`; it needs Docker Engine 23.0 or later; this one is 20.10.24
        ");
        insta::assert_snapshot!(refusals(EVERYTHING, Some(&buildkit("28.5.2", true))).join("\n"), @"2: service web: the engine's BuildKit cannot do `build.network`; it knows `default`, `host` and `none`; DOCKER_BUILDKIT=0 builds with the classic builder, which knows the engine's networks, too");
        insta::assert_snapshot!(refusals(EVERYTHING, Some(&Builder::Classic { is_wanted: true })).join("\n"), @"
        2: service web: the classic builder cannot do `build.additional_contexts`; it needs BuildKit: unset DOCKER_BUILDKIT
        2: service web: the classic builder cannot do `build.cache_to`; it needs BuildKit: unset DOCKER_BUILDKIT
        2: service web: the classic builder cannot do `build.entitlements`; it needs BuildKit: unset DOCKER_BUILDKIT
        2: service web: the classic builder cannot do `build.extra_hosts`; it needs BuildKit: unset DOCKER_BUILDKIT
        2: service web: the classic builder cannot do `build.no_cache_filter`; it needs BuildKit: unset DOCKER_BUILDKIT
        2: service web: the classic builder cannot do `build.privileged`; it needs BuildKit: unset DOCKER_BUILDKIT
        2: service web: the classic builder cannot do `build.provenance`; it needs BuildKit: unset DOCKER_BUILDKIT
        2: service web: the classic builder cannot do `build.sbom`; it needs BuildKit: unset DOCKER_BUILDKIT
        2: service web: the classic builder cannot do `build.secrets`; it needs BuildKit: unset DOCKER_BUILDKIT
        2: service web: the classic builder cannot do `build.shm_size`; it needs BuildKit: unset DOCKER_BUILDKIT
        2: service web: the classic builder cannot do `build.ssh`; it needs BuildKit: unset DOCKER_BUILDKIT
        2: service web: the classic builder cannot do `build.ulimits`; it needs BuildKit: unset DOCKER_BUILDKIT
        ");
    }

    #[test]
    fn a_context_that_is_fetched_has_its_dockerfile_in_it_for_the_classic_builder() {
        let inline = "context: 'https://example.com/x.git', dockerfile_inline: FROM x";
        insta::assert_snapshot!(refusals(inline, Some(&Builder::Classic { is_wanted: false })).join("\n"), @"2: service web: the classic builder cannot do `build.dockerfile_inline`; it needs BuildKit, which this engine does not have");
        assert!(refusals(inline, Some(&buildkit("20.10.24", false))).is_empty());
    }

    #[test]
    fn git_over_ssh_has_a_form_that_older_builders_know() {
        let keys = "context: 'ssh://git@example.com/x.git'";
        insta::assert_snapshot!(refusals(keys, Some(&buildkit("20.10.24", false))).join("\n"), @"2: service web: the engine's BuildKit cannot do `build.context`; `ssh://` needs Docker Engine 23.0 or later; this one is 20.10.24; write the address as `git@HOST:PATH.git`");
        insta::assert_snapshot!(refusals(keys, Some(&Builder::Classic { is_wanted: false })).join("\n"), @"2: service web: the classic builder cannot do `build.context`; it does not know `ssh://`; write the address as `git@HOST:PATH.git`");
        assert!(refusals(keys, Some(&buildkit("23.0.0", false))).is_empty());
        assert!(refusals("context: 'git@example.com:x.git'", Some(&buildkit("20.10.24", false))).is_empty());
    }

    #[test]
    fn what_is_done_anyway_is_not_refused() {
        let keys = "context: /src, provenance: false, sbom: false, isolation: default, extra_hosts: ['a=192.0.2.1'], network: host";
        for builder in [None, Some(&buildkit("20.10.24", false)), Some(&Builder::Classic { is_wanted: false })] {
            assert!(refusals(keys, builder).is_empty());
        }
    }
}
