//! A build context: a tar archive with the files of a directory, except those that `.dockerignore` excludes.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wharf_buildkit::{Patterns, escaped};

use super::sources::{Dockerfile, IGNORE_FILE};

/// A context that can be sent.
#[derive(Debug)]
pub(crate) struct BuildContext {
    root: PathBuf,
    ignored: Patterns,
    dockerfile: String,
    /// Text of a Dockerfile outside the context.
    brought: Option<Vec<u8>>,
    /// Text of `.dockerignore`, if it is not that of the context.
    ignore_file: Option<Vec<u8>>,
}

impl BuildContext {
    /// The context in the directory `root`, with its Dockerfile. Both are without symbolic links.
    ///
    /// # Errors
    /// What is wrong with the ignore file.
    pub(crate) fn open(root: &Path, dockerfile: Dockerfile) -> Result<Self, String> {
        let rules = dockerfile.ignore_file(root)?;
        let inside = dockerfile.path.as_deref().and_then(|path| path.strip_prefix(root).ok()).map(slashed);
        let brought = if inside.is_some() { None } else { Some(dockerfile.text) };
        // The name contains a hash of the text, so no file of the context has it.
        let name = inside.unwrap_or_else(|| {
            let digest = hex::encode(Sha256::digest(brought.as_deref().unwrap_or_default()));
            format!(".dockerfile.{}", &digest[..20])
        });
        let ignored = Patterns::of_ignore_file(&String::from_utf8_lossy(&rules))?;
        let removed = brought.is_some() || ignored.matches(&name);
        let ignore_file = removed.then(|| ignore_file(root, &ignored, &name));
        Ok(BuildContext { root: root.to_owned(), ignored, dockerfile: name, brought, ignore_file })
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
            let excluded = replaced || self.ignored.matches(&name);
            let kind = entry.file_type()?;
            if kind.is_dir() {
                // An exception may include a file of an excluded directory again.
                if !excluded || self.ignored.may_except_below(&name) {
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
fn ignore_file(root: &Path, ignored: &Patterns, dockerfile: &str) -> Vec<u8> {
    let own = std::fs::read(root.join(IGNORE_FILE)).ok().filter(|_| !ignored.matches(IGNORE_FILE));
    let mut text = own.unwrap_or_else(|| IGNORE_FILE.into());
    text.extend(format!("\n{}\n", escaped(dockerfile)).into_bytes());
    text
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

    /// The context in a directory, with the Dockerfile at a path from there.
    fn context(root: &Path, dockerfile: &str) -> BuildContext {
        let path = root.join(dockerfile).canonicalize().unwrap();
        let text = std::fs::read(&path).unwrap();
        BuildContext::open(root, Dockerfile { path: Some(path), text, ignore: None }).unwrap()
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
        let context = context(root.path(), "Dockerfile");
        let expected =
            ["keep", "keep/important.log", "src", "src/main.rs", ".dockerignore", "Dockerfile"].map(str::to_owned);
        assert_eq!(names(&context), expected);
    }

    #[test]
    fn a_dockerfile_from_elsewhere_travels_under_a_name_of_its_own() {
        let root = tree(&[("context/a", ""), ("other/Dockerfile", "FROM scratch\n")]);
        let context = context(&root.path().join("context"), "../other/Dockerfile");
        assert!(context.dockerfile_name().starts_with(".dockerfile."));
        assert_eq!(names(&context), ["a", ".dockerignore", context.dockerfile_name()]);
        assert_eq!(sent_ignore_file(&context), format!(".dockerignore\n{}\n", context.dockerfile_name()));
        let root = tree(&[("a", ""), (".dockerignore", "b")]);
        let inline = Dockerfile { text: b"FROM scratch".to_vec(), ..Dockerfile::default() };
        let context = BuildContext::open(root.path(), inline).unwrap();
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
            let context = context(root.path(), "Dockerfile");
            assert_eq!(names(&context), ["a", ".dockerignore", "Dockerfile"]);
            assert_eq!(sent_ignore_file(&context), ".dockerignore\nDockerfile\n");
        }
    }
}
