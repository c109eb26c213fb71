//! Makes the paths of a tree absolute.

use std::path::{Component, Path, PathBuf};

use crate::find::files::clean;
use crate::find::remote::is_remote;
use crate::spec::short::mounts::is_windows_drive;
use wharf_yaml::{Node, Value};

/// What paths are relative to.
pub(crate) struct Base<'b> {
    /// The project directory, or that of an included or extended file: absolute, or relative where paths stay relative.
    pub(crate) dir: &'b Path,
    /// The directory that replaces `~`.
    pub(crate) home: Option<&'b str>,
}

impl Base<'_> {
    /// `path` as an absolute path; the empty path stays empty.
    pub(crate) fn absolute(&self, path: &str) -> String {
        if path.is_empty() {
            return String::new();
        }
        let path = self.expand_home(path);
        // A home directory is left in a path that stays relative.
        if path.starts_with('/') || (path.starts_with('~') && self.dir.is_relative()) {
            return path;
        }
        match clean(&self.dir.join(path)).to_string_lossy().into_owned() {
            here if here.is_empty() => ".".to_owned(),
            path => path,
        }
    }

    fn expand_home(&self, path: &str) -> String {
        match (path.strip_prefix('~'), self.home) {
            (Some(rest), Some(home)) => clean(Path::new(&format!("{home}/{rest}"))).to_string_lossy().into_owned(),
            _ => path.to_owned(),
        }
    }

    /// Like [`Base::absolute`]; the paths of a Windows host stay as they are.
    fn host(&self, path: &str) -> String {
        match path {
            "" => self.absolute("."),
            path if is_windows_drive(path) || path.starts_with("\\\\") => path.to_owned(),
            path => self.absolute(path),
        }
    }

    /// A build context: a path, a URL, or another service's image.
    fn context(&self, context: &str) -> String {
        const REMOTE: [&str; 6] = ["https://", "http://", "git://", "ssh://", "github.com/", "git@"];
        let remote = context.contains("://") || context.starts_with("service:");
        if remote || REMOTE.iter().any(|prefix| context.starts_with(prefix)) {
            return context.to_owned();
        }
        self.absolute(context)
    }
}

/// The way from one directory to another. Both are absolute.
pub(crate) fn relative(directory: &Path, from: &Path) -> PathBuf {
    let shared = directory.components().zip(from.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(directory.components().skip(shared)).collect()
}

/// Makes the paths of a whole file's tree absolute.
pub(crate) fn resolve(tree: &mut Node, base: &Base<'_>) {
    for service in entries(tree.get_mut("services")) {
        resolve_service(service, base);
    }
    for section in ["configs", "secrets"] {
        for object in entries(tree.get_mut(section)) {
            edit(object.get_mut("file"), |path| base.host(path));
        }
    }
    for volume in entries(tree.get_mut("volumes")) {
        // The local driver with `o: bind` is a bind mount by another name.
        let bind = volume.get_text("driver") == Some("local")
            && volume.get("driver_opts").and_then(|options| options.get_text("o")) == Some("bind");
        if bind && let Some(options) = volume.get_mut("driver_opts") {
            edit(options.get_mut("device"), |path| base.host(path));
        }
    }
}

/// Makes the paths of a service absolute.
pub(crate) fn resolve_service(service: &mut Node, base: &Base<'_>) {
    if let Some(build) = service.get_mut("build") {
        edit(build.get_mut("context"), |path| base.context(path));
        for context in entries(build.get_mut("additional_contexts")) {
            edit(Some(context), |path| base.context(path));
        }
        for key in entries(build.get_mut("ssh")) {
            edit(Some(key), |path| base.host(path));
        }
    }
    for file in items(service.get_mut("env_file")) {
        edit(file.get_mut("path"), |path| base.absolute(path));
    }
    for file in items(service.get_mut("label_file")) {
        edit(Some(file), |path| base.absolute(path));
    }
    if let Some(extends) = service.get_mut("extends") {
        edit(extends.get_mut("file"), |path| if is_remote(path) { path.to_owned() } else { base.absolute(path) });
    }
    for trigger in items(service.get_mut("develop").and_then(|develop| develop.get_mut("watch"))) {
        edit(trigger.get_mut("path"), |path| base.absolute(path));
    }
    for mount in items(service.get_mut("volumes")) {
        if mount.get_text("type") == Some("bind") {
            edit(mount.get_mut("source"), |path| base.host(path));
        }
    }
}

fn entries(node: Option<&mut Node>) -> impl Iterator<Item = &mut Node> {
    node.and_then(Node::as_map_mut).into_iter().flat_map(|map| map.values_mut())
}

fn items(node: Option<&mut Node>) -> impl Iterator<Item = &mut Node> {
    node.and_then(Node::as_list_mut).into_iter().flatten()
}

fn edit(node: Option<&mut Node>, edit: impl FnOnce(&str) -> String) {
    if let Some(Value::Scalar(scalar)) = node.map(|node| &mut node.value) {
        scalar.text = edit(&scalar.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_start_at_the_project_directory() {
        let base = Base { dir: Path::new("/srv/app"), home: Some("/home/me") };
        assert_eq!(base.absolute("./data"), "/srv/app/data");
        assert_eq!(base.absolute("../x/"), "/srv/x");
        assert_eq!(base.absolute("."), "/srv/app");
        assert_eq!(base.absolute("/etc/x"), "/etc/x");
        assert_eq!(base.absolute("~/x"), "/home/me/x");
        assert_eq!(base.context("https://example.com/x.git"), "https://example.com/x.git");
        assert_eq!(base.host("C:\\x"), "C:\\x");
    }

    #[test]
    fn a_relative_way_leads_up_and_down() {
        let way = |to: &str| relative(Path::new(to), Path::new("/srv/app")).to_string_lossy().into_owned();
        assert_eq!([way("/srv/app/base"), way("/srv/base"), way("/srv/app")], ["base", "../base", ""]);
        let base = Base { dir: Path::new("../base"), home: None };
        assert_eq!(base.absolute("../../x"), "../../x");
        assert_eq!(base.absolute("./ctx"), "../base/ctx");
        let here = Base { dir: Path::new(""), home: None };
        assert_eq!([here.absolute("."), here.absolute("./x/..")], [".", "."]);
    }
}
