use super::*;

fn container(name: &str, labels: &[(&str, &str)]) -> Container {
    Container {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
        image: "i".to_owned(),
        pid: Some(1),
        labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        networks: [("p_back".to_owned(), "10.0.0.2".to_owned()), ("p_front".to_owned(), "10.1.0.2".to_owned())].into(),
        own_network: true,
        ..Container::default()
    }
}

fn addresses(containers: &[Container], near: &[&str]) -> Vec<String> {
    let networks = near.iter().map(|name| (*name).to_owned()).collect();
    find(containers, &OwnContainer { networks, ..OwnContainer::default() })
        .targets
        .into_iter()
        .map(|target| target.address)
        .collect()
}

#[test]
fn each_replica_is_a_target_of_its_own() {
    let labels = [("wharf.metrics.port", "5002"), (SERVICE, "web"), (PROJECT, "p")];
    let replicas = ["p-web-1", "p-web-2"].map(|name| container(name, &labels));
    let found = find(&replicas, &OwnContainer::default());
    assert_eq!(found.errors, Vec::<String>::new());
    let json = serde_json::to_string_pretty(&groups(&found, "exporter:1")).unwrap();
    insta::assert_snapshot!(json);
}

#[test]
fn the_widespread_labels_are_understood() {
    let labels = [
        ("prometheus.io/scrape", "true"),
        ("prometheus.io/port", "8080"),
        ("prometheus.io/path", "/m"),
        ("prometheus.io/scheme", "https"),
    ];
    let target = find(&[container("a", &labels)], &OwnContainer::default()).targets.remove(0);
    assert_eq!((target.address.as_str(), target.path.as_str(), target.scheme), ("10.0.0.2:8080", "/m", "https"));
    assert!(addresses(&[container("a", &labels[1..])], &[]).is_empty(), "nobody asked for it");
}

#[test]
fn every_label_of_the_container_is_there_for_relabelling() {
    let labels = [("wharf.metrics.port", "1"), ("com.docker.swarm.node.id", "n1"), ("x.y", "z")];
    let json =
        serde_json::to_value(groups(&find(&[container("a", &labels)], &OwnContainer::default()), "e:1")).unwrap();
    for (label, value) in [("com_docker_swarm_node_id", "n1"), ("x_y", "z"), ("wharf_metrics_port", "1")] {
        assert_eq!(json[0]["labels"][format!("__meta_docker_container_label_{label}")], value);
    }
}

#[test]
fn a_container_in_the_network_of_the_host_or_of_another_one_has_that_ones_address() {
    let port = ("wharf.metrics.port", "1");
    let with = |name: &str, mode: &str| {
        let mut container = container(name, &[port]);
        (container.network_mode, container.own_network) = (mode.to_owned(), false);
        container.networks.clear();
        container
    };
    let pod = container("pod", &[]);
    let sidecar = with("sidecar", "container:id-of-pod");
    let of_sidecar = with("z-of-sidecar", "container:sidecar");
    assert_eq!(addresses(&[pod, sidecar, of_sidecar], &["p_front"]), ["10.1.0.2:1", "10.1.0.2:1"]);
    assert_eq!(addresses(&[with("a", "host")], &[]), ["localhost:1"]);
    assert!(addresses(&[with("a", "host")], &["p_front"]).is_empty(), "that is not our localhost");
    let lost = find(&[with("a", "container:gone")], &OwnContainer::default());
    assert!(lost.errors[0].contains("it has no address of its own"), "{:?}", lost.errors);
}

#[test]
fn a_single_declared_port_needs_no_label() {
    let mut one = container("a", &[("wharf.metrics.scrape", "true")]);
    one.tcp_ports = vec![9000];
    assert_eq!(addresses(&[one], &[]), ["10.0.0.2:9000"]);
}

#[test]
fn the_address_is_one_that_the_scraper_reaches() {
    let port = ("wharf.metrics.port", "1");
    assert_eq!(addresses(&[container("a", &[port])], &["other", "p_front"]), ["10.1.0.2:1"]);
    let named = [port, ("wharf.metrics.network", "front"), (PROJECT, "p")];
    assert_eq!(addresses(&[container("a", &named)], &["p_back"]), ["10.1.0.2:1"]);
    let mut own = container("exporter", &[(PROJECT, "p")]);
    own.hostname = "0123456789ab".to_owned();
    let own = OwnContainer::among(&[own], "0123456789ab");
    assert_eq!((own.networks, own.project.as_deref()), (vec!["p_back".to_owned(), "p_front".to_owned()], Some("p")));
}

#[test]
fn what_ought_to_run_stays_a_target_by_its_name() {
    let mut gone = container("p-web-1", &[("wharf.metrics.port", "5002")]);
    gone.pid = None;
    assert!(addresses(std::slice::from_ref(&gone), &[]).is_empty(), "it has done its work");
    gone.missed = true;
    assert_eq!(addresses(&[gone], &[]), ["p-web-1:5002"]);
}

#[test]
fn an_exporter_in_a_container_tells_of_those_that_share_a_network_with_it() {
    let port = ("wharf.metrics.port", "1");
    let mut stopped = container("stopped", &[port]);
    (stopped.pid, stopped.missed, stopped.networks) = (None, true, [("p".to_owned(), String::new())].into());
    let mut elsewhere = container("elsewhere", &[port]);
    elsewhere.networks = [("other".to_owned(), "10.9.0.2".to_owned())].into();
    let mut called = container("called", &[port, ("wharf.metrics.network", "other")]);
    called.networks.clone_from(&elsewhere.networks);
    let all = [stopped, elsewhere, called];
    assert_eq!(addresses(&all, &["p"]), ["10.9.0.2:1", "stopped:1"]);
    assert_eq!(addresses(&all, &[]).len(), 3, "on the host, or in its network, we reach all");
    let mut own = container("exporter", &[]);
    (own.hostname, own.own_network) = ("machine".to_owned(), false);
    assert_eq!(OwnContainer::among(&[own], "machine").networks, Vec::<String>::new());
}

#[test]
fn one_off_containers_and_the_unwilling_are_left_alone() {
    let one_off = container("a", &[("wharf.metrics.port", "1"), (ONE_OFF, "True")]);
    let mut unwilling = container("b", &[("wharf.metrics.port", "1"), ("wharf.metrics.scrape", "false")]);
    unwilling.image = "redis:7".to_owned();
    assert_eq!(find(&[one_off, unwilling], &OwnContainer::default()), Found::default());
}

#[test]
fn bad_labels_are_told_and_do_not_hide_other_targets() {
    let mut nowhere = container("nowhere", &[("wharf.metrics.port", "1")]);
    nowhere.networks.clear();
    let bad = [
        container("a", &[("wharf.metrics.port", "eighty\u{fffd}")]),
        container("b", &[("wharf.metrics.port", "0")]),
        container("c", &[("prometheus.io/scrape", "true")]),
        container("d", &[("wharf.metrics.port", "1"), ("wharf.metrics.scheme", "ftp")]),
        container("e", &[("wharf.metrics.port", "1"), ("wharf.metrics.path", "metrics")]),
        container("f", &[("wharf.metrics.port", "1"), ("wharf.metrics.network", "no")]),
        container("g", &[("wharf.metrics.database", "oracle")]),
        nowhere,
        container("good", &[("wharf.metrics.port", "1, 2")]),
    ];
    let found = find(&bad, &OwnContainer::default());
    insta::assert_snapshot!(found.errors.join("\n"));
    assert_eq!(addresses(&bad, &[]), ["10.0.0.2:1", "10.0.0.2:2"]);
}

#[test]
fn databases_are_probed_through_the_exporter_by_a_name_that_stays() {
    let mut redis = container("p-redis-1", &[(SERVICE, "redis"), (PROJECT, "p"), (NUMBER, "1")]);
    redis.image = "redis:7".to_owned();
    for (pid, missed, address) in [(Some(1), false, "10.0.0.2:6379"), (None, true, "p-redis-1:6379")] {
        (redis.pid, redis.missed) = (pid, missed);
        let found = find([&redis], &OwnContainer::default());
        assert_eq!(found.databases[0].target.address.to_string(), address);
        let json = serde_json::to_value(groups(&found, "exporter:10500")).unwrap();
        assert_eq!(json[0]["targets"][0], "exporter:10500");
        assert_eq!(json[0]["labels"]["__metrics_path__"], "/scrape");
        assert_eq!(json[0]["labels"]["__param_target"], "redis.p:6379");
        assert_eq!(json[0]["labels"]["instance"], "p-redis-1:6379");
    }
}

proptest::proptest! {
    #[test]
    fn no_label_upsets_discovery(port: String, path: String, network: String, image: String, kind: String) {
        let mut odd = container("odd", &[
            ("wharf.metrics.port", &port), ("wharf.metrics.path", &path),
            ("wharf.metrics.network", &network), ("wharf.metrics.database", &kind),
        ]);
        odd.image = image;
        let _ = groups(&find(&[odd], &OwnContainer::default()), "a");
    }
}
