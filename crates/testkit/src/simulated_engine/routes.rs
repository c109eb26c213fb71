//! Which request asks for what, and how the engine answers.

use serde_json::{Value, json};

use super::containers::{Changed, exit_code};
use super::daemon::Daemon;
use super::events::has_label;
use super::model::{Container, map, strings};
use super::refusal::{Refusal, Result};
use super::views;
use crate::unix_server::{Answer, FakeReply, FakeRequest};

/// Whether a request changes something.
pub(super) fn changes(request: &FakeRequest) -> bool {
    let only_watches = ["/wait", "/attach", "/resize"].iter().any(|end| request.path.ends_with(end));
    !matches!(request.method.as_str(), "GET" | "HEAD") && !only_watches
}

/// Does what a request asks for.
pub(super) fn answer(daemon: &mut Daemon, request: &FakeRequest) -> Answer {
    route(daemon, request).unwrap_or_else(|refusal| FakeReply::from(refusal).into())
}

fn route(daemon: &mut Daemon, request: &FakeRequest) -> Result<Answer> {
    let parts: Vec<&str> = request.path.split('/').skip(1).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["version"]) => Ok(ok(json!({ "Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12" }))),
        ("GET", ["info"]) => Ok(ok(json!({ "SystemTime": views::time(daemon.events.now()) }))),
        ("GET", ["events"]) => {
            let since = request.query.get("since").map(String::as_str);
            if request.query.contains_key("until") {
                let history = daemon.events.history(since, &filters(request));
                return Ok(FakeReply::Answer(200, history.into()).into());
            }
            Ok(Answer::Stream(daemon.events.follow(since, filters(request))))
        }
        (_, ["containers", rest @ ..]) => containers(daemon, request, rest),
        (_, ["exec", rest @ ..]) => executions(daemon, request, rest),
        (_, ["networks", rest @ ..]) => networks(daemon, request, rest),
        (_, ["volumes", rest @ ..]) => volumes(daemon, request, rest),
        ("GET", ["images", name @ .., "json"]) if !name.is_empty() => {
            let name = name.join("/");
            let missing = || Refusal::new(404, format!("no such image: {name}: No such image: {name}"));
            Ok(ok(views::image(daemon.image(&name).ok_or_else(missing)?)))
        }
        _ => Err(unknown(request)),
    }
}

fn containers(daemon: &mut Daemon, request: &FakeRequest, rest: &[&str]) -> Result<Answer> {
    let flag = |name: &str| request.query.get(name).is_some_and(|value| matches!(value.as_str(), "1" | "true"));
    let word = |name: &str| request.query.get(name).map(String::as_str);
    match (request.method.as_str(), rest) {
        ("GET", ["json"]) => {
            let filters = filters(request);
            let now = daemon.events.now();
            let shown = |container: &&Container| (flag("all") || container.is_up()) && selected(container, &filters);
            // The newest first.
            let listed = daemon.containers.iter().rev().filter(shown).map(|container| views::summary(container, now));
            Ok(ok(listed.collect()))
        }
        ("POST", ["create"]) => {
            let id = daemon.create(word("name"), request.json())?;
            Ok(created(json!({ "Id": id, "Warnings": [] })))
        }
        ("GET", [id, "json"]) => Ok(ok(views::inspection(daemon.container(id)?))),
        ("GET", [id, "logs"]) => daemon.container(id).map(|_| FakeReply::status(200).into()),
        ("POST", [id, "start"]) => daemon.start(id).map(changed),
        ("POST", [id, "stop"]) => daemon.stop(id).map(changed),
        ("POST", [id, "restart"]) => daemon.restart(id).map(done),
        ("POST", [id, "kill"]) => daemon.kill(id, word("signal").unwrap_or_default()).map(done),
        ("POST", [id, "pause"]) => daemon.pause(id).map(done),
        ("POST", [id, "unpause"]) => daemon.unpause(id).map(done),
        ("POST", [id, "rename"]) => daemon.rename(id, word("name").unwrap_or_default()).map(done),
        ("DELETE", [id]) => daemon.remove(id, flag("v"), flag("force")).map(done),
        ("PUT", [id, "archive"]) => {
            daemon.copy_into(id, word("path").unwrap_or_default(), &request.body)?;
            Ok(FakeReply::status(200).into())
        }
        ("GET", [id, "archive"]) => {
            let archive = daemon.copy_out_of(id, word("path").unwrap_or_default())?;
            Ok(FakeReply::Answer(200, archive.into()).into())
        }
        ("POST", [id, "attach"]) => daemon.container(id).map(|container| match exit_code(&container.command()) {
            Some(_) => Answer::Upgrade,
            None => Answer::OpenUpgrade,
        }),
        ("POST", [id, "wait"]) => match daemon.container(id)? {
            container if container.is_up() => Err(Refusal::not_simulated("a wait for a container that runs")),
            container => Ok(ok(json!({ "StatusCode": container.exit_code }))),
        },
        ("POST", [id, "exec"]) => Ok(created(json!({ "Id": daemon.create_execution(id, &request.json())? }))),
        _ => Err(unknown(request)),
    }
}

fn selected(container: &Container, filters: &Value) -> bool {
    let ids = strings(&filters["id"]);
    strings(&filters["label"]).iter().all(|label| has_label(&container.labels, label))
        && (ids.is_empty() || ids.iter().any(|id| container.id.starts_with(id)))
}

fn executions(daemon: &mut Daemon, request: &FakeRequest, rest: &[&str]) -> Result<Answer> {
    match (request.method.as_str(), rest) {
        ("POST", [id, "start"]) => {
            daemon.start_execution(id)?;
            Ok(match exit_code(&daemon.execution(id)?.1) {
                Some(_) => Answer::Upgrade,
                None => Answer::OpenUpgrade,
            })
        }
        ("GET", [id, "json"]) => {
            let (container, command) = daemon.execution(id)?;
            let code = exit_code(command);
            Ok(ok(json!({ "ID": id, "ContainerID": container, "Running": code.is_none(), "ExitCode": code })))
        }
        _ => Err(unknown(request)),
    }
}

fn networks(daemon: &mut Daemon, request: &FakeRequest, rest: &[&str]) -> Result<Answer> {
    match (request.method.as_str(), rest) {
        ("GET", [] | [""]) => {
            let labels = strings(&filters(request)["label"]);
            let shown =
                daemon.networks.iter().filter(|network| labels.iter().all(|label| has_label(&network.labels, label)));
            Ok(ok(shown.map(|network| views::network(daemon, network, false)).collect()))
        }
        ("POST", ["create"]) => Ok(created(json!({ "Id": daemon.create_network(request.json())?, "Warning": "" }))),
        ("GET", [id]) => Ok(ok(views::network(daemon, daemon.network(id)?, true))),
        ("DELETE", [id]) => daemon.remove_network(id).map(done),
        ("POST", [id, "connect"]) => daemon.connect(id, &request.json()).map(|()| FakeReply::status(200).into()),
        ("POST", [id, "disconnect"]) => daemon.disconnect(id, &request.json()).map(|()| FakeReply::status(200).into()),
        _ => Err(unknown(request)),
    }
}

fn volumes(daemon: &mut Daemon, request: &FakeRequest, rest: &[&str]) -> Result<Answer> {
    let missing = |name: &str| Refusal::new(404, format!("get {name}: no such volume"));
    match (request.method.as_str(), rest) {
        ("GET", [] | [""]) => {
            let labels = strings(&filters(request)["label"]);
            let shown =
                daemon.volumes.iter().filter(|volume| labels.iter().all(|label| has_label(&volume.labels, label)));
            let shown: Vec<Value> = shown.map(views::volume).collect();
            Ok(ok(json!({ "Volumes": shown, "Warnings": null })))
        }
        ("POST", ["create"]) => {
            let body = request.json();
            let name = match body["Name"].as_str().unwrap_or_default() {
                "" => daemon.new_id(),
                name => name.to_owned(),
            };
            Ok(created(views::volume(&daemon.create_volume(&name, map(&body["Labels"])))))
        }
        ("GET", [name]) => {
            let volume = daemon.volumes.iter().find(|volume| volume.name == *name);
            Ok(ok(views::volume(volume.ok_or_else(|| missing(name))?)))
        }
        ("DELETE", [name]) => daemon.remove_volume(name).map(done),
        _ => Err(unknown(request)),
    }
}

fn filters(request: &FakeRequest) -> Value {
    let text = request.query.get("filters").map(String::as_str).unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}

fn unknown(request: &FakeRequest) -> Refusal {
    Refusal::not_simulated(&format!("{} {}", request.method, request.path))
}

fn ok(body: Value) -> Answer {
    FakeReply::json(body).into()
}

fn created(body: Value) -> Answer {
    FakeReply::Answer(201, body.to_string().into()).into()
}

fn done((): ()) -> Answer {
    FakeReply::status(204).into()
}

fn changed(changed: Changed) -> Answer {
    FakeReply::status(if changed == Changed::Yes { 204 } else { 304 }).into()
}
