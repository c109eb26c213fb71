//! What the same takes with nothing but the engine's calls: independent ones all at once, and none that could be left out.

use std::{path::Path, thread};

use anyhow::Result;

use super::api::{call, id};
use super::project::{COMMAND, Chain, IMAGE, LINKS, SERVICES};

/// Bare calls for one project.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floor<'a> {
    pub(super) socket: &'a Path,
    pub(super) project: &'a str,
}

impl Floor<'_> {
    pub(super) fn up(self) -> Result<()> {
        self.network()?;
        side_by_side(SERVICES, |number| self.start(&format!("s{number}"), COMMAND).map(drop))
    }

    pub(super) fn nothing_to_do(self) -> Result<()> {
        let path = format!("/containers/json?all=1&filters={{%22name%22:[%22{}%22]}}", self.project);
        call(self.socket, "GET", &path, "").map(drop)
    }

    pub(super) fn down(self) -> Result<()> {
        side_by_side(SERVICES, |number| self.remove(&format!("s{number}"), "stop?t=1"))?;
        call(self.socket, "DELETE", &format!("/networks/{}", self.project), "").map(drop)
    }

    /// Starts the links, with one probe of each at the moment when it answers, and `app`.
    pub(super) fn chain(self, chain: Chain) -> Result<()> {
        self.network()?;
        for link in LINKS {
            let container = self.start(link, &chain.command())?;
            thread::sleep(chain.answers_after);
            let test = Chain::test().replacen(r#""CMD", "#, "", 1);
            let body = format!(r#"{{"AttachStdout": true, "AttachStderr": true, "Cmd": {test}}}"#);
            let exec = id(&call(self.socket, "POST", &format!("/containers/{container}/exec"), &body)?)?;
            call(self.socket, "POST", &format!("/exec/{exec}/start"), r#"{"Detach": false, "Tty": false}"#)?;
            call(self.socket, "GET", &format!("/exec/{exec}/json"), "")?;
        }
        self.start("app", COMMAND).map(drop)
    }

    pub(super) fn remove_chain(self) -> Result<()> {
        let names: Vec<&str> = LINKS.into_iter().chain(["app"]).collect();
        side_by_side(names.len(), |number| self.remove(names[number - 1], "kill"))?;
        call(self.socket, "DELETE", &format!("/networks/{}", self.project), "").map(drop)
    }

    fn network(self) -> Result<()> {
        let body = format!(r#"{{"Name": "{}", "Driver": "bridge"}}"#, self.project);
        call(self.socket, "POST", "/networks/create", &body).map(drop)
    }

    fn start(self, name: &str, command: &str) -> Result<String> {
        let project = self.project;
        let body = format!(
            r#"{{"Image": "{IMAGE}", "Cmd": {command}, "HostConfig": {{"NetworkMode": "{project}"}},
                "NetworkingConfig": {{"EndpointsConfig": {{"{project}": {{"Aliases": ["{name}"]}}}}}}}}"#
        );
        let path = format!("/containers/create?name={project}-{name}");
        let container = id(&call(self.socket, "POST", &path, &body)?)?;
        call(self.socket, "POST", &format!("/containers/{container}/start"), "")?;
        Ok(container)
    }

    fn remove(self, name: &str, stop: &str) -> Result<()> {
        let container = format!("/containers/{}-{name}", self.project);
        call(self.socket, "POST", &format!("{container}/{stop}"), "")?;
        call(self.socket, "DELETE", &format!("{container}?force=1"), "").map(drop)
    }
}

/// Does the work for the numbers from 1 to `count`, all at the same time.
fn side_by_side(count: usize, work: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = (1..=count)
            .map(|number| {
                scope.spawn({
                    let work = &work;
                    move || work(number)
                })
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Removes what an earlier run may have left of the projects whose names begin with `prefix`. What the engine does not let go of, such as
/// a network with an endpoint of a container that is gone (moby#42119), is told and stays.
pub(super) fn clear(socket: &Path, prefix: &str) -> Result<()> {
    let filters = format!("filters={{%22name%22:[%22{prefix}%22]}}");
    for (noun, path) in [("containers", "/containers/json?all=1&"), ("networks", "/networks?")] {
        let listed = call(socket, "GET", &format!("{path}{filters}"), "")?;
        for id in listed.split(r#""Id":""#).skip(1).filter_map(|rest| rest.split('"').next()) {
            if let Err(error) = call(socket, "DELETE", &format!("/{noun}/{id}?force=1"), "") {
                eprintln!("left as it is: {error}");
            }
        }
    }
    Ok(())
}
