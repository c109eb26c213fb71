//! The worst mistakes that people make, and the whole message that they get: read it aloud, would you know what to do?

mod files;
mod keys;
mod references;
mod syntax;
mod traps;
mod values;

use std::process::Command;

/// What `config -q` says of a project of these files, the first of which is its Compose file, and its exit code.
fn said(files: &[(&str, &str)]) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = directory.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let mut config = Command::new(env!("CARGO_BIN_EXE_wharf"));
    config.args(["-p", "demo", "config", "-q"]).current_dir(directory.path()).env_clear();
    let output = config.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let message = String::from_utf8_lossy(&output.stderr).replace(&directory.path().display().to_string(), "DIR");
    (output.status.code(), message)
}

fn mistake(files: &[(&str, &str)]) -> String {
    let (code, message) = said(files);
    assert_eq!(code, Some(15), "{message}");
    message
}

fn warnings(text: &str) -> String {
    let (code, message) = said(&[("compose.yaml", text)]);
    assert_eq!(code, Some(0), "{message}");
    message
}
