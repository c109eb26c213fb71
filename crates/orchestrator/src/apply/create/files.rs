//! Secrets and configs that do not come from a file. They are written into the container before it starts.

use bollard::Docker;
use bollard::query_parameters::UploadToContainerOptionsBuilder;
use bytes::Bytes;
use wharf_compose::Project;
use wharf_compose::model::{FileMount, FileObject, Service};
use wharf_plan::Problem;

use crate::request::{file_target, is_copied};

/// A file to write. Its content is never printed.
pub(super) struct Content {
    path: String,
    uid: u64,
    gid: u64,
    mode: u32,
    bytes: Vec<u8>,
}

/// The files of a service whose content comes from the environment or from the Compose file itself.
pub(super) fn to_copy(project: &Project, service: &Service) -> Result<Vec<Content>, Problem> {
    let kinds = [
        ("secret", &service.secrets, &project.secrets, "/run/secrets/"),
        ("config", &service.configs, &project.configs, "/"),
    ];
    let mut contents = Vec::new();
    for (kind, used, defined, directory) in kinds {
        for file in used {
            let Some(object) = defined.get(&file.source) else { continue };
            contents.extend(content(kind, file, object, directory)?);
        }
    }
    Ok(contents)
}

fn content(kind: &str, used: &FileMount, object: &FileObject, directory: &str) -> Result<Option<Content>, Problem> {
    if !is_copied(object) {
        return Ok(None);
    }
    let text = match (&object.content, &object.value, &object.environment) {
        (Some(content), _, _) => content.clone(),
        (None, Some(value), _) => value.0.clone(),
        (None, None, Some(variable)) => {
            return Err(without_value(format!("{kind} {}: the variable {variable} is not set", used.source)));
        }
        (None, None, None) => {
            return Err(without_value(format!("{kind} {}: it has neither a file nor a value here", used.source)));
        }
    };
    let id = |value: &Option<String>| value.as_deref().and_then(|value| value.parse().ok()).unwrap_or(0);
    Ok(Some(Content {
        path: file_target(used, directory),
        uid: id(&used.uid),
        gid: id(&used.gid),
        mode: used.mode.unwrap_or(0o444),
        bytes: text.into_bytes(),
    }))
}

fn without_value(message: String) -> Problem {
    Problem { message, place: None, help: Some("set the variable, or use `file:`".to_owned()) }
}

/// Writes the files into a container that has not been started (Engine API `PUT /containers/{id}/archive`).
pub(super) async fn copy(
    docker: &Docker,
    container: &str,
    contents: Vec<Content>,
) -> Result<(), bollard::errors::Error> {
    if contents.is_empty() {
        return Ok(());
    }
    let archive = archive(&contents)?;
    let options = UploadToContainerOptionsBuilder::default().path("/").copy_uidgid("true").build();
    docker.upload_to_container(container, Some(options), bollard::body_full(archive)).await
}

fn archive(contents: &[Content]) -> std::io::Result<Bytes> {
    let mut archive = tar::Builder::new(Vec::new());
    for content in contents {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.bytes.len() as u64);
        header.set_mode(content.mode);
        header.set_uid(content.uid);
        header.set_gid(content.gid);
        archive.append_data(&mut header, content.path.trim_start_matches('/'), content.bytes.as_slice())?;
    }
    Ok(Bytes::from(archive.into_inner()?))
}
