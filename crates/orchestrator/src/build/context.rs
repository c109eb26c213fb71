//! A build context: a tar archive with the files of a directory, except those that `.dockerignore` excludes.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::ignore::Ignore;

/// The file that says what is not sent.
const IGNORE_FILE: &str = ".dockerignore";

/// Where the Dockerfile comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dockerfile {
    /// A path, absolute or relative to the context.
    At(PathBuf),
    /// Its text.
    Inline(String),
}

/// A context that can be sent.
#[derive(Debug)]
pub(crate) struct BuildContext {
    root: PathBuf,
    ignore: Ignore,
    dockerfile: String,
    /// Text of a Dockerfile outside the context.
    brought: Option<Vec<u8>>,
    /// Text of `.dockerignore`, if it is not that of the context.
    ignore_file: Option<Vec<u8>>,
}

impl BuildContext {
    /// Looks at the directory and its Dockerfile.
    pub(crate) fn open(root: &Path, dockerfile: Dockerfile) -> Result<Self, String> {
        let root = root
            .canonicalize()
            .ok()
            .filter(|root| root.is_dir())
            .ok_or_else(|| format!("the build context {} is not a directory", root.display()))?;
        let (dockerfile, brought, own_ignore) = match dockerfile {
            Dockerfile::Inline(text) => (None, Some(text.into_bytes()), None),
            Dockerfile::At(path) => {
                let path = root.join(path);
                let readable =
                    path.canonicalize().map_err(|_| format!("there is no Dockerfile at {}", path.display()))?;
                let own_ignore = PathBuf::from(format!("{}.dockerignore", readable.display()));
                match readable.strip_prefix(&root) {
                    Ok(inside) => (Some(slashed(inside)), None, Some(own_ignore)),
                    Err(_) => {
                        let text = std::fs::read(&readable).map_err(|error| format!("{}: {error}", path.display()))?;
                        (None, Some(text), Some(own_ignore))
                    }
                }
            }
        };
        // The name contains a hash of the text, so no file of the context has it.
        let dockerfile = dockerfile.unwrap_or_else(|| {
            let digest = hex::encode(Sha256::digest(brought.as_deref().unwrap_or_default()));
            format!(".dockerfile.{}", &digest[..20])
        });
        let rules = own_ignore
            .and_then(|file| std::fs::read_to_string(file).ok())
            .or_else(|| std::fs::read_to_string(root.join(IGNORE_FILE)).ok())
            .unwrap_or_default();
        let ignore = Ignore::parse(&rules)?;
        let removed = brought.is_some() || ignore.excludes(&dockerfile);
        let ignore_file = removed.then(|| ignore_file(&root, &ignore, &dockerfile));
        Ok(BuildContext { root, ignore, dockerfile, brought, ignore_file })
    }

    /// The Dockerfile's path within the archive.
    pub(crate) fn dockerfile_name(&self) -> &str {
        &self.dockerfile
    }

    /// Writes the archive. Owners and times of files do not count for the builder's cache; owners are root's, as the
    /// docker command has them.
    pub(crate) fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mut archive = tar::Builder::new(out);
        archive.follow_symlinks(false);
        let mut sent = BTreeSet::new();
        self.append_directory(&mut archive, Path::new(""), &mut sent)?;
        if let Some(text) = &self.ignore_file {
            append_text(&mut archive, IGNORE_FILE, text)?;
        }
        if let Some(text) = &self.brought {
            append_text(&mut archive, &self.dockerfile, text)?;
        } else if !sent.contains(&self.dockerfile) {
            // Ignored or not, the builder needs it.
            archive.append_path_with_name(self.root.join(&self.dockerfile), &self.dockerfile)?;
        }
        archive.finish()
    }

    fn append_directory(
        &self,
        archive: &mut tar::Builder<&mut dyn Write>,
        directory: &Path,
        sent: &mut BTreeSet<String>,
    ) -> std::io::Result<()> {
        let mut entries: Vec<_> = std::fs::read_dir(self.root.join(directory))?.collect::<Result<_, _>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = directory.join(entry.file_name());
            let name = slashed(&path);
            let replaced = name == IGNORE_FILE && self.ignore_file.is_some();
            let excluded = replaced || self.ignore.excludes(&name);
            let kind = entry.file_type()?;
            if kind.is_dir() {
                // An exception may include a file of an excluded directory again.
                if !excluded || self.ignore.has_exceptions() {
                    if !excluded {
                        self.append(archive, &entry.path(), &name)?;
                    }
                    self.append_directory(archive, &path, sent)?;
                }
            } else if !excluded && (kind.is_file() || kind.is_symlink()) {
                self.append(archive, &entry.path(), &name)?;
                sent.insert(name);
            }
        }
        Ok(())
    }

    fn append(&self, archive: &mut tar::Builder<&mut dyn Write>, path: &Path, name: &str) -> std::io::Result<()> {
        let metadata = std::fs::symlink_metadata(path)?;
        let mut header = tar::Header::new_gnu();
        header.set_metadata_in_mode(&metadata, tar::HeaderMode::Complete);
        header.set_uid(0);
        header.set_gid(0);
        if metadata.is_symlink() {
            archive.append_link(&mut header, name, std::fs::read_link(path)?)
        } else if metadata.is_dir() {
            archive.append_data(&mut header, name, std::io::empty())
        } else {
            use std::io::Read;
            // A file that grows while it is read must not break the archive.
            let file = std::fs::File::open(path)?.take(metadata.len());
            archive.append_data(&mut header, name, file)
        }
    }
}

fn append_text(archive: &mut tar::Builder<&mut dyn Write>, name: &str, text: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, name, text)
}

/// The `.dockerignore` for a builder that has to remove the Dockerfile from the context once it has read it. All other rules
/// have been applied.
fn ignore_file(root: &Path, ignore: &Ignore, dockerfile: &str) -> Vec<u8> {
    let own = std::fs::read(root.join(IGNORE_FILE)).ok().filter(|_| !ignore.excludes(IGNORE_FILE));
    let mut text = own.unwrap_or_else(|| IGNORE_FILE.into());
    text.extend(format!("\n{}\n", escaped(dockerfile)).into_bytes());
    text
}

/// A path as a pattern that matches it alone.
fn escaped(path: &str) -> String {
    path.chars()
        .flat_map(|c| matches!(c, '*' | '?' | '[' | ']' | '\\').then_some('\\').into_iter().chain([c]))
        .collect()
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(context: &BuildContext) -> Vec<String> {
        let mut bytes = Vec::new();
        context.write(&mut bytes).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().unwrap();
        entries.map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect()
    }

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn dockerignore_excludes_and_brings_back() {
        let root = tree(&[
            (".dockerignore", "# build output\ntarget\n**/*.log\n!keep/important.log\nDockerfile\n"),
            ("Dockerfile", "FROM scratch\n"),
            ("a.log", ""),
            ("keep/important.log", ""),
            ("keep/other.log", ""),
            ("src/main.rs", ""),
            ("target/big", ""),
        ]);
        let context = BuildContext::open(root.path(), Dockerfile::At("Dockerfile".into())).unwrap();
        let expected =
            ["keep", "keep/important.log", "src", "src/main.rs", ".dockerignore", "Dockerfile"].map(str::to_owned);
        assert_eq!(names(&context), expected);
    }

    #[test]
    fn a_dockerfile_from_elsewhere_travels_under_a_name_of_its_own() {
        let root = tree(&[("context/a", ""), ("other/Dockerfile", "FROM scratch\n")]);
        let context =
            BuildContext::open(&root.path().join("context"), Dockerfile::At("../other/Dockerfile".into())).unwrap();
        assert!(context.dockerfile_name().starts_with(".dockerfile."));
        assert_eq!(names(&context), ["a", ".dockerignore", context.dockerfile_name()]);
        assert_eq!(sent_ignore_file(&context), format!(".dockerignore\n{}\n", context.dockerfile_name()));
        let root = tree(&[("a", ""), (".dockerignore", "b")]);
        let context = BuildContext::open(root.path(), Dockerfile::Inline("FROM scratch".to_owned())).unwrap();
        assert_eq!(sent_ignore_file(&context), format!("b\n{}\n", context.dockerfile_name()));
    }

    /// What the builder is told to remove once it has read it.
    fn sent_ignore_file(context: &BuildContext) -> String {
        let mut bytes = Vec::new();
        context.write(&mut bytes).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut text = String::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            if entry.path().unwrap() == Path::new(".dockerignore") {
                text.clear();
                std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
            }
        }
        text
    }

    #[test]
    fn an_excluded_dockerfile_is_sent_for_the_builder_alone() {
        for rules in ["Dockerfile\n.dockerignore\n", "*\n!a\n"] {
            let root = tree(&[("a", ""), ("Dockerfile", "FROM scratch"), (".dockerignore", rules)]);
            let context = BuildContext::open(root.path(), Dockerfile::At("Dockerfile".into())).unwrap();
            assert_eq!(names(&context), ["a", ".dockerignore", "Dockerfile"]);
            assert_eq!(sent_ignore_file(&context), ".dockerignore\nDockerfile\n");
        }
    }

    #[test]
    fn what_is_not_there_is_said() {
        let root = tree(&[("a", "")]);
        let error = BuildContext::open(root.path(), Dockerfile::At("Dockerfile".into())).unwrap_err();
        assert!(error.starts_with("there is no Dockerfile at "), "{error}");
        assert!(BuildContext::open(&root.path().join("gone"), Dockerfile::Inline(String::new())).is_err());
    }
}
