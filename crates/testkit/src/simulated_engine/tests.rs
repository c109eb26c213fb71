//! The expected answers are those of Docker Engine 20.10.24.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;

/// A daemon with the image `app:1`, which has a volume at `/data`.
fn daemon() -> Daemon {
    let mut daemon = Daemon::default();
    daemon.add_predefined_networks();
    let volumes = vec!["/data".to_owned()];
    daemon.images.push(Image { id: "sha256:1".to_owned(), name: "app:1".to_owned(), volumes });
    daemon
}

fn ask(daemon: &mut Daemon, method: &str, target: &str, body: Value) -> (u16, Value) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query: BTreeMap<_, _> = query.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let request = FakeRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query,
        headers: BTreeMap::new(),
        body: body.to_string().into(),
    };
    match routes::answer(daemon, &request) {
        Answer::Reply(FakeReply::Answer(status, body)) => (status, serde_json::from_slice(&body).unwrap_or_default()),
        _ => panic!("{method} {target} has no whole answer"),
    }
}

fn get(daemon: &mut Daemon, target: &str) -> Value {
    ask(daemon, "GET", target, Value::Null).1
}

fn post(daemon: &mut Daemon, target: &str, body: Value) -> (u16, Value) {
    ask(daemon, "POST", target, body)
}

/// A refusal's status and message.
fn refused((status, body): (u16, Value)) -> (u16, String) {
    (status, body["message"].as_str().unwrap_or_default().to_owned())
}

fn create(daemon: &mut Daemon, name: &str, mut body: Value) -> String {
    body["Image"] = "app:1".into();
    body["Cmd"] = if body["Cmd"].is_null() { json!(["serve"]) } else { body["Cmd"].take() };
    let (status, answer) = post(daemon, &format!("/containers/create?name={name}"), body);
    assert_eq!(status, 201, "{answer}");
    answer["Id"].as_str().expect("a container has an identifier").to_owned()
}

fn network(daemon: &mut Daemon, name: &str) -> String {
    let (_, answer) = post(daemon, "/networks/create", json!({ "Name": name }));
    answer["Id"].as_str().expect("a network has an identifier").to_owned()
}

#[test]
fn a_name_belongs_to_one_container() {
    let mut daemon = daemon();
    let a = create(&mut daemon, "aa", json!({}));
    create(&mut daemon, "bb", json!({}));
    let conflict = format!(
        "Conflict. The container name \"/aa\" is already in use by container \"{a}\". You have to remove (or rename) that \
         container to be able to reuse that name."
    );
    let again = post(&mut daemon, "/containers/create?name=aa", json!({ "Image": "app:1" }));
    assert_eq!(refused(again), (409, conflict.clone()));
    let renamed = post(&mut daemon, "/containers/bb/rename?name=aa", Value::Null);
    assert_eq!(refused(renamed), (409, format!("Error when allocating new name: {conflict}")));
    assert_eq!(post(&mut daemon, "/containers/aa/rename?name=cc", Value::Null).0, 204);
    assert_eq!(post(&mut daemon, "/containers/bb/rename?name=aa", Value::Null).0, 204);
    assert_eq!(get(&mut daemon, &format!("/containers/{}/json", &a[..12]))["Name"], "/cc");
    let missing = post(&mut daemon, "/containers/create?name=dd", json!({ "Image": "nothing" }));
    assert_eq!(refused(missing), (404, "No such image: nothing:latest".to_owned()));
}

#[test]
fn a_container_starts_stops_and_goes() {
    let mut daemon = daemon();
    let id = create(&mut daemon, "aa", json!({}));
    let listed = |daemon: &mut Daemon, target: &str| get(daemon, target).as_array().map_or(0, Vec::len);
    assert_eq!((listed(&mut daemon, "/containers/json"), listed(&mut daemon, "/containers/json?all=1")), (0, 1));
    let states: Vec<u16> = ["stop", "start", "start", "stop", "stop", "start"]
        .map(|act| post(&mut daemon, &format!("/containers/aa/{act}"), Value::Null).0)
        .into();
    assert_eq!(states, [304, 204, 304, 204, 304, 204]);
    assert_eq!(listed(&mut daemon, "/containers/json"), 1);
    let message = format!(
        "You cannot remove a running container {id}. Stop the container before attempting removal or force remove"
    );
    assert_eq!(refused(ask(&mut daemon, "DELETE", "/containers/aa", Value::Null)), (409, message));
    assert_eq!(ask(&mut daemon, "DELETE", "/containers/aa?force=true", Value::Null).0, 204);
    let gone = ask(&mut daemon, "DELETE", "/containers/aa", Value::Null);
    assert_eq!(refused(gone), (404, "No such container: aa".to_owned()));
}

#[test]
fn true_and_false_end_at_once() {
    let mut daemon = daemon();
    for (command, code) in [("true", 0), ("false", 1)] {
        create(&mut daemon, command, json!({ "Cmd": [command] }));
        assert_eq!(post(&mut daemon, &format!("/containers/{command}/start"), Value::Null).0, 204);
        let state = get(&mut daemon, &format!("/containers/{command}/json"))["State"].clone();
        assert_eq!((&state["Status"], &state["ExitCode"]), (&json!("exited"), &json!(code)));
        assert_eq!(post(&mut daemon, &format!("/containers/{command}/wait"), Value::Null).1["StatusCode"], code);
    }
}

#[test]
fn a_container_that_was_started_remembers_its_networks_by_identifier() {
    let mut daemon = daemon();
    let first = network(&mut daemon, "nn");
    let on = json!({ "HostConfig": { "NetworkMode": "nn" }, "NetworkingConfig": { "EndpointsConfig": { "nn": {} } } });
    create(&mut daemon, "old", on.clone());
    create(&mut daemon, "new", on);
    let joined = |daemon: &mut Daemon, name: &str| {
        get(daemon, &format!("/containers/{name}/json"))["NetworkSettings"]["Networks"]["nn"]["NetworkID"].clone()
    };
    assert_eq!(joined(&mut daemon, "old"), "");
    post(&mut daemon, "/containers/old/start", Value::Null);
    assert_eq!(joined(&mut daemon, "old"), first.as_str());
    let used = ask(&mut daemon, "DELETE", "/networks/nn", Value::Null);
    let message = format!("error while removing network: network nn id {first} has active endpoints");
    assert_eq!(refused(used), (403, message));
    post(&mut daemon, "/containers/old/stop", Value::Null);
    assert_eq!(ask(&mut daemon, "DELETE", "/networks/nn", Value::Null).0, 204);
    let start = |daemon: &mut Daemon, name: &str| refused(post(daemon, &format!("/containers/{name}/start"), json!(0)));
    assert_eq!(start(&mut daemon, "new"), (404, "network nn not found".to_owned()));
    network(&mut daemon, "nn");
    assert_eq!(start(&mut daemon, "old"), (404, format!("network {first} not found")));
    assert_eq!(start(&mut daemon, "new").0, 204);
}

#[test]
fn networks_may_share_a_name_that_then_means_none_of_them() {
    let mut daemon = daemon();
    network(&mut daemon, "nn");
    let second = network(&mut daemon, "nn");
    create(&mut daemon, "aa", json!({ "HostConfig": { "NetworkMode": "nn" } }));
    let ambiguous = "network nn is ambiguous (2 matches found on name)".to_owned();
    assert_eq!(refused(post(&mut daemon, "/containers/aa/start", Value::Null)), (400, ambiguous));
    let ambiguous = "network nn is ambiguous (2 matches found based on name)".to_owned();
    assert_eq!(refused(ask(&mut daemon, "DELETE", "/networks/nn", Value::Null)), (400, ambiguous));
    assert_eq!(ask(&mut daemon, "DELETE", &format!("/networks/{second}"), Value::Null).0, 204);
    assert_eq!(post(&mut daemon, "/containers/aa/start", Value::Null).0, 204);
}

#[test]
fn a_stopped_container_can_be_connected_to_anything() {
    let mut daemon = daemon();
    let id = network(&mut daemon, "nn");
    create(&mut daemon, "aa", json!({}));
    let connect = |daemon: &mut Daemon, network: &str| {
        refused(post(daemon, &format!("/networks/{network}/connect"), json!({ "Container": "aa" })))
    };
    assert_eq!((connect(&mut daemon, &id).0, connect(&mut daemon, "none-such").0), (200, 200));
    let start = refused(post(&mut daemon, "/containers/aa/start", Value::Null));
    assert_eq!(start, (404, "network none-such not found".to_owned()));
    assert_eq!(post(&mut daemon, "/networks/none-such/disconnect", json!({ "Container": "aa" })).0, 200);
    assert_eq!(post(&mut daemon, "/containers/aa/start", Value::Null).0, 204);
    let message = "endpoint with name aa already exists in network nn".to_owned();
    assert_eq!(connect(&mut daemon, "nn"), (403, message));
    let body = json!({ "Image": "app:1", "NetworkingConfig": { "EndpointsConfig": { "n1": {}, "n2": {} } } });
    let message = "Container cannot be connected to network endpoints: n1, n2".to_owned();
    assert_eq!(refused(post(&mut daemon, "/containers/create?name=bb", body)), (400, message));
}

#[test]
fn a_network_namespace_is_that_of_a_container_which_runs() {
    let mut daemon = daemon();
    let owner = create(&mut daemon, "owner", json!({}));
    create(&mut daemon, "guest", json!({ "HostConfig": { "NetworkMode": "container:owner" } }));
    assert_eq!(daemon.containers[1].network_mode, format!("container:{owner}"));
    let start = |daemon: &mut Daemon| refused(post(daemon, "/containers/guest/start", Value::Null));
    let message = format!("cannot join network of a non running container: {owner}");
    assert_eq!(start(&mut daemon), (409, message));
    post(&mut daemon, "/containers/owner/start", Value::Null);
    assert_eq!(start(&mut daemon).0, 204);
    ask(&mut daemon, "DELETE", "/containers/owner?force=1", Value::Null);
    assert_eq!(start(&mut daemon).0, 304, "it goes on without the other");
    post(&mut daemon, "/containers/guest/stop", Value::Null);
    assert_eq!(start(&mut daemon), (404, format!("No such container: {owner}")));
}

#[test]
fn a_host_port_belongs_to_one_running_container() {
    let mut daemon = daemon();
    let body = json!({ "HostConfig": { "PortBindings": { "80/tcp": [{ "HostIp": "", "HostPort": "8080" }] } } });
    create(&mut daemon, "aa", body.clone());
    let second = create(&mut daemon, "bb", body);
    post(&mut daemon, "/containers/aa/start", Value::Null);
    assert_eq!(get(&mut daemon, "/containers/json")[0]["Ports"][0]["PublicPort"], 8080);
    let message = format!(
        "driver failed programming external connectivity on endpoint bb ({second}): Bind for 0.0.0.0:8080 failed: port is \
         already allocated"
    );
    assert_eq!(refused(post(&mut daemon, "/containers/bb/start", Value::Null)), (500, message));
    post(&mut daemon, "/containers/aa/stop", Value::Null);
    assert_eq!(post(&mut daemon, "/containers/bb/start", Value::Null).0, 204);
}

#[test]
fn anonymous_volumes_go_with_the_last_container_that_did_not_name_them() {
    let mut daemon = daemon();
    let mounts =
        json!([{ "Type": "volume", "Target": "/cache" }, { "Type": "volume", "Source": "named", "Target": "/x" }]);
    let owner = create(&mut daemon, "owner", json!({ "HostConfig": { "Mounts": mounts } }));
    let (mount, mounts) = {
        let mounts = &daemon.container(&owner).expect("it was created").mounts;
        (mounts["/cache"].clone(), mounts.clone())
    };
    assert_eq!(mounts.keys().collect::<Vec<_>>(), ["/cache", "/data", "/x"]);
    assert_eq!(daemon.volumes.len(), 3);
    let message = format!("remove named: volume is in use - [{owner}]");
    assert_eq!(refused(ask(&mut daemon, "DELETE", "/volumes/named", Value::Null)), (409, message));
    let heir = json!({ "HostConfig": { "Binds": [format!("{}:/cache", mount.source)] }, "Volumes": { "/cache": {} } });
    create(&mut daemon, "heir", heir);
    ask(&mut daemon, "DELETE", "/containers/owner?v=true", Value::Null);
    ask(&mut daemon, "DELETE", "/containers/heir?v=true", Value::Null);
    let left: Vec<String> = daemon.volumes.iter().map(|volume| volume.name.clone()).collect();
    assert_eq!(left, [mount.source.clone(), "named".to_owned()]);
    let twice = json!([{ "Type": "volume", "Target": "/a" }, { "Type": "volume", "Source": "named", "Target": "/a" }]);
    let body = json!({ "Image": "app:1", "HostConfig": { "Mounts": twice } });
    let refusal = refused(post(&mut daemon, "/containers/create?name=twice", body));
    assert_eq!(refusal, (400, "Duplicate mount point: /a".to_owned()));
    let again = post(&mut daemon, "/volumes/create", json!({ "Name": "named", "Labels": { "a": "b" } })).1;
    assert_eq!(again["Labels"], json!({}), "a volume that exists stays as it is");
}

#[test]
fn a_volume_keeps_its_labels_and_its_files_from_one_container_to_the_next() {
    let mut daemon = daemon();
    let labels = json!({ "of": "owner" });
    let mounts = json!([{ "Type": "volume", "Target": "/cache", "VolumeOptions": { "Labels": labels } }]);
    let owner = create(&mut daemon, "owner", json!({ "HostConfig": { "Mounts": mounts } }));
    let volume = daemon.container(&owner).expect("it was created").mounts["/cache"].source.clone();
    assert_eq!(get(&mut daemon, &format!("/volumes/{volume}"))["Labels"], labels);
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    archive.append_data(&mut header, "file", b"kept".as_slice()).expect("memory can be written");
    let archive = archive.into_inner().expect("memory can be written");
    daemon.copy_into("owner", "/cache", &archive).expect("it is an archive");
    daemon.copy_into("owner", "/etc", &archive).expect("it is an archive");
    let mounts = json!([{ "Type": "volume", "Target": "/other", "Source": volume }]);
    create(&mut daemon, "heir", json!({ "HostConfig": { "Mounts": mounts } }));
    ask(&mut daemon, "DELETE", "/containers/owner?v=1", Value::Null);
    let read = |path: &str| {
        let archive = daemon.copy_out_of("heir", path)?;
        let mut archive = tar::Archive::new(archive.as_slice());
        let mut entry = archive.entries().expect("an archive").next().expect("a file").expect("a whole one");
        let mut text = String::new();
        std::io::Read::read_to_string(&mut entry, &mut text).expect("it is text");
        Ok::<_, super::refusal::Refusal>(text)
    };
    assert_eq!(read("/other/file").expect("the volume has it"), "kept");
    assert_eq!(read("/etc/file").expect_err("that was the other container's").status, 404);
}

#[test]
fn a_check_makes_healthy_at_the_start_and_events_say_so() {
    let mut daemon = daemon();
    create(&mut daemon, "aa", json!({ "Healthcheck": { "Test": ["CMD", "true"] }, "Labels": { "a": "1" } }));
    post(&mut daemon, "/containers/aa/start", Value::Null);
    assert!(get(&mut daemon, "/containers/json")[0]["Status"].as_str().is_some_and(|text| text.ends_with("(healthy)")));
    let filters = json!({ "type": ["container"], "event": ["start", "health_status"], "label": ["a=1"] });
    let mut events = daemon.events.follow(Some("0"), filters);
    let mut actions = Vec::new();
    while let Ok(line) = events.try_recv() {
        let event: Value = serde_json::from_slice(&line).expect("an event is JSON");
        actions.push(event["Action"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(actions, ["start", "health_status: healthy"]);
}

#[tokio::test]
async fn a_fault_comes_at_its_call_and_only_there() {
    let outcomes = [
        (Fault::KilledBefore, false, false),
        (Fault::KilledAfter, true, false),
        (Fault::LostRequest, false, true),
        (Fault::LostAnswer, true, true),
        (Fault::ErrorBefore, false, true),
        (Fault::ErrorAfter, true, true),
    ];
    for (fault, done, next_done) in outcomes {
        let engine = SimulatedEngine::start();
        let docker = bollard::Docker::connect_with_unix(&engine.host(), 5, bollard::API_DEFAULT_VERSION);
        let docker = docker.expect("the socket is there");
        let reached = Arc::new(AtomicUsize::new(0));
        let counter = reached.clone();
        engine.interrupt(2, fault, move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let mut answers = Vec::new();
        for name in ["one", "two", "three"] {
            let body = bollard::models::VolumeCreateRequest { name: Some(name.to_owned()), ..Default::default() };
            answers.push(docker.create_volume(body).await.is_ok());
        }
        assert_eq!(answers, [true, false, next_done], "{fault:?}");
        let volumes: Vec<String> = engine.volumes().into_iter().map(|volume| volume.name).collect();
        let expected = [("one", true), ("two", done), ("three", next_done)];
        assert_eq!(volumes, expected.iter().filter(|(_, kept)| *kept).map(|(name, _)| *name).collect::<Vec<_>>());
        assert_eq!(reached.load(Ordering::Relaxed), 1, "{fault:?}");
        engine.new_client();
        assert!(docker.version().await.is_ok(), "another client is answered");
    }
}
