//! A proxy on a Unix socket that counts the requests to the engine.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context, Result};

use super::requests::Requests;

/// How often each kind of request came: `POST /containers/*/start`.
pub(super) type Counts = BTreeMap<String, usize>;

/// The proxy. Its threads end with the process.
#[derive(Debug)]
pub(super) struct Proxy {
    path: PathBuf,
    counts: Arc<Mutex<Counts>>,
}

impl Proxy {
    /// Listens at `path` and passes everything on to `engine`.
    pub(super) fn start(path: PathBuf, engine: PathBuf) -> Result<Self> {
        // It may be left over from a run before.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).with_context(|| format!("cannot listen at {}", path.display()))?;
        let counts = Arc::<Mutex<Counts>>::default();
        let shared = counts.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counts = shared.clone();
                let engine = engine.clone();
                thread::spawn(move || pass_on(client, &engine, &counts));
            }
        });
        Ok(Proxy { path, counts })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// The requests since the last call.
    pub(super) fn take(&self) -> Counts {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Both directions, until one side closes the connection.
fn pass_on(mut client: UnixStream, engine: &Path, counts: &Mutex<Counts>) {
    let Ok(mut engine) = UnixStream::connect(engine) else { return };
    let (Ok(mut answers), Ok(mut to_client)) = (engine.try_clone(), client.try_clone()) else { return };
    let back = thread::spawn(move || {
        // Either side may leave at any time.
        let _ = std::io::copy(&mut answers, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut requests = Requests::default();
    let mut buffer = [0; 16 * 1024];
    while let Ok(length) = client.read(&mut buffer)
        && length > 0
    {
        for request in requests.take(&buffer[..length]) {
            *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(request).or_default() += 1;
        }
        if engine.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = engine.shutdown(Shutdown::Write);
    let _ = back.join();
}
