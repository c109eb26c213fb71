//! Against a real directory and the system's own reports.

use std::time::Duration;

use wharf_compose::{Options, Project};

use super::*;

/// How long a report may take.
const PATIENCE: Duration = Duration::from_secs(10);

struct Folder {
    root: PathBuf,
    _directory: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("src")).unwrap();
        Folder { root, _directory: directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn write(&self, name: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), name).unwrap();
    }

    async fn watch(&self, watch: &str) -> Files {
        let text = format!("services: {{web: {{image: x, develop: {{watch: [{watch}]}}}}}}");
        let options = Options::in_directory(&self.root).with_file("compose.yaml", text);
        let project = Project::load(&options).unwrap().project;
        Files::watch(Arc::new(Rules::read(&project, &[]).unwrap().0)).await.unwrap()
    }

    /// What changed until all of `names` have, relative to the folder.
    async fn changes(&self, files: &mut Files, names: &[&str]) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        while !names.iter().all(|name| seen.contains(*name)) {
            let changes = tokio::time::timeout(PATIENCE, files.next()).await;
            match changes.unwrap_or_else(|_| panic!("of {names:?} only {seen:?} changed")) {
                Some(Changes::Paths(paths)) => {
                    let relative = paths.iter().map(|path| path.strip_prefix(&self.root).unwrap());
                    seen.extend(relative.map(|path| path.display().to_string()));
                }
                other => panic!("{other:?}"),
            }
        }
        seen
    }
}

const SYNC: &str = "{path: src, action: sync, target: /app, ignore: [node_modules/]}";

#[tokio::test]
async fn saves_renames_and_deletions_are_reported_and_reads_are_not() {
    let folder = Folder::new();
    folder.write("src/old");
    folder.write("src/read");
    folder.write("src/gone");
    let mut files = folder.watch(SYNC).await;
    std::fs::read(folder.path("src/read")).unwrap();
    folder.write("src/saved");
    // As many editors do it: another file takes the name.
    folder.write("src/.old.swp");
    std::fs::rename(folder.path("src/.old.swp"), folder.path("src/old")).unwrap();
    std::fs::remove_file(folder.path("src/gone")).unwrap();
    std::os::unix::fs::symlink("saved", folder.path("src/link")).unwrap();
    let seen = folder.changes(&mut files, &["src/saved", "src/old", "src/gone", "src/link"]).await;
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["src/gone", "src/link", "src/old", "src/saved"]);
}

#[tokio::test]
async fn new_folders_are_followed_and_those_that_come_back_too() {
    let folder = Folder::new();
    folder.write("src/a/b/first");
    let mut files = folder.watch(SYNC).await;
    folder.write("src/new/deep/file");
    folder.changes(&mut files, &["src/new", "src/new/deep", "src/new/deep/file"]).await;
    folder.write("src/new/deep/later");
    folder.changes(&mut files, &["src/new/deep/later"]).await;
    std::fs::remove_dir_all(folder.path("src/a")).unwrap();
    folder.changes(&mut files, &["src/a", "src/a/b", "src/a/b/first"]).await;
    folder.write("src/a/b/second");
    folder.changes(&mut files, &["src/a/b/second"]).await;
    std::fs::rename(folder.path("src/new"), folder.path("src/moved")).unwrap();
    folder.changes(&mut files, &["src/new", "src/moved/deep/file"]).await;
    folder.write("src/moved/deep/last");
    folder.changes(&mut files, &["src/moved/deep/last"]).await;
}

#[tokio::test]
async fn a_watched_path_may_go_and_come_back() {
    let folder = Folder::new();
    folder.write("src/a");
    let mut files = folder.watch(SYNC).await;
    std::fs::rename(folder.path("src"), folder.path("away")).unwrap();
    std::fs::create_dir(folder.path("src")).unwrap();
    folder.write("src/b");
    folder.changes(&mut files, &["src/b"]).await;
    folder.write("src/c");
    let seen = folder.changes(&mut files, &["src/c"]).await;
    assert!(!seen.contains("src"), "the target as a whole is never removed: {seen:?}");
}

#[tokio::test]
async fn a_path_that_does_not_exist_yet_is_waited_for() {
    let folder = Folder::new();
    let mut files = folder.watch("{path: made/later, action: sync, target: /app}").await;
    folder.write("made/later/a");
    folder.changes(&mut files, &["made/later/a"]).await;
    folder.write("made/later/b");
    folder.changes(&mut files, &["made/later/b"]).await;
}

#[tokio::test]
async fn a_single_file_is_followed_through_saves_by_rename() {
    let folder = Folder::new();
    folder.write("a.conf");
    let mut files = folder.watch("{path: a.conf, action: sync, target: /etc/a.conf}").await;
    for number in 0..3 {
        folder.write(&format!("new-{number}"));
        std::fs::rename(folder.path(&format!("new-{number}")), folder.path("a.conf")).unwrap();
        let seen = folder.changes(&mut files, &["a.conf"]).await;
        assert_eq!(seen.len(), 1, "{seen:?}");
    }
}

#[tokio::test]
async fn ignored_folders_are_not_watched() {
    let folder = Folder::new();
    folder.write("src/node_modules/a/b/c");
    let rules = "{path: src, action: sync, target: /app, ignore: [node_modules/]}";
    let mut files = folder.watch(rules).await;
    folder.write("src/node_modules/a/b/d");
    folder.write("src/.git/index");
    folder.write("src/last");
    let seen = folder.changes(&mut files, &["src/last"]).await;
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["src/last"]);
    let inside: Vec<String> = watched_inodes();
    let inode = |name: &str| {
        use std::os::unix::fs::MetadataExt;
        format!("{:x}", std::fs::metadata(folder.path(name)).unwrap().ino())
    };
    assert!(inside.contains(&inode("src")), "{inside:?}");
    for name in ["src/node_modules", "src/node_modules/a", "src/node_modules/a/b", "src/.git"] {
        assert!(!inside.contains(&inode(name)), "{name}");
    }
}

/// The inodes that this process watches, in hexadecimal digits.
fn watched_inodes() -> Vec<String> {
    let infos = std::fs::read_dir("/proc/self/fdinfo").unwrap().flatten();
    let texts = infos.filter_map(|info| std::fs::read_to_string(info.path()).ok());
    let lines: Vec<String> = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let inode = |line: &String| line.split_whitespace().find_map(|word| word.strip_prefix("ino:").map(str::to_owned));
    lines.iter().filter(|line| line.starts_with("inotify ")).filter_map(inode).collect()
}

#[test]
fn a_limit_is_named_with_the_way_to_raise_it() {
    let said = |error: notify::Error| match unwatched(Path::new("/srv/shop/src"), error) {
        Error::Refused(problems) => format!("{}\n{}", problems[0].message, problems[0].help.as_deref().unwrap_or("-")),
        other => panic!("{other:?}"),
    };
    let limit = said(notify::Error::new(ErrorKind::MaxFilesWatch));
    assert!(limit.starts_with("cannot watch /srv/shop/src: the limit fs.inotify.max_user_watches ("), "{limit}");
    assert!(limit.contains("sysctl fs.inotify.max_user_watches="), "{limit}");
    let users = said(notify::Error::io(io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error())));
    assert!(users.contains("fs.inotify.max_user_instances ("), "{users}");
}
