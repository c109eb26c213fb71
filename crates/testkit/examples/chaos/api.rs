//! The Engine API on a Unix socket, one connection for each request.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use wharf_testkit::picture::PicturedContainer;
use wharf_testkit::{Picture, Shop};

#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) socket: PathBuf,
}

/// A connection for one request.
pub(crate) async fn connect(socket: &Path) -> Result<http1::SendRequest<Full<Bytes>>> {
    let stream = UnixStream::connect(socket).await;
    let stream = stream.with_context(|| format!("cannot connect to {}", socket.display()))?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with its request; what goes wrong is the request's error.
    tokio::spawn(connection.with_upgrades());
    Ok(sender)
}

impl Api {
    /// Sends a request. `target`: the path and the query, encoded.
    pub(crate) async fn send(&self, method: &str, target: &str, body: Bytes) -> Result<(StatusCode, Bytes)> {
        let kind = if target.contains("/archive") { "application/x-tar" } else { "application/json" };
        let request = Request::builder().method(method).uri(target).header("Host", "engine");
        let request = request.header("Content-Type", kind).body(Full::new(body))?;
        let answer = connect(&self.socket).await?.send_request(request).await;
        let answer = answer.with_context(|| format!("{method} {target}"))?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    /// Sends a request that must succeed, or find that there is nothing.
    pub(crate) async fn ask(&self, method: &str, target: &str, body: Bytes) -> Result<Option<Bytes>> {
        let (status, body) = self.send(method, target, body).await?;
        match status {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => Ok(Some(body)),
            status => bail!("{method} {target}: {status} {}", String::from_utf8_lossy(&body)),
        }
    }

    pub(crate) async fn get(&self, target: &str) -> Result<Option<Value>> {
        let body = self.ask("GET", target, Bytes::new()).await?;
        body.map(|body| serde_json::from_slice(&body).with_context(|| format!("GET {target}"))).transpose()
    }

    /// The entries of a list that have a label.
    pub(crate) async fn labelled(&self, list: &str, label: &str) -> Result<Vec<Value>> {
        let filters = encode(&format!(r#"{{"label":["{label}"]}}"#));
        let found = self.get(&format!("{list}filters={filters}")).await?.unwrap_or_default();
        let listed = found.get("Volumes").unwrap_or(&found);
        Ok(listed.as_array().cloned().unwrap_or_default())
    }

    /// All that the engine has of a project.
    pub(crate) async fn picture(&self, project: &str) -> Result<Picture> {
        let label = format!("com.docker.compose.project={project}");
        let mut picture = Picture::default();
        for listed in self.labelled("/containers/json?all=1&", &label).await? {
            let id = listed["Id"].as_str().unwrap_or_default();
            let Some(inspection) = self.get(&format!("/containers/{id}/json")).await? else { continue };
            let service = listed["Labels"]["com.docker.compose.service"].as_str();
            let mut files = BTreeMap::new();
            for (_, path) in Shop::COPIED.iter().filter(|(of, _)| Some(*of) == service) {
                files.extend(self.read(id, path).await?.map(|content| ((*path).to_owned(), content)));
            }
            picture.containers.push(PicturedContainer { inspection, files });
        }
        picture.networks = self.labelled("/networks?", &label).await?;
        picture.volumes = self.labelled("/volumes?", &label).await?;
        let mounts =
            picture.containers.iter().flat_map(|found| found.inspection["Mounts"].as_array().into_iter().flatten());
        let mounted: Vec<&str> = mounts.filter_map(|mount| mount["Name"].as_str()).collect();
        let anonymous = self.labelled("/volumes?", "wharf.anonymous-volume-of").await?;
        let ours = |volume: &Value| {
            let of = volume["Labels"]["wharf.anonymous-volume-of"].as_str().unwrap_or_default();
            let name = volume["Name"].as_str().unwrap_or_default();
            of.split('/').next() == Some(project) || mounted.contains(&name)
        };
        picture.volumes.extend(anonymous.into_iter().filter(ours));
        Ok(picture)
    }

    /// A file in a container; `None`: there is no such file, or no such container.
    pub(crate) async fn read(&self, container: &str, path: &str) -> Result<Option<Bytes>> {
        let target = format!("/containers/{container}/archive?path={}", encode(path));
        let Some(archive) = self.ask("GET", &target, Bytes::new()).await? else { return Ok(None) };
        let mut archive = tar::Archive::new(archive.as_ref());
        let mut content = Vec::new();
        if let Some(entry) = archive.entries()?.next() {
            entry?.read_to_end(&mut content)?;
        }
        Ok(Some(content.into()))
    }

    /// Writes a file into a folder of a container.
    pub(crate) async fn write(&self, container: &str, folder: &str, name: &str, content: &str) -> Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        let mut archive = tar::Builder::new(Vec::new());
        archive.append_data(&mut header, name, content.as_bytes())?;
        let target = format!("/containers/{container}/archive?path={}", encode(folder));
        self.ask("PUT", &target, archive.into_inner()?.into()).await?.context("there is no such container").map(drop)
    }

    /// Removes all that the engine has of a project.
    pub(crate) async fn clear(&self, project: &str) -> Result<()> {
        let picture = self.picture(project).await?;
        for container in &picture.containers {
            self.ask("DELETE", &format!("/containers/{}?force=1&v=1", container.id()), Bytes::new()).await?;
        }
        let named = |list: &[Value], key: &str| -> Vec<String> {
            list.iter().filter_map(|entry| entry[key].as_str().map(str::to_owned)).collect()
        };
        for id in named(&picture.networks, "Id") {
            self.ask("DELETE", &format!("/networks/{id}"), Bytes::new()).await?;
        }
        for name in named(&picture.volumes, "Name") {
            self.ask("DELETE", &format!("/volumes/{name}"), Bytes::new()).await?;
        }
        Ok(())
    }
}

/// Encodes what a query cannot contain.
pub(crate) fn encode(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
