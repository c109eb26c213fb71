//! Who holds a host port. Only for an engine on this machine and in this network namespace: elsewhere /proc shows other
//! ports.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::endpoint::Endpoint;

/// A process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortHolder {
    /// This process.
    Process {
        /// Its process id.
        pid: u32,
        /// Its name.
        name: String,
    },
    /// A process that we may not see, such as another user's.
    Hidden,
}

impl std::fmt::Display for PortHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PortHolder::Process { pid, name } => write!(f, "process {name} (pid {pid})"),
            PortHolder::Hidden => f.write_str("a process of another user"),
        }
    }
}

/// The process that holds `port` on `address` (`None`: all addresses). `None` if the port is free, or if the engine
/// does not publish its ports on this machine.
///
/// The port is tried by binding it for a moment. An engine elsewhere (remote, or in a network namespace of its own)
/// gives `None`, as does a port that cannot be tried.
pub async fn port_holder(
    endpoint: &Endpoint,
    address: Option<IpAddr>,
    port: u16,
    protocol: &str,
) -> Option<PortHolder> {
    if !publishes_here(endpoint).await {
        return None;
    }
    let address = SocketAddr::new(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), port);
    let tried = match protocol {
        "udp" => UdpSocket::bind(address).map(drop),
        "tcp" => TcpListener::bind(address).map(drop),
        _ => return None,
    };
    match tried {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Some(holder(port, protocol)),
        _ => None,
    }
}

/// Whether the engine's network namespace is ours: that of the process at the other end of its socket.
async fn publishes_here(endpoint: &Endpoint) -> bool {
    let Some(path) = endpoint.host.strip_prefix("unix://") else { return false };
    let Ok(socket) = tokio::net::UnixStream::connect(path).await else { return false };
    let Some(pid) = socket.peer_cred().ok().and_then(|credentials| credentials.pid()) else { return false };
    let namespace = |process: &str| std::fs::metadata(format!("/proc/{process}/ns/net")).ok().map(|file| file.ino());
    match (namespace("self"), namespace(&pid.to_string())) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => false,
    }
}

fn holder(port: u16, protocol: &str) -> PortHolder {
    let tables = [format!("/proc/net/{protocol}"), format!("/proc/net/{protocol}6")];
    let inodes: Vec<u64> = tables
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|text| sockets_on(&text, port))
        .collect();
    process_with(&inodes).unwrap_or(PortHolder::Hidden)
}

/// Inodes of the sockets in a `/proc/net/tcp` table that listen on `port` (state 0A; 07 for UDP).
fn sockets_on(table: &str, port: u16) -> Vec<u64> {
    let suffix = format!(":{port:04X}");
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let listens = columns.get(1)?.ends_with(&suffix) && matches!(*columns.get(3)?, "0A" | "07");
            listens.then(|| columns.get(9)?.parse().ok()).flatten()
        })
        .collect()
}

fn process_with(inodes: &[u64]) -> Option<PortHolder> {
    let targets: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(files) = std::fs::read_dir(entry.path().join("fd")) else { continue };
        let holds = files.flatten().any(|file| {
            std::fs::read_link(file.path()).is_ok_and(|link| targets.iter().any(|target| link == Path::new(target)))
        });
        if holds {
            let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            return Some(PortHolder::Process { pid, name: name.trim().to_owned() });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_sockets_of_a_port_are_found_in_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 100 0\n\
            1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 100 0\n";
        assert_eq!(sockets_on(table, 8080), [4242]);
        assert_eq!(sockets_on(table, 8081), Vec::<u64>::new());
    }

    #[test]
    fn a_port_that_this_process_holds_is_found_to_be_its_own() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let found = holder(listener.local_addr().unwrap().port(), "tcp");
        assert!(matches!(found, PortHolder::Process { pid, .. } if pid == std::process::id()), "{found:?}");
    }
}
