//! What is mounted into a container: volumes, paths of the host, memory, secrets and configs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models as api;
use wharf_compose::model::{
    BindOptions, FileMount, FileObject, Mount, MountKind, Service, TmpfsOptions, VolumeOptions,
};
use wharf_docker::listing::MountedVolume;
use wharf_docker::{ApiVersion, labels};

use super::replica::Replica;

/// The oldest API version in which a read-only bind mount makes the mounts below it read-only by default.
const RECURSIVELY_READ_ONLY_SINCE: ApiVersion = ApiVersion { major: 1, minor: 44 };

/// Binds (`source:target:options`) where the host path is to be created, mounts for all else: an engine before API 1.43
/// creates a path only for a bind.
pub(super) fn mounts(replica: &Replica<'_>, version: ApiVersion) -> (Vec<String>, Vec<api::Mount>) {
    let mut binds = Vec::new();
    let mut mounts = Vec::new();
    for mount in &replica.service.volumes {
        let options = mount.bind.clone().unwrap_or_default();
        let is_bind = match mount.kind {
            MountKind::Bind => creates_path(&options) && !needs_mount(&options, version),
            // Only a bind can label a volume.
            MountKind::Volume => options.selinux.is_some() && mount.source.is_some() && !needs_volume(mount),
            _ => false,
        };
        match is_bind {
            true => binds.push(bind(replica, mount, &options)),
            false => mounts.push(api_mount(replica, mount, version)),
        }
    }
    mounts.extend(of_image(replica));
    let files = [
        (&replica.service.secrets, &replica.project.secrets, SECRETS),
        (&replica.service.configs, &replica.project.configs, CONFIGS),
    ];
    for (used, defined, directory) in files {
        mounts.extend(used.iter().filter_map(|file| file_mount(file, defined.get(&file.source)?, directory)));
    }
    (binds, mounts)
}

/// The volumes that the image wants and the file does not mention. They are named here because the engine would make new ones
/// without a label.
fn of_image<'r>(replica: &'r Replica<'_>) -> impl Iterator<Item = api::Mount> + 'r {
    let service = replica.service;
    let is_free = |path: &&str| declared(service, path).is_none() && !is_covered(service, path);
    let mount = |path: &str| {
        let source = inherited_at(replica.inherited, path).map(|old| old.name.clone());
        // The engine makes a relative path absolute only for the image, and a mount would hide what comes from another container.
        let is_clear = path.starts_with('/') && service.volumes_from.is_empty();
        (source.is_some() || is_clear).then(|| api::Mount {
            target: Some(path.to_owned()),
            typ: Some(api::MountType::VOLUME),
            volume_options: volume_options(replica, None, source.is_none()),
            source,
            ..Default::default()
        })
    };
    let paths: BTreeSet<&str> = replica.volumes_of_image.iter().map(|path| path.trim_end_matches('/')).collect();
    paths.into_iter().filter(is_free).filter_map(mount)
}

/// Whether a missing host path is to be created: the specification's default.
pub(crate) fn creates_path(options: &BindOptions) -> bool {
    options.create_host_path.unwrap_or(true)
}

/// Whether a bind asks for what only a mount can say.
fn needs_mount(options: &BindOptions, version: ApiVersion) -> bool {
    match options.recursive.as_deref() {
        Some("disabled") => true,
        // An older engine never makes mounts below read-only.
        Some("writable") => version >= RECURSIVELY_READ_ONLY_SINCE,
        _ => false,
    }
}

/// The old container's volumes that the new one takes over: those of paths at which the file wants an anonymous volume,
/// and those of the image's own volumes (`VOLUME`) unless the file mounts something else there.
pub(crate) fn inherited(
    service: &Service,
    volumes_of_image: &[String],
    old: impl IntoIterator<Item = MountedVolume>,
) -> Vec<MountedVolume> {
    let of_image = |path: &str| volumes_of_image.iter().any(|volume| same_path(volume, path));
    let taken_over = |old: &MountedVolume| match declared(service, &old.path) {
        Some(mount) => mount.kind == MountKind::Volume && mount.source.is_none(),
        None => of_image(&old.path) && !is_covered(service, &old.path),
    };
    old.into_iter().filter(taken_over).collect()
}

fn declared<'a>(service: &'a Service, path: &str) -> Option<&'a Mount> {
    service.volumes.iter().find(|mount| same_path(&mount.target, path))
}

fn inherited_at<'a>(inherited: &'a [MountedVolume], path: &str) -> Option<&'a MountedVolume> {
    inherited.iter().find(|old| same_path(&old.path, path))
}

/// Whether a tmpfs, a secret or a config is mounted at a path.
fn is_covered(service: &Service, path: &str) -> bool {
    let mut tmpfs = service.tmpfs.iter().map(|entry| tmpfs(entry).0);
    let secrets = service.secrets.iter().map(|file| file_target(file, SECRETS));
    let configs = service.configs.iter().map(|file| file_target(file, CONFIGS));
    tmpfs.any(|covered| same_path(&covered, path)) || secrets.chain(configs).any(|covered| same_path(&covered, path))
}

/// Engine and file may differ in a closing slash.
fn same_path(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn bind(replica: &Replica<'_>, mount: &Mount, options: &BindOptions) -> String {
    // A bind that is not recursive is a mount; the host path of a bind is created anyway.
    let BindOptions { selinux, propagation, create_host_path: _, recursive: _ } = options;
    let access = if mount.read_only { "ro" } else { "rw" };
    let nocopy = mount.volume.as_ref().is_some_and(|volume| volume.nocopy).then_some("nocopy");
    let words = [Some(access), propagation.as_deref(), selinux.as_deref(), nocopy].into_iter().flatten();
    let words: Vec<&str> = words.collect();
    format!("{}:{}:{}", source(replica, mount).unwrap_or_default(), mount.target, words.join(","))
}

/// A path of the host, or the engine's name of a volume.
fn source(replica: &Replica<'_>, mount: &Mount) -> Option<String> {
    let key = mount.source.as_ref()?;
    match mount.kind {
        MountKind::Volume => Some(replica.project.volumes.get(key).map_or_else(|| key.clone(), |vol| vol.name.clone())),
        _ => Some(key.clone()),
    }
}

/// Whether a volume asks for what only a mount can say.
fn needs_volume(mount: &Mount) -> bool {
    mount.volume.as_ref().is_some_and(|volume| volume.subpath.is_some() || !volume.labels.is_empty())
}

fn api_mount(replica: &Replica<'_>, mount: &Mount, version: ApiVersion) -> api::Mount {
    let Mount {
        kind,
        source: _,
        target,
        read_only,
        consistency,
        bind,
        volume,
        tmpfs,
        // Refused, with all that is neither a volume nor a bind mount nor a tmpfs.
        image: _,
    } = mount;
    let inherited = || inherited_at(replica.inherited, target).map(|old| old.name.clone());
    let source = match kind {
        MountKind::Volume => source(replica, mount).or_else(inherited),
        MountKind::Bind => source(replica, mount),
        _ => None,
    };
    api::Mount {
        target: Some(target.clone()),
        volume_options: volume_options(replica, volume.as_ref(), *kind == MountKind::Volume && source.is_none()),
        source,
        typ: Some(match kind {
            MountKind::Bind => api::MountType::BIND,
            MountKind::Volume => api::MountType::VOLUME,
            _ => api::MountType::TMPFS,
        }),
        read_only: Some(*read_only),
        consistency: consistency.clone(),
        bind_options: bind.as_ref().and_then(|bind| bind_options(bind, version)),
        tmpfs_options: tmpfs.as_ref().map(|TmpfsOptions { size, mode }| api::MountTmpfsOptions {
            size_bytes: *size,
            mode: mode.map(i64::from),
            options: None,
        }),
        ..Default::default()
    }
}

/// `is_new`: the engine makes an anonymous volume. Its label says whose it is.
fn volume_options(
    replica: &Replica<'_>,
    given: Option<&VolumeOptions>,
    is_new: bool,
) -> Option<api::MountVolumeOptions> {
    let default = VolumeOptions::default();
    let VolumeOptions { labels, nocopy, subpath } = given.or(is_new.then_some(&default))?;
    let own = || (labels::ANONYMOUS_VOLUME_OF.to_owned(), format!("{}/{}", replica.project.name, replica.name));
    let labels: HashMap<_, _> = labels.clone().into_iter().chain(is_new.then(own)).collect();
    Some(api::MountVolumeOptions {
        no_copy: Some(*nocopy),
        subpath: subpath.clone(),
        labels: (!labels.is_empty()).then_some(labels),
        ..Default::default()
    })
}

fn bind_options(options: &BindOptions, version: ApiVersion) -> Option<api::MountBindOptions> {
    // Labels of SELinux exist for binds alone; there they are set.
    let BindOptions { propagation, recursive, create_host_path: _, selinux: _ } = options;
    let recursive = recursive.as_deref();
    // Older engines leave mounts below writable, and do not know the key.
    let writable_below = recursive == Some("writable") && version >= RECURSIVELY_READ_ONLY_SINCE;
    let asked = propagation.is_some() || recursive.is_some();
    asked.then(|| api::MountBindOptions {
        propagation: propagation.as_deref().and_then(|propagation| propagation.parse().ok()),
        non_recursive: (recursive == Some("disabled")).then_some(true),
        read_only_non_recursive: writable_below.then_some(true),
        create_mountpoint: creates_path(options).then_some(true),
        ..Default::default()
    })
}

/// Where secrets appear unless they name a path.
const SECRETS: &str = "/run/secrets/";
/// Where configs appear unless they name a path.
const CONFIGS: &str = "/";

/// A secret or config from a file is mounted read-only; one from the environment or with content is copied in later.
fn file_mount(used: &FileMount, defined: &FileObject, directory: &str) -> Option<api::Mount> {
    let FileObject {
        file,
        // Copied in.
        environment: _,
        content: _,
        value: _,
        // Refused, or of a cluster.
        driver: _,
        driver_opts: _,
        template_driver: _,
        external: _,
        labels: _,
        name: _,
    } = defined;
    Some(api::Mount {
        target: Some(file_target(used, directory)),
        source: Some(file.clone()?),
        typ: Some(api::MountType::BIND),
        read_only: Some(true),
        ..Default::default()
    })
}

/// The file of the host that a secret or config is mounted from; `None`: it is copied into the container.
pub(crate) fn mounted_file<'o>(used: &FileMount, defined: &'o BTreeMap<String, FileObject>) -> Option<&'o str> {
    defined.get(&used.source)?.file.as_deref()
}

/// Whether a secret or config is written into the container, not mounted.
pub(crate) fn is_copied(defined: &FileObject) -> bool {
    defined.file.is_none()
}

/// Where a secret or config appears in the container.
pub(crate) fn file_target(used: &FileMount, directory: &str) -> String {
    // A mount has the owner and the mode of its file; they count for what is copied in.
    let FileMount { source, target, uid: _, gid: _, mode: _ } = used;
    match target.as_deref() {
        Some(target) if target.starts_with('/') => target.to_owned(),
        Some(target) => format!("{directory}{target}"),
        None => format!("{directory}{source}"),
    }
}

/// `/run:size=64m` is the path and its options.
pub(super) fn tmpfs(entry: &str) -> (String, String) {
    let (path, options) = entry.split_once(':').unwrap_or((entry, ""));
    (path.to_owned(), options.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::NO_OWNERS;
    use wharf_compose::{Options, Project};

    fn project(service: &str) -> Project {
        let text =
            format!("services:\n  web: {{image: x, {service}}}\nvolumes: {{data: }}\nconfigs: {{c: {{content: x}}}}\n");
        Project::load(&Options::from_text(&text)).expect("the project can be loaded").project
    }

    /// The mounts of the new container whose old one had `old` at `/data`, from an image with `VOLUME volumes`.
    fn requested(service: &str, volumes: &[&str], old: &str) -> Vec<api::Mount> {
        let project = project(service);
        let service = &project.services["web"];
        let volumes: Vec<String> = volumes.iter().map(|path| (*path).to_owned()).collect();
        let old = MountedVolume { name: old.to_owned(), path: "/data".to_owned() };
        let inherited = inherited(service, &volumes, [old]);
        let replica = Replica {
            project: &project,
            name: "web",
            service,
            number: 1,
            image_id: None,
            volumes_of_image: &volumes,
            inherited: &inherited,
            owners: &NO_OWNERS,
            replaces: false,
        };
        mounts(&replica, ApiVersion { major: 1, minor: 51 }).1
    }

    fn mounted(service: &str, volumes: &[&str], old: &str) -> Vec<String> {
        let shown = |mount: api::Mount| {
            let text = |value: Option<String>| value.unwrap_or_else(|| "new".to_owned());
            format!("{} at {}", text(mount.source), text(mount.target))
        };
        requested(service, volumes, old).into_iter().map(shown).collect()
    }

    #[test]
    fn each_volume_that_the_engine_makes_says_whose_it_is() {
        let labelled = |service: &str, volumes: &[&str]| {
            let labels = |mount: api::Mount| mount.volume_options.and_then(|options| options.labels);
            let label = |labels: HashMap<String, String>| labels.get(labels::ANONYMOUS_VOLUME_OF).cloned();
            let label = |mount: api::Mount| (mount.target.clone().unwrap_or_default(), labels(mount).and_then(label));
            requested(service, volumes, "old").into_iter().map(label).collect::<Vec<_>>()
        };
        let ours = || Some("project/web".to_owned());
        assert_eq!(labelled("volumes: [/more]", &[]), [("/more".to_owned(), ours())]);
        assert_eq!(labelled("tty: true", &["/more/"]), [("/more".to_owned(), ours())], "the image's own");
        assert_eq!(labelled("volumes: [/data]", &["/data"]), [("/data".to_owned(), None)], "taken over");
        assert_eq!(labelled("volumes: [data:/data]", &["/data"]), [("/data".to_owned(), None)], "named");
        assert!(labelled("tty: true", &["more"]).is_empty(), "a mount has an absolute path");
        assert!(labelled("volumes_from: ['container:x']", &["/more"]).is_empty(), "that container may have it");
    }

    #[test]
    fn a_recreated_container_takes_its_anonymous_volume_over_once() {
        assert_eq!(mounted("volumes: [/data]", &[], "old"), ["old at /data"]);
        assert_eq!(mounted("volumes: [{type: volume, target: /data/}]", &[], "old"), ["old at /data"]);
        assert_eq!(mounted("volumes: [/data, /more]", &["/data"], "old"), ["old at /data", "new at /more"]);
        assert_eq!(mounted("tty: true", &["/data/"], "old"), ["old at /data"], "the image's own");
    }

    fn binds(service: &str) -> Vec<String> {
        let project = project(service);
        let service = &project.services["web"];
        let replica = Replica {
            project: &project,
            name: "web",
            service,
            number: 1,
            image_id: None,
            volumes_of_image: &[],
            inherited: &[],
            owners: &NO_OWNERS,
            replaces: false,
        };
        mounts(&replica, ApiVersion { major: 1, minor: 41 }).0
    }

    #[test]
    fn a_missing_host_path_is_created_unless_the_file_says_otherwise() {
        assert_eq!(binds("volumes: ['/src:/data']"), ["/src:/data:rw"]);
        assert_eq!(binds("volumes: [{type: bind, source: /src, target: /data}]"), ["/src:/data:rw"]);
        assert_eq!(binds("volumes: [{type: bind, source: /src, target: /data, bind: {}}]"), ["/src:/data:rw"]);
        let kept = "volumes: [{type: bind, source: /src, target: /data, bind: {create_host_path: false}}]";
        assert!(binds(kept).is_empty());
    }

    #[test]
    fn a_label_of_selinux_reaches_a_volume() {
        assert_eq!(binds("volumes: ['data:/data:Z']"), ["project_data:/data:rw,Z"]);
        assert_eq!(binds("volumes: ['data:/data:ro,z,nocopy']"), ["project_data:/data:ro,z,nocopy"]);
        assert!(binds("volumes: ['data:/data']").is_empty());
    }

    #[test]
    fn a_path_that_is_something_else_now_is_not_taken_over() {
        assert_eq!(mounted("volumes: [data:/data]", &["/data"], "old"), ["project_data at /data"]);
        assert_eq!(mounted("volumes: [{type: tmpfs, target: /data}]", &["/data"], "old"), ["new at /data"]);
        assert!(mounted("tmpfs: ['/data:size=1m']", &["/data"], "old").is_empty());
        assert!(mounted("configs: [{source: c, target: /data}]", &["/data"], "old").is_empty());
        assert!(mounted("tty: true", &[], "old").is_empty(), "neither the file nor the image wants a volume there");
    }
}
