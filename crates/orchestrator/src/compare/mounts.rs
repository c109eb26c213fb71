//! What is mounted: the requests of both programs are read by one function.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bollard::models as api;

use super::Found;
use crate::difference::Difference;

/// What is mounted at a path.
#[derive(Debug, PartialEq)]
struct Mounted {
    kind: Kind,
    /// `None`: an anonymous volume, or a tmpfs.
    source: Option<String>,
    options: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Bind,
    Volume,
    Tmpfs,
    /// `tmpfs` of a service, which is not in the list of mounts.
    TmpfsPath,
    Other,
}

pub(super) fn differences(found: &Found, wanted: &api::ContainerCreateBody) -> Vec<Difference> {
    let config = found.container.config.as_ref();
    let is = mounted(found.container.host_config.as_ref(), config.and_then(|config| config.volumes.as_ref()));
    let wants = mounted(wanted.host_config.as_ref(), wanted.volumes.as_ref());
    let of_image: BTreeSet<&str> = found.image.volumes.iter().flatten().map(|path| clean(path)).collect();
    // The engine mounts an anonymous volume where the image declares one.
    let from_image = |path: &&String| {
        let anonymous = is.get(*path).is_none_or(|mounted| mounted.kind == Kind::Volume && mounted.source.is_none());
        of_image.contains(path.as_str()) && !wants.contains_key(*path) && anonymous
    };
    let paths: BTreeSet<&String> = is.keys().chain(wants.keys()).collect();
    let differing = paths.into_iter().filter(|path| is.get(*path) != wants.get(*path) && !from_image(path));
    let shown = |mounts: &BTreeMap<String, Mounted>, path: &String| mounts.get(path).map(ToString::to_string);
    differing
        .map(|path| {
            let kinds = [is.get(path), wants.get(path)];
            let is_tmpfs = kinds.into_iter().flatten().all(|mounted| mounted.kind == Kind::TmpfsPath);
            let key = if is_tmpfs { "tmpfs" } else { "volumes" };
            Difference::new(format!("{key}[{path}]"), shown(&is, path), shown(&wants, path))
        })
        .collect()
}

impl fmt::Display for Mounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (self.kind, &self.source) {
            (_, Some(source)) => source,
            (Kind::Volume, None) => "an anonymous volume",
            (Kind::Tmpfs | Kind::TmpfsPath, None) => "a tmpfs",
            (Kind::Bind | Kind::Other, None) => "another kind of mount",
        };
        f.write_str(what)?;
        self.options.iter().try_for_each(|option| write!(f, " {option}"))
    }
}

fn mounted(host: Option<&api::HostConfig>, volumes: Option<&Vec<String>>) -> BTreeMap<String, Mounted> {
    let mut all = BTreeMap::new();
    for path in volumes.into_iter().flatten() {
        let volume = Mounted { kind: Kind::Volume, source: None, options: BTreeSet::new() };
        all.insert(clean(path).to_owned(), volume);
    }
    let Some(host) = host else { return all };
    all.extend(host.binds.iter().flatten().filter_map(|entry| bind(entry)));
    all.extend(host.mounts.iter().flatten().map(mount));
    for (path, options) in host.tmpfs.iter().flatten() {
        let options = options.split(',').filter(|option| !option.is_empty()).map(str::to_owned).collect();
        all.insert(clean(path).to_owned(), Mounted { kind: Kind::TmpfsPath, source: None, options });
    }
    all
}

/// `source:target:options`, where the source is a path or a volume's name.
fn bind(entry: &str) -> Option<(String, Mounted)> {
    let mut parts = entry.splitn(3, ':');
    let (source, target) = (parts.next()?, parts.next()?);
    let words = parts.next().unwrap_or_default().split(',');
    let options = words.filter(|word| !["", "rw", "rprivate"].contains(word)).map(str::to_owned).collect();
    let kind = if source.starts_with('/') { Kind::Bind } else { Kind::Volume };
    Some((clean(target).to_owned(), Mounted { kind, source: named(source), options }))
}

fn mount(mount: &api::Mount) -> (String, Mounted) {
    let api::Mount {
        target,
        source,
        typ,
        read_only,
        // It has no effect on Linux.
        consistency: _,
        bind_options,
        volume_options,
        image_options: _,
        tmpfs_options,
    } = mount;
    let mut options: Vec<Option<String>> = vec![read_only.unwrap_or(false).then(|| "ro".to_owned())];
    if let Some(bind) = bind_options {
        let propagation = bind.propagation.map(|propagation| propagation.to_string());
        options.push(propagation.filter(|word| !["", "rprivate"].contains(&word.as_str())));
        options.push(bind.non_recursive.unwrap_or(false).then(|| "not recursive".to_owned()));
        options.push(bind.read_only_non_recursive.unwrap_or(false).then(|| "writable below".to_owned()));
        options.push(bind.read_only_force_recursive.unwrap_or(false).then(|| "read-only below".to_owned()));
    }
    if let Some(volume) = volume_options {
        options.push(volume.no_copy.unwrap_or(false).then(|| "nocopy".to_owned()));
        let subpath = volume.subpath.as_ref().filter(|path| !path.is_empty());
        options.push(subpath.map(|path| format!("subpath={path}")));
    }
    if let Some(tmpfs) = tmpfs_options {
        options.push(tmpfs.size_bytes.filter(|size| *size != 0).map(|size| format!("size={size}")));
        options.push(tmpfs.mode.filter(|mode| *mode != 0).map(|mode| format!("mode={mode:o}")));
    }
    let kind = match typ {
        Some(api::MountType::BIND) => Kind::Bind,
        Some(api::MountType::VOLUME) => Kind::Volume,
        Some(api::MountType::TMPFS) => Kind::Tmpfs,
        _ => Kind::Other,
    };
    let source = source.as_deref().and_then(named);
    let options = options.into_iter().flatten().collect();
    (clean(target.as_deref().unwrap_or_default()).to_owned(), Mounted { kind, source, options })
}

/// An anonymous volume has 64 hexadecimal digits for a name.
fn named(source: &str) -> Option<String> {
    let anonymous = source.len() == 64 && source.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!anonymous && !source.is_empty()).then(|| source.to_owned())
}

fn clean(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    }
}
