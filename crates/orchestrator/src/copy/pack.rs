//! Packs files of this machine into a tar archive.

use std::io::{Read, Write};
use std::path::Path;

/// Packs `root`, a file or a directory with its content, as `name`. Without a name, packs the content of the directory.
/// With `follow`, a `root` that is a link is resolved.
pub(super) fn pack(root: &Path, name: Option<&str>, follow: bool, out: &mut dyn Write) -> std::io::Result<()> {
    let mut archive = tar::Builder::new(out);
    archive.follow_symlinks(false);
    let followed = match follow || name.is_none() {
        true => root.canonicalize()?,
        false => root.to_owned(),
    };
    append(&mut archive, &followed, Path::new(name.unwrap_or(".")))?;
    archive.finish()
}

fn append(archive: &mut tar::Builder<&mut dyn Write>, path: &Path, name: &Path) -> std::io::Result<()> {
    let metadata = std::fs::symlink_metadata(path)?;
    let mut header = tar::Header::new_gnu();
    header.set_metadata_in_mode(&metadata, tar::HeaderMode::Complete);
    if metadata.is_symlink() {
        return archive.append_link(&mut header, name, std::fs::read_link(path)?);
    }
    if !metadata.is_dir() {
        // A file that grows while it is read must not break the archive. Pipes and sockets are not read.
        let limit = if metadata.is_file() { metadata.len() } else { return Ok(()) };
        return archive.append_data(&mut header, name, std::fs::File::open(path)?.take(limit));
    }
    archive.append_data(&mut header, name, std::io::empty())?;
    let mut entries: Vec<_> = std::fs::read_dir(path)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        append(archive, &entry.path(), &name.join(entry.file_name()))?;
    }
    Ok(())
}
