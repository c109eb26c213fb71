//! `cp`: files between this machine and containers, as tar archives (Engine API `/containers/{id}/archive`), by the
//! rules of `docker cp`.

mod pack;
mod route;
mod sync;
mod unpack;

use std::io::Write;
use std::path::{Path, PathBuf};

use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use futures_util::StreamExt;
use serde::Serialize;
use wharf_docker::{Engine, unless_gone};

use crate::{Error, pipe};
use route::{Place, Route, route};
pub(crate) use sync::sync;

/// What to copy into a container, and where to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CopyInto {
    /// The source on this machine.
    pub source: Source,
    /// The path in the container.
    pub target: String,
    /// Whether to copy the target of a symbolic link instead of the link.
    pub follow_links: bool,
    /// Whether the copies belong to the container's user instead of to their owners here.
    pub to_user: bool,
}

/// Something on this machine that is copied.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A file or directory. `directory/.` is the content of the directory.
    Path(PathBuf),
    /// The content of a tar archive.
    Archive(PathBuf),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Path(path) => write!(f, "{}", path.display()),
            Source::Archive(_) => f.write_str("-"),
        }
    }
}

/// Why something cannot be copied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    #[error("{0}")]
    Refused(String),
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: std::io::Error },
    #[error(transparent)]
    Engine(#[from] bollard::errors::Error),
}

impl From<CopyError> for Error {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Engine(error) => Error::Engine(wharf_docker::Error::from(error).during("copy")),
            other => Error::refused(other.to_string(), None, None),
        }
    }
}

/// Copies files, a directory or an archive into a container.
pub(crate) async fn into(engine: &Engine, container: &str, copy: &CopyInto) -> Result<(), CopyError> {
    let target = look_at(engine, container, &copy.target, true).await?;
    let (directory, body) = match &copy.source {
        Source::Archive(file) => {
            if !target.is_directory() {
                let message =
                    format!("{container}:{}: an archive is unpacked into a directory that exists", copy.target);
                return Err(CopyError::Refused(message));
            }
            let file = file.clone();
            let body = pipe::written(move |out| {
                std::io::copy(&mut std::fs::File::open(file)?, out)?;
                Ok(())
            });
            (target.path, body.boxed())
        }
        Source::Path(path) => {
            let source =
                Place::here(path, copy.follow_links).map_err(|error| CopyError::File { path: path.clone(), error })?;
            let Route { directory, name } = route(&source, &target).map_err(CopyError::Refused)?;
            let follow = copy.follow_links;
            let root = PathBuf::from(source.path);
            (directory, pipe::written(move |out| pack::pack(&root, name.as_deref(), follow, out)).boxed())
        }
    };
    let mut options = UploadToContainerOptionsBuilder::default().path(&directory).no_overwrite_dir_non_dir("true");
    if copy.to_user {
        options = options.copy_uidgid("true");
    }
    let body = bollard::body_try_stream(body);
    Ok(engine.docker().upload_to_container(container, Some(options.build()), body).await?)
}

/// Copies a file or directory out of a container to `target` on this machine. With `follow_link`, the target of a
/// symbolic link is copied instead of the link.
///
/// # Errors
/// If a request to the engine fails, or access to a file.
pub async fn out_of(
    engine: &Engine,
    container: &str,
    path: &str,
    target: &Path,
    follow_link: bool,
) -> Result<(), Error> {
    let source = look_at(engine, container, path, follow_link).await?;
    let here = Place::here(target, true).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(Place::missing(&target.to_string_lossy())),
        _ => Err(CopyError::File { path: target.to_owned(), error }),
    })?;
    let Route { directory, name } = route(&source, &here).map_err(CopyError::Refused)?;
    let archive = download(engine, container, &source.path);
    let root = PathBuf::from(&directory);
    let unpacked = pipe::read(archive, move |archive| unpack::unpack(archive, &root, name.as_deref())).await;
    unpacked.map_err(CopyError::Engine)?.map_err(|error| CopyError::File { path: directory.into(), error }.into())
}

/// Copies a file or directory out of a container as a tar archive.
///
/// # Errors
/// If a request to the engine fails, or writing to `out`.
pub async fn archive_out_of(engine: &Engine, container: &str, path: &str, out: &mut dyn Write) -> Result<(), Error> {
    let mut archive = std::pin::pin!(download(engine, container, path));
    while let Some(piece) = archive.next().await {
        out.write_all(&piece.map_err(CopyError::Engine)?)
            .map_err(|error| CopyError::File { path: "-".into(), error })?;
    }
    out.flush().map_err(|error| CopyError::File { path: "-".into(), error }.into())
}

fn download(
    engine: &Engine,
    container: &str,
    path: &str,
) -> impl futures_util::Stream<Item = Result<bytes::Bytes, bollard::errors::Error>> + use<> {
    let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
    engine.docker().download_from_container(container, Some(options))
}

/// What is at a path in a container. With `follow`, links are resolved.
async fn look_at(engine: &Engine, container: &str, path: &str, follow: bool) -> Result<Place, CopyError> {
    let Some(found) = stat(engine, container, path).await? else { return Ok(Place::missing(path)) };
    match route::pointed_at(path, &found).filter(|_| follow) {
        None => Ok(Place::inside(path, &found)),
        Some(pointed) => Ok(match stat(engine, container, &pointed).await? {
            Some(found) => Place::inside(&pointed, &found),
            None => Place::missing(&pointed),
        }),
    }
}

async fn stat(engine: &Engine, container: &str, path: &str) -> Result<Option<route::Stat>, bollard::errors::Error> {
    let options = ContainerArchiveInfoOptionsBuilder::default().path(path).build();
    let found = unless_gone(engine.docker().get_container_archive_info(container, Some(options)).await)?;
    Ok(found.map(|found| route::Stat { mode: found.file_mode, link_target: found.link_target }))
}
