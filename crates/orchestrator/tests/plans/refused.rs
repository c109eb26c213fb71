//! What cannot work is refused before anything is changed.

use super::*;

#[test]
fn what_cannot_work_is_refused_before_anything_is_touched() {
    let mut project = shop();
    let published = |port: &str| Port { target: 5000, published: port.parse().ok(), ..Port::default() };
    let web = project.services.get_mut("web").unwrap();
    web.container_name = Some("the-web".into());
    web.ports = vec![published("5000")];
    project.services.get_mut("db").unwrap().ports = vec![published("5000"), published("6000")];
    let mut observed = nothing();
    observed.foreign_ports.push(ForeignPort {
        ip: "0.0.0.0".into(),
        port: 6000,
        protocol: "tcp".into(),
        container: "other-x-1".into(),
        project: Some("other".into()),
    });
    insta::assert_snapshot!(refusals(plan::up(&project, &observed, &UpOptions::default())), @r#"
    service db: host port 6000 is taken by container other-x-1 of project other
      stop that container, or publish another host port than 6000
    service web: 2 replicas cannot share the container name "the-web"
      remove container_name (replicas are then named shop-web-1, -2, ...), or run one replica
    service web: 2 replicas cannot share one host port (5000)
      publish a range of 2 ports ("5000-5001:..."), let the engine choose (no host port), or put a proxy before the replicas and publish only its port
    "#);
}

#[test]
fn a_range_of_ports_serves_as_many_replicas() {
    let mut project = shop();
    let range = Port { target: 5000, published: "5000-5001".parse().ok(), ..Port::default() };
    project.services.get_mut("web").unwrap().ports = vec![range];
    assert!(plan::up(&project, &nothing(), &UpOptions::default()).is_ok());
    let three = UpOptions { scale: BTreeMap::from([("web".into(), 3)]), ..UpOptions::default() };
    insta::assert_snapshot!(refusals(plan::up(&project, &nothing(), &three)), @r#"
    service web: 3 replicas cannot share 2 host ports (5000-5001)
      publish a range of 3 ports ("5000-5002:..."), let the engine choose (no host port), or put a proxy before the replicas and publish only its port
    "#);
}

#[test]
fn a_service_that_is_not_there_is_refused_and_never_success() {
    let project = shop();
    insta::assert_snapshot!(refusals(plan::after_start(&project, "cache", "shop-cache-run-1")), @r"
    no such service: cache
      the project shop has: db, web
    ");
    let around = plan::around(&project, &nothing(), "cache", &UpOptions::default());
    assert!(refusals(around).starts_with("no such service: cache"));
}

#[test]
fn more_replicas_than_one_engine_can_run_are_refused_before_they_are_planned() {
    let options = UpOptions { scale: BTreeMap::from([("web".to_owned(), 4_000_000_000)]), ..UpOptions::default() };
    insta::assert_snapshot!(refusals(plan::up(&shop(), &nothing(), &options)), @r"
    service web: 4000000000 replicas are more than wharf plans, 10000
      ask for fewer replicas (`scale`, `deploy.replicas`, --scale)
    ");
    let mut project = shop();
    project.services.get_mut("web").unwrap().scale = Some(u32::MAX);
    assert!(refusals(plan::up(&project, &nothing(), &UpOptions::default())).contains("are more than wharf plans"));
}

#[test]
fn a_file_that_would_have_to_be_written_into_a_read_only_container_is_refused() {
    let text = "services: { web: { image: x, read_only: true, configs: [text, site], secrets: [token] } }
configs: { text: { content: hello }, site: { file: ./site } }
secrets: { token: { environment: TOKEN } }";
    let options = wharf_compose::Options::from_text(text);
    let mut project = Project::load(&options).unwrap().project;
    let refused = refusals(plan::up(&project, &nothing(), &UpOptions::default()));
    insta::assert_snapshot!(refused, @r"
    service web is read-only, so the config text, which is not a file, cannot be written into it
      use `file:` for the config, or leave out `read_only: true`
    service web is read-only, so the secret token, which is not a file, cannot be written into it
      use `file:` for the secret, or leave out `read_only: true`
    ");
    project.services.get_mut("web").unwrap().read_only = false;
    assert!(plan::up(&project, &nothing(), &UpOptions::default()).is_ok());
}

#[test]
fn a_restart_policy_that_is_none_is_refused_with_its_line() {
    let load = |policy: &str| {
        let text = format!("services:\n  web:\n    image: x\n    restart: {policy}\n");
        Project::load(&wharf_compose::Options::from_text(&text)).unwrap().project
    };
    let Err(Error::Refused(problems)) = plan::up(&load("allways"), &nothing(), &UpOptions::default()) else {
        panic!("expected a refusal")
    };
    assert_eq!(problems[0].message, "service web: `allways` is not a restart policy");
    assert_eq!(problems[0].place.as_ref().map(|place| place.line), Some(4));
    // docker compose takes these for `always` and `no`.
    for policy in ["any", "none", "'no'", "''", "on-failure:3"] {
        assert!(plan::up(&load(policy), &nothing(), &UpOptions::default()).is_ok(), "{policy}");
    }
}
