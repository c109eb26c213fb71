//! Sends folders: first what each file is, then the contents that the engine asks for. It has those of the last build and
//! asks only for what changed.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use bollard_buildkit_proto::fsutil::types::Packet;
use bollard_buildkit_proto::fsutil::types::packet::PacketType;
use bollard_buildkit_proto::moby::filesync::v1::file_sync_server::FileSync;
use futures_util::Stream;
use tokio::sync::mpsc;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use crate::folder::{Folder, Selection, has_content};
use crate::links;
use crate::patterns::Patterns;

/// Size of the pieces in which files are sent, in bytes.
const PIECE: usize = 64 * 1024;
/// Packets that may wait for the connection.
const WAITING: usize = 16;

/// Folders that may be read, by name.
pub(super) struct Files(BTreeMap<String, Folder>);

impl Files {
    pub(super) fn new(folders: BTreeMap<String, Folder>) -> Self {
        Files(folders)
    }
}

/// A stream of answers.
pub(super) struct Outgoing<T>(pub(super) mpsc::Receiver<Result<T, Status>>);

impl<T> Stream for Outgoing<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

/// What the engine says while a folder is sent.
enum Said {
    /// It wants a file's content, by the file's number.
    Wants(u32),
    /// It has everything.
    Complete,
}

#[tonic::async_trait]
impl FileSync for Files {
    type DiffCopyStream = Outgoing<Packet>;
    type TarStreamStream = Outgoing<Packet>;

    async fn diff_copy(&self, request: Request<Streaming<Packet>>) -> Result<Response<Self::DiffCopyStream>, Status> {
        let name = values(request.metadata(), "dir-name").into_iter().next().unwrap_or_default();
        let folder = self.0.get(&name).cloned();
        let folder = folder.ok_or_else(|| Status::not_found(format!("the build has no folder {name:?}")))?;
        let asked = Asked::of(request.metadata());
        let mut incoming = request.into_inner();
        let (sender, packets) = mpsc::channel(WAITING);
        // Numbers of files, so there are at most as many as files.
        let (said, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            // Read to its end, so that the engine sees the call end well.
            while let Ok(Some(packet)) = incoming.message().await {
                let news = match packet.r#type() {
                    PacketType::PacketReq => Said::Wants(packet.id),
                    PacketType::PacketFin => Said::Complete,
                    PacketType::PacketErr => {
                        tracing::debug!(error = %String::from_utf8_lossy(&packet.data), "a folder was not taken");
                        break;
                    }
                    PacketType::PacketStat | PacketType::PacketData => continue,
                };
                // The sending thread may have ended.
                let _ = said.send(news);
            }
        });
        tokio::task::spawn_blocking(move || {
            let mut give = |packet| sender.blocking_send(Ok(packet)).map_err(|_| io::ErrorKind::BrokenPipe.into());
            let sent = asked.selection(&folder).and_then(|selection| send(&folder, &selection, heard, &mut give));
            if let Err(error) = sent {
                tracing::debug!(%error, "a folder was not sent");
                let told = Packet { data: error.to_string().into(), ..packet(PacketType::PacketErr) };
                let _ = give(told);
                let _ = sender.blocking_send(Err(Status::failed_precondition(error.to_string())));
            }
        });
        Ok(Response::new(Outgoing(packets)))
    }

    async fn tar_stream(&self, _: Request<Streaming<Packet>>) -> Result<Response<Self::TarStreamStream>, Status> {
        Err(Status::unimplemented("folders are sent by DiffCopy"))
    }
}

/// What the engine asks for, as it says it.
struct Asked {
    included: Vec<String>,
    excluded: Vec<String>,
    followed: Vec<String>,
}

impl Asked {
    fn of(metadata: &MetadataMap) -> Self {
        Asked {
            included: values(metadata, "include-patterns"),
            excluded: values(metadata, "exclude-patterns"),
            followed: values(metadata, "followpaths"),
        }
    }

    fn selection(&self, folder: &Folder) -> io::Result<Selection> {
        let mut included = self.included.clone();
        if !self.followed.is_empty() {
            match links::follow(folder, &self.followed) {
                Some(paths) => included.extend(paths),
                None => included.clear(),
            }
        }
        let read = |patterns: &[String]| Patterns::read(patterns.iter().map(String::as_str)).map_err(io::Error::other);
        let is_part = !included.is_empty();
        Ok(Selection { included: if is_part { Some(read(&included)?) } else { None }, excluded: read(&self.excluded)? })
    }
}

/// The values of a header. Those with other characters than ASCII are encoded as in a URL's query.
fn values(metadata: &MetadataMap, key: &str) -> Vec<String> {
    let is_encoded = metadata.get(format!("{key}-encoded")).is_some();
    let values = metadata.get_all(key).into_iter().map(|value| value.as_encoded_bytes());
    let decoded = |value: &[u8]| match is_encoded {
        true => form_urlencoded::parse(value).map(|(text, _)| text.into_owned()).next().unwrap_or_default(),
        false => String::from_utf8_lossy(value).into_owned(),
    };
    values.map(decoded).collect()
}

fn packet(kind: PacketType) -> Packet {
    Packet { r#type: kind.into(), ..Packet::default() }
}

/// Sends a folder. It ends when the engine has everything.
fn send(
    folder: &Folder,
    selection: &Selection,
    mut said: mpsc::UnboundedReceiver<Said>,
    give: &mut dyn FnMut(Packet) -> io::Result<()>,
) -> io::Result<()> {
    let mut files = HashMap::new();
    let mut number = 0;
    folder.walk(selection, &mut |stat| {
        if has_content(&stat) {
            files.insert(number, stat.path.clone());
        }
        number += 1;
        give(Packet { stat: Some(stat), ..packet(PacketType::PacketStat) })
    })?;
    give(packet(PacketType::PacketStat))?;
    while let Some(news) = said.blocking_recv() {
        match news {
            Said::Complete => return give(packet(PacketType::PacketFin)),
            Said::Wants(id) => {
                let path = files.remove(&id);
                let path =
                    path.ok_or_else(|| io::Error::other(format!("the engine asked for file {id}, which is none")))?;
                let at = |error: io::Error| io::Error::new(error.kind(), format!("{path}: {error}"));
                let mut file = match folder.open(&path) {
                    // It is gone since its name was sent, so it is sent empty, as the docker command does it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Box::new(io::empty()),
                    opened => opened.map_err(at)?,
                };
                loop {
                    let mut data = Vec::with_capacity(PIECE);
                    let length = file.by_ref().take(PIECE as u64).read_to_end(&mut data).map_err(at)?;
                    // An empty piece ends the file.
                    give(Packet { id, data, ..packet(PacketType::PacketData) })?;
                    if length == 0 {
                        break;
                    }
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in
            [("a/one", "1"), ("a/two", "22"), ("b/deep/three", "333"), ("node_modules/x/y", ""), (".dockerignore", "x")]
        {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::set_permissions(root.path().join("a/one"), PermissionsExt::from_mode(0o4755)).unwrap();
        std::fs::hard_link(root.path().join("a/two"), root.path().join("b/again")).unwrap();
        symlink("a/one", root.path().join("link")).unwrap();
        root
    }

    /// What is sent when the engine asks for the files with these numbers.
    fn sent(asked: &Asked, wanted: &[u32]) -> Result<Vec<String>, String> {
        let root = tree();
        let folder = Folder::Directory(root.path().to_owned());
        let (sender, said) = mpsc::unbounded_channel();
        for id in wanted {
            assert!(sender.send(Said::Wants(*id)).is_ok());
        }
        assert!(sender.send(Said::Complete).is_ok());
        let mut packets = Vec::new();
        let selection = asked.selection(&folder).map_err(|error| error.to_string())?;
        let result = send(&folder, &selection, said, &mut |packet| {
            let kind = packet.r#type().as_str_name().trim_start_matches("PACKET_").to_lowercase();
            packets.push(match packet.stat {
                Some(stat) => format!("{kind} {} {:o} {} {}", stat.path, stat.mode, stat.size, stat.linkname),
                None => format!("{kind} {} {}", packet.id, String::from_utf8_lossy(&packet.data)),
            });
            Ok(())
        });
        result.map(|()| packets).map_err(|error| error.to_string())
    }

    fn asked(included: &[&str], excluded: &[&str], followed: &[&str]) -> Asked {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Asked { included: owned(included), excluded: owned(excluded), followed: owned(followed) }
    }

    #[test]
    fn a_folder_is_sent_as_names_and_then_as_what_is_asked_for() {
        let packets = sent(&asked(&[], &["node_modules"], &[]), &[3]).unwrap();
        insta::assert_snapshot!(packets.join("\n"), @"
        stat .dockerignore 644 1 
        stat a 20000000755 0 
        stat a/one 40000755 1 
        stat a/two 644 2 
        stat b 20000000755 0 
        stat b/again 644 0 a/two
        stat b/deep 20000000755 0 
        stat b/deep/three 644 3 
        stat link 1000000777 5 a/one
        stat 0 
        data 3 22
        data 3 
        fin 0 
        ");
    }

    #[test]
    fn only_what_is_asked_for_is_looked_at_with_the_directories_above_it() {
        let names = |asked: &Asked| -> Vec<String> {
            let packets = sent(asked, &[]).unwrap();
            let stats = packets.iter().filter_map(|packet| packet.strip_prefix("stat "));
            stats.filter_map(|stat| Some(stat.split_once(' ')?.0.to_owned())).filter(|name| name != "0").collect()
        };
        assert_eq!(names(&asked(&["b/deep/three"], &[], &[])), ["b", "b/deep", "b/deep/three"]);
        assert_eq!(names(&asked(&[], &[], &["link"])), ["a", "a/one", "link"]);
        assert_eq!(names(&asked(&[], &["*", "!b/deep"], &[])), ["b", "b/deep", "b/deep/three"]);
        assert_eq!(names(&asked(&["nothing"], &[], &[])), [""; 0]);
    }

    #[test]
    fn a_number_that_was_not_given_is_refused() {
        assert!(sent(&asked(&[], &[], &[]), &[99]).unwrap_err().contains("asked for file 99"));
    }
}
