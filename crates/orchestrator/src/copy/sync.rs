//! Brings single files of this machine into a container, and removes there what is gone here.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models as api;
use bollard::query_parameters::UploadToContainerOptionsBuilder;
use futures_util::StreamExt;
use wharf_docker::{Engine, ErrorKind};

use super::CopyError;
use crate::pipe;

/// Paths that one `rm` gets: a command line has a limit.
const AT_ONCE: usize = 500;

/// Brings files of this machine, by their paths in the container, up to date there. One that does not exist here is removed
/// there. Returns how many were not, because the container does not run.
pub(crate) async fn sync(
    engine: &Engine,
    container: &str,
    files: &BTreeMap<PathBuf, PathBuf>,
) -> Result<usize, CopyError> {
    let is_here = |path: &Path| std::fs::symlink_metadata(path).is_ok();
    let (here, gone): (BTreeMap<_, _>, BTreeMap<_, _>) = files.clone().into_iter().partition(|(_, path)| is_here(path));
    let is_directory = |path: &Path| std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    let replaced = here.iter().filter(|(_, path)| !is_directory(path)).map(|(target, _)| target.clone()).collect();
    if !here.is_empty() {
        upload(engine, container, here).await?;
    }
    let gone = gone.into_keys().filter(|path| !is_replaced(path, &replaced));
    let (gone, unnamed): (Vec<_>, Vec<_>) = outermost(gone).into_iter().partition(|path| path.to_str().is_some());
    let gone: Vec<String> = gone.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    for paths in gone.chunks(AT_ONCE) {
        match remove(engine, container, paths).await {
            Err(CopyError::Engine(error)) if ErrorKind::of(&error) == ErrorKind::NotRunning => return Ok(gone.len()),
            result => result?,
        }
    }
    match unnamed.first() {
        // The command is sent as JSON, which is text.
        Some(path) => Err(CopyError::Refused(format!(
            "{} stays in the container: its name is not UTF-8, so no command can name it",
            path.display()
        ))),
        None => Ok(0),
    }
}

/// Whether something above a path is no directory any more. Nothing is left there then, and through a link it would be
/// another file that is removed.
fn is_replaced(path: &Path, replaced: &BTreeSet<PathBuf>) -> bool {
    path.ancestors().skip(1).any(|above| replaced.contains(above))
}

async fn upload(engine: &Engine, container: &str, files: BTreeMap<PathBuf, PathBuf>) -> Result<(), CopyError> {
    // The engine makes directories that are missing, and the copies belong to the container's user.
    let options = UploadToContainerOptionsBuilder::default().path("/").copy_uidgid("true").build();
    let body = bollard::body_try_stream(pipe::written(move |out| pack(&files, out)));
    Ok(engine.docker().upload_to_container(container, Some(options), body).await?)
}

/// Paths without those that are below another one of them.
fn outermost(paths: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut kept: Vec<PathBuf> = Vec::new();
    for path in paths {
        // They are in order, so what is above a path comes before it.
        if !kept.last().is_some_and(|above| path.starts_with(above)) {
            kept.push(path);
        }
    }
    kept
}

/// Removes paths, with all that is below them. It does so as root, as the engine writes files.
async fn remove(engine: &Engine, container: &str, paths: &[String]) -> Result<(), CopyError> {
    let docker = engine.docker();
    let command = ["rm", "-rf", "--"].into_iter().map(str::to_owned).chain(paths.iter().cloned());
    let config = api::ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.collect()),
        user: Some("0".to_owned()),
        ..Default::default()
    };
    let created = docker.create_exec(container, config).await?;
    let options = StartExecOptions { detach: false, tty: false, output_capacity: None };
    let mut said = Vec::new();
    if let StartExecResults::Attached { mut output, .. } = docker.start_exec(&created.id, Some(options)).await? {
        while let Some(part) = output.next().await {
            let part = part?.into_bytes();
            said.extend_from_slice(&part[..part.len().min(LONGEST_MESSAGE - said.len())]);
        }
    }
    match docker.inspect_exec(&created.id).await?.exit_code.unwrap_or(0) {
        0 => Ok(()),
        code => {
            let said = String::from_utf8_lossy(&said);
            Err(CopyError::Refused(format!("`rm` in the container ended with code {code}: {}", said.trim())))
        }
    }
}

/// The most that is kept of what `rm` writes, in bytes.
const LONGEST_MESSAGE: usize = 4096;

fn pack(files: &BTreeMap<PathBuf, PathBuf>, out: &mut dyn Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(out);
    archive.follow_symlinks(false);
    for (target, path) in files {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        match append(&mut archive, path, target.strip_prefix("/").unwrap_or(target)) {
            // It is gone again, and that is a change of its own.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result.map_err(named)?,
        }
    }
    archive.finish()
}

fn append(archive: &mut tar::Builder<&mut dyn Write>, path: &Path, name: &Path) -> io::Result<()> {
    let metadata = std::fs::symlink_metadata(path)?;
    let mut header = tar::Header::new_gnu();
    header.set_metadata_in_mode(&metadata, tar::HeaderMode::Complete);
    if metadata.is_symlink() {
        return archive.append_link(&mut header, name, std::fs::read_link(path)?);
    }
    if metadata.is_dir() {
        // The directory that everything is copied to is there.
        return if name.as_os_str().is_empty() { Ok(()) } else { archive.append_data(&mut header, name, io::empty()) };
    }
    if !metadata.is_file() {
        return Ok(());
    }
    let file = std::fs::File::open(path)?;
    // The length is said before the content, and a file that changes meanwhile must not break the archive.
    let length = file.metadata()?.len();
    header.set_size(length);
    archive.append_data(&mut header, name, file.chain(io::repeat(0)).take(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_outermost_of_removed_paths_are_named() {
        let paths = ["/a", "/a/b", "/a/b/c", "/ab", "/c/d"].map(PathBuf::from);
        assert_eq!(outermost(paths), ["/a", "/ab", "/c/d"].map(PathBuf::from));
    }

    #[test]
    fn nothing_is_removed_through_what_took_the_place_of_a_directory() {
        let replaced = BTreeSet::from([PathBuf::from("/app/src/a")]);
        assert!(is_replaced(Path::new("/app/src/a/x"), &replaced));
        assert!(is_replaced(Path::new("/app/src/a/b/x"), &replaced));
        assert!(!is_replaced(Path::new("/app/src/ab"), &replaced));
    }

    #[test]
    fn files_directories_and_links_are_packed_as_they_are() {
        let root = tempfile::tempdir().unwrap();
        let here = |name: &str| root.path().join(name);
        std::fs::create_dir(here("folder")).unwrap();
        std::fs::write(here("folder/file"), "text").unwrap();
        std::os::unix::fs::symlink("folder/file", here("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(here("socket")).unwrap();
        let files = ["folder", "folder/file", "link", "socket", "gone"]
            .map(|name| (PathBuf::from(format!("/app/{name}")), here(name)));
        let mut bytes = Vec::new();
        pack(&files.into(), &mut bytes).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let link = entry.link_name().unwrap().map(|link| link.display().to_string()).unwrap_or_default();
            found.push(format!("{} {text}{link}", entry.path().unwrap().display()));
        }
        assert_eq!(found, ["app/folder ", "app/folder/file text", "app/link folder/file"]);
    }
}
