//! A build as the engine's BuildKit wants it: attributes of the Dockerfile frontend and of the exporter, caches, and what the
//! build may ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wharf_buildkit::{CacheEntry, Folder, Offer, Request, Secret};
use wharf_compose::Project;
use wharf_compose::model::{Build, FileMount, FileObject, Service, Ulimit};
use wharf_docker::Logins;

use super::image::image_labels;
use super::keys::bind;
use crate::build::{BuildKit, Sources, USUAL};

/// The name of the Dockerfile's folder, and the attribute by which the frontend takes it from there.
const DOCKERFILE: &str = "dockerfile";
/// The name of the context's folder.
const CONTEXT: &str = "context";
/// The privileges that `network: host` and `privileged` need.
const HOST_NETWORK: &str = "network.host";
const INSECURE: &str = "security.insecure";
/// What stands for the host's address in `extra_hosts`.
const HOST_GATEWAY: &str = "host-gateway";

/// The first engine whose BuildKit takes a directory of a repository from its address.
const SUBDIRECTORIES_SINCE: (u32, u32) = (23, 0);

/// The request that builds the image of the service `name`.
pub(crate) fn solve(
    project: &Project,
    (name, service): (&str, &Service),
    build: &Build,
    sources: &Sources,
    buildkit: &BuildKit,
    logins: Arc<Logins>,
) -> Request {
    bind!(Build {
        additional_contexts args cache_from cache_to context dockerfile entitlements extra_hosts network no_cache
            no_cache_filter platforms privileged provenance pull sbom secrets shm_size tags target ulimits;
        // In the labels, in `sources`, or refused.
        not labels dockerfile_inline ssh isolation;
    } = build);
    let mut attributes = BTreeMap::new();
    let mut set = |key: &str, value: String| attributes.insert(key.to_owned(), value);
    let (address, directory) = fetched(context, buildkit);
    if sources.context.is_none() {
        set(CONTEXT, address);
        directory.as_ref().map(|directory| set("contextsubdir", directory.clone()));
    }
    match (&sources.dockerfile, dockerfile) {
        (Some(dockerfile), _) => {
            set("filename", dockerfile.name().to_owned());
            // Else it would be looked for in what the engine fetches.
            if sources.context.is_none() {
                set("dockerfilekey", DOCKERFILE.to_owned());
            }
        }
        (None, path) => {
            // With such a directory it is still looked for from the top.
            let path = path.as_deref().or(directory.is_some().then_some(USUAL));
            let path =
                path.map(|path| directory.iter().map(String::as_str).chain([path]).collect::<Vec<_>>().join("/"));
            path.map(|path| set("filename", path));
        }
    }
    for (key, value) in args.iter().filter_map(|(key, value)| Some((key, value.as_deref()?))) {
        set(&format!("build-arg:{key}"), value.to_owned());
    }
    for (key, value) in image_labels(project, (name, service), build) {
        set(&format!("label:{key}"), value.to_owned());
    }
    for (key, context) in additional_contexts {
        set(&format!("context:{key}"), further_context(project, key, context));
    }
    for (key, value) in [("target", target), ("force-network-mode", network)] {
        if let Some(value) = value.as_ref().filter(|value| *value != "default") {
            set(key, value.clone());
        }
    }
    if *no_cache {
        set("no-cache", String::new());
    } else if !no_cache_filter.is_empty() {
        set("no-cache", no_cache_filter.join(","));
    }
    if *pull {
        set("image-resolve-mode", "pull".to_owned());
    }
    // More than one is refused.
    if let Some(platform) = platforms.first() {
        set("platform", platform.clone());
    }
    if !extra_hosts.is_empty() {
        let host = |host: &String| match host.split_once('=') {
            Some((name, HOST_GATEWAY)) => {
                format!("{name}={}", buildkit.host_gateway.as_deref().unwrap_or(HOST_GATEWAY))
            }
            _ => host.clone(),
        };
        set("add-hosts", extra_hosts.iter().map(host).collect::<Vec<_>>().join(","));
    }
    if let Some(size) = shm_size {
        set("shm-size", size.to_string());
    }
    if !ulimits.is_empty() {
        set("ulimit", ulimits.iter().map(|(name, limit)| ulimit(name, limit)).collect::<Vec<_>>().join(","));
    }
    for (kind, asked) in [("provenance", provenance), ("sbom", sbom)] {
        if let Some(settings) = asked.as_deref().and_then(attested) {
            set(&format!("attest:{kind}"), settings.to_owned());
        }
    }
    let mut entitlements: BTreeSet<String> = entitlements.iter().cloned().collect();
    entitlements.extend((network.as_deref() == Some("host")).then(|| HOST_NETWORK.to_owned()));
    entitlements.extend(privileged.then(|| INSECURE.to_owned()));
    let names: Vec<String> = std::iter::once(project.image_of(name, service)).chain(tags.iter().cloned()).collect();
    Request {
        attributes,
        export: [("name".to_owned(), names.join(","))].into(),
        cache_from: cache_from.iter().map(|text| cache(text)).collect(),
        cache_to: cache_to.iter().map(|text| cache(text)).collect(),
        entitlements: entitlements.into_iter().collect(),
        offer: Offer {
            folders: folders(sources),
            secrets: secrets.iter().filter_map(|used| secret(used, project.secrets.get(&used.source)?)).collect(),
            agents: sources.agents.clone(),
            logins,
        },
        raw_reports: false,
    }
}

/// The address of a context that the engine fetches, and the directory in it where its BuildKit does not read that from the
/// address itself (`#ref:directory`).
fn fetched(context: &str, buildkit: &BuildKit) -> (String, Option<String>) {
    let is_old = wharf_buildkit::is_older(buildkit.version.as_deref().unwrap_or_default(), SUBDIRECTORIES_SINCE);
    let parts = context.split_once('#').and_then(|(url, fragment)| Some((url, fragment.split_once(':')?)));
    match parts.filter(|_| is_old) {
        Some((url, ("", directory))) => (url.to_owned(), Some(directory.to_owned())),
        Some((url, (reference, directory))) => (format!("{url}#{reference}"), Some(directory.to_owned())),
        None => (context.to_owned(), None),
    }
}

/// What `additional_contexts` names, in the frontend's words.
fn further_context(project: &Project, key: &str, context: &str) -> String {
    let image_of = |other: &str| Some(project.image_of(other, project.services.get(other)?));
    match context.strip_prefix("service:") {
        Some(other) => format!("docker-image://{}", image_of(other).unwrap_or_default()),
        None if crate::build::is_directory(context) => format!("local:{}", further_folder(key)),
        None => context.to_owned(),
    }
}

/// The name of a further context's folder, which is none of the usual ones.
fn further_folder(key: &str) -> String {
    format!("further-{key}")
}

fn folders(sources: &Sources) -> BTreeMap<String, Folder> {
    let mut folders = BTreeMap::new();
    if let Some(root) = &sources.context {
        folders.insert(CONTEXT.to_owned(), Folder::Directory(root.clone()));
    }
    if let Some(dockerfile) = &sources.dockerfile {
        let name = dockerfile.name();
        let mut files = BTreeMap::from([(name.to_owned(), dockerfile.text.clone())]);
        files.extend(dockerfile.ignore.iter().map(|ignore| (format!("{name}.dockerignore"), ignore.clone())));
        folders.insert(DOCKERFILE.to_owned(), Folder::Files(files));
    }
    for (key, path) in &sources.further {
        folders.insert(further_folder(key), Folder::Directory(path.clone()));
    }
    folders
}

/// A secret with its identifier. Those that are neither a file nor in the environment are refused.
fn secret(used: &FileMount, defined: &FileObject) -> Option<(String, Secret)> {
    let secret = match (&defined.file, &defined.value) {
        (Some(file), _) => Secret::File(file.into()),
        (None, Some(value)) => Secret::Value(value.0.clone().into_bytes()),
        (None, None) => return None,
    };
    Some((used.target.clone().unwrap_or_else(|| used.source.clone()), secret))
}

/// `nofile=1024:2048`
fn ulimit(name: &str, limit: &Ulimit) -> String {
    let (soft, hard) = match limit {
        Ulimit::Single(limit) => (limit, limit),
        Ulimit::Pair { soft, hard } => (soft, hard),
    };
    format!("{name}={soft}:{hard}")
}

/// The settings of an attestation that is asked for. `None`: it is not.
pub(crate) fn attested(asked: &str) -> Option<&str> {
    match asked {
        "false" => None,
        "true" => Some(""),
        settings => Some(settings),
    }
}

/// A cache as buildx writes it: `type=registry,ref=shop/cache`, or a reference alone.
pub(crate) fn cache(text: &str) -> CacheEntry {
    let mut attributes: BTreeMap<String, String> = match text.contains('=') {
        true => text
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
            .collect(),
        false => [("ref".to_owned(), text.to_owned())].into(),
    };
    CacheEntry { kind: attributes.remove("type").unwrap_or_else(|| "registry".to_owned()), attributes }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::build::Dockerfile;
    use wharf_compose::Options;

    /// The request for the service `web` of a file, as text.
    fn request(keys: &str, sources: &Sources) -> String {
        request_for(keys, sources, "28.5.2")
    }

    /// The same for another version of the engine.
    fn request_for(keys: &str, sources: &Sources, version: &str) -> String {
        let text = format!(
            "name: shop\nservices:\n  web: {{build: {{{keys}}}}}\n  base: {{image: shop/base, build: /base}}\n\
             secrets: {{token: {{file: /run/token}}, key: {{environment: KEY}}}}\n"
        );
        let mut options = Options::from_text(&text);
        options.environment.insert("KEY".to_owned(), "geheim".to_owned());
        let project = Project::load(&options).expect("the project can be loaded").project;
        let service = &project.services["web"];
        let buildkit = BuildKit {
            version: Some(version.to_owned()),
            host_gateway: Some("172.17.0.1".to_owned()),
            ..BuildKit::default()
        };
        let logins = Arc::new(Logins::in_directory(Path::new("/none")));
        let build = service.build.as_ref().expect("it is built");
        let request = solve(&project, ("web", service), build, sources, &buildkit, logins);
        let attributes = request.attributes.iter().map(|(key, value)| format!("{key}={value}"));
        let export = request.export.iter().map(|(key, value)| format!("export {key}={value}"));
        let caches = [("from", &request.cache_from), ("to", &request.cache_to)];
        let caches = caches.into_iter().flat_map(|(way, caches)| {
            caches.iter().map(move |cache| format!("cache {way} {} {:?}", cache.kind, cache.attributes))
        });
        let entitlements = request.entitlements.iter().map(|name| format!("entitlement {name}"));
        let folders = request.offer.folders.iter().map(|(name, folder)| format!("folder {name}: {folder:?}"));
        let secrets = request.offer.secrets.iter().map(|(id, secret)| format!("secret {id}: {secret:?}"));
        attributes
            .chain(export)
            .chain(caches)
            .chain(entitlements)
            .chain(folders)
            .chain(secrets)
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn here() -> Sources {
        let dockerfile = Dockerfile { path: Some(PathBuf::from("/src/web.Dockerfile")), ..Dockerfile::default() };
        Sources { context: Some("/src".into()), dockerfile: Some(dockerfile), ..Sources::default() }
    }

    #[test]
    fn a_plain_build_has_its_labels_and_its_name() {
        insta::assert_snapshot!(request("context: /src, args: {A: 1, B: }", &here()), @r#"
        build-arg:A=1
        filename=web.Dockerfile
        label:com.docker.compose.project=shop
        label:com.docker.compose.service=web
        export name=shop-web
        folder context: Directory("/src")
        folder dockerfile: Files({"web.Dockerfile": []})
        "#);
    }

    #[test]
    fn every_key_has_its_attribute() {
        let keys = "context: /src, target: final, network: host, no_cache_filter: [one, two], pull: true, platforms: [linux/amd64], \
                    extra_hosts: ['a=192.0.2.1', 'b=host-gateway'], shm_size: 1m, ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}, \
                    provenance: mode=max, sbom: true, privileged: true, tags: [shop/web:2], \
                    cache_from: [shop/cache, 'type=registry,ref=x'], cache_to: [type=inline], \
                    secrets: [token, {source: key, target: api}], \
                    additional_contexts: {lib: /lib, base: 'service:base', tools: 'docker-image://tools:1', src: 'https://example.com/x.git#v1'}";
        let sources = Sources { further: [("lib".to_owned(), "/lib".into())].into(), ..here() };
        insta::assert_snapshot!(request(keys, &sources), @r#"
        add-hosts=a=192.0.2.1,b=172.17.0.1
        attest:provenance=mode=max
        attest:sbom=
        context:base=docker-image://shop/base
        context:lib=local:further-lib
        context:src=https://example.com/x.git#v1
        context:tools=docker-image://tools:1
        filename=web.Dockerfile
        force-network-mode=host
        image-resolve-mode=pull
        label:com.docker.compose.project=shop
        label:com.docker.compose.service=web
        no-cache=one,two
        platform=linux/amd64
        shm-size=1048576
        target=final
        ulimit=nofile=1:2,nproc=3:3
        export name=shop-web,shop/web:2
        cache from registry {"ref": "shop/cache"}
        cache from registry {"ref": "x"}
        cache to inline {}
        entitlement network.host
        entitlement security.insecure
        folder context: Directory("/src")
        folder dockerfile: Files({"web.Dockerfile": []})
        folder further-lib: Directory("/lib")
        secret api: Value(..)
        secret token: File("/run/token")
        "#);
    }

    #[test]
    fn the_engine_fetches_a_context_with_or_without_the_dockerfile() {
        let git = "context: 'https://example.com/x.git#main:web', dockerfile: docker/Dockerfile";
        insta::assert_snapshot!(request(git, &Sources::default()), @"
        context=https://example.com/x.git#main:web
        filename=docker/Dockerfile
        label:com.docker.compose.project=shop
        label:com.docker.compose.service=web
        export name=shop-web
        ");
        let old = request_for(git, &Sources::default(), "20.10.24");
        assert!(
            old.contains("context=https://example.com/x.git#main\ncontextsubdir=web\nfilename=web/docker/Dockerfile\n"),
            "{old}"
        );
        let inline = Dockerfile { text: b"FROM x".to_vec(), ..Dockerfile::default() };
        let sources = Sources { dockerfile: Some(inline), ..Sources::default() };
        insta::assert_snapshot!(request("context: 'https://example.com/x.git', dockerfile_inline: FROM x", &sources), @r#"
        context=https://example.com/x.git
        dockerfilekey=dockerfile
        filename=Dockerfile
        label:com.docker.compose.project=shop
        label:com.docker.compose.service=web
        export name=shop-web
        folder dockerfile: Files({"Dockerfile": [70, 82, 79, 77, 32, 120]})
        "#);
    }
}
