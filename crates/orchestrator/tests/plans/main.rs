//! Plans read like a story: what is there, what the file says, what is done about it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod changes;
mod handover;
mod pushes;
mod repair;
mod settings;

use std::collections::BTreeMap;

use wharf_compose::Project;
use wharf_compose::model::{
    Build, Condition, Dependency, Healthcheck, Hook, Network, Port, PullPolicy, Service, Volume,
};
use wharf_docker::Timestamp;
use wharf_orchestrator::observe::{Container, ForeignPort, Health, Image, NetworkAttachment, Observed, State};
use wharf_orchestrator::plan::{
    self, ContainerAct, ContainerStep, DownOptions, ImageAct, ImageOptions, ImageStep, NetworkAct, NetworkStep, Only,
    Recreate, RemoveOptions, RestartOptions, Step, UpOptions,
};
use wharf_orchestrator::{Difference, Error, observe, service_hash};

/// web (two replicas) waits for a healthy db, both on the default network.
fn shop() -> Project {
    let on_default = || [("default".to_owned(), None)].into_iter().collect();
    let healthy = Dependency { condition: Condition::Healthy, restart: false, required: true };
    let db = Service {
        image: Some("postgres:15".into()),
        networks: on_default(),
        healthcheck: Some(Healthcheck { test: vec!["CMD".into(), "pg_isready".into()], ..Healthcheck::default() }),
        ..Service::default()
    };
    let web = Service {
        image: Some("shop/web".into()),
        networks: on_default(),
        depends_on: [("db".to_owned(), healthy)].into_iter().collect(),
        scale: Some(2),
        ..Service::default()
    };
    Project {
        name: "shop".into(),
        services: BTreeMap::from([("db".into(), db), ("web".into(), web)]),
        networks: BTreeMap::from([("default".into(), Network { name: "shop_default".into(), ..Network::default() })]),
        ..Project::default()
    }
}

fn images() -> BTreeMap<String, Image> {
    let image = |id: &str| Image { id: id.into(), last_tagged: None };
    BTreeMap::from([("postgres:15".into(), image("sha256:db")), ("shop/web".into(), image("sha256:web"))])
}

fn network() -> observe::Network {
    observe::Network {
        id: "n1".into(),
        name: "shop_default".into(),
        project: Some("shop".into()),
        key: Some("default".into()),
        changed: None,
        ..observe::Network::default()
    }
}

fn attached(network: &observe::Network) -> NetworkAttachment {
    NetworkAttachment { network_id: network.id.clone(), ..NetworkAttachment::default() }
}

/// A replica that runs as the file says.
fn running(project: &Project, service: &str, number: u32) -> Container {
    let definition = &project.services[service];
    Container {
        id: format!("{service}{number}000000000000"),
        name: format!("shop-{service}-{number}"),
        project: "shop".into(),
        service: service.into(),
        number,
        hash: Some(service_hash(project, definition)),
        image_id: images()[definition.image.as_deref().unwrap()].id.clone(),
        state: State::Running,
        health: definition.healthcheck.as_ref().map(|_| Health::Healthy),
        networks: definition.networks.keys().map(|key| (format!("shop_{key}"), attached(&network()))).collect(),
        ..Container::default()
    }
}

fn all_running(project: &Project) -> Observed {
    Observed {
        containers: vec![running(project, "db", 1), running(project, "web", 1), running(project, "web", 2)],
        networks: vec![network()],
        images: images(),
        ..Observed::default()
    }
}

fn nothing() -> Observed {
    Observed { images: images(), ..Observed::default() }
}

fn up(project: &Project, observed: &Observed, options: &UpOptions) -> String {
    plan::up(project, observed, options).unwrap().to_string()
}

fn refusals(result: Result<plan::Plan, Error>) -> String {
    match result {
        Err(Error::Refused(problems)) => {
            let lines = problems
                .iter()
                .map(|problem| format!("{}\n  {}", problem.message, problem.help.as_deref().unwrap_or("")));
            lines.collect::<Vec<_>>().join("\n")
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn a_first_up_makes_everything_and_starts_in_order() {
    insta::assert_snapshot!(up(&shop(), &nothing(), &UpOptions::default()), @r#"
    1. create network shop_default      not there yet
    2. create container shop-db-1       not there yet     after 1
    3. start container shop-db-1                          after 2
    4. wait until shop-db-1 is healthy  web waits for it  after 3
    5. create container shop-web-1      not there yet     after 1
    6. start container shop-web-1                         after 4, 5
    7. create container shop-web-2      not there yet     after 1
    8. start container shop-web-2                         after 4, 7
    "#);
}

#[test]
fn a_second_up_does_nothing() {
    let project = shop();
    insta::assert_snapshot!(up(&project, &all_running(&project), &UpOptions::default()), @"nothing to do");
    // They may have been started a moment ago.
    let waiting = UpOptions { wait: true, ..UpOptions::default() };
    insta::assert_snapshot!(up(&project, &all_running(&project), &waiting), @r"
    1. wait until shop-db-1 is running or healthy   asked for
    2. wait until shop-web-1 is running or healthy  asked for
    3. wait until shop-web-2 is running or healthy  asked for
    ");
}

#[test]
fn waiting_waits_for_each_container_once() {
    insta::assert_snapshot!(up(&shop(), &nothing(), &UpOptions { wait: true, ..UpOptions::default() }), @r#"
     1. create network shop_default                  not there yet
     2. create container shop-db-1                   not there yet     after 1
     3. start container shop-db-1                                      after 2
     4. wait until shop-db-1 is healthy              web waits for it  after 3
     5. create container shop-web-1                  not there yet     after 1
     6. start container shop-web-1                                     after 4, 5
     7. create container shop-web-2                  not there yet     after 1
     8. start container shop-web-2                                     after 4, 7
     9. wait until shop-web-1 is running or healthy  asked for         after 6
    10. wait until shop-web-2 is running or healthy  asked for         after 8
    "#);
}

#[test]
fn a_changed_service_is_replaced_and_its_old_container_stops_last() {
    let mut project = shop();
    let observed = all_running(&project);
    project.services.get_mut("db").unwrap().environment.insert("TZ".into(), Some("UTC".into()));
    insta::assert_snapshot!(up(&project, &observed, &UpOptions::default()), @r#"
    1. create container db1000000000_shop-db-1               its configuration changed
    2. stop container shop-db-1                                                         after 1
    3. remove container shop-db-1                                                       after 2
    4. rename container db1000000000_shop-db-1 to shop-db-1                             after 1, 3
    5. start container shop-db-1                                                        after 4
    6. wait until shop-db-1 is healthy                       web waits for it           after 5
    "#);
}

#[test]
fn a_new_image_under_the_same_name_replaces_the_containers() {
    let project = shop();
    let mut observed = all_running(&project);
    observed.images.get_mut("shop/web").unwrap().id = "sha256:newer".into();
    insta::assert_snapshot!(up(&project, &observed, &UpOptions::default()), @r#"
     1. create container web100000000_shop-web-1                its image changed
     2. stop container shop-web-1                                                  after 1
     3. remove container shop-web-1                                                after 2
     4. rename container web100000000_shop-web-1 to shop-web-1                     after 1, 3
     5. start container shop-web-1                                                 after 4
     6. create container web200000000_shop-web-2                its image changed
     7. stop container shop-web-2                                                  after 6
     8. remove container shop-web-2                                                after 7
     9. rename container web200000000_shop-web-2 to shop-web-2                     after 6, 8
    10. start container shop-web-2                                                 after 9
    "#);
}

#[test]
fn no_recreate_leaves_changed_containers_alone() {
    let mut project = shop();
    let observed = all_running(&project);
    project.services.get_mut("web").unwrap().user = Some("1000".into());
    let options = UpOptions { recreate: Recreate::Never, ..UpOptions::default() };
    insta::assert_snapshot!(up(&project, &observed, &options), @"nothing to do");
}

#[test]
fn scaling_up_fills_the_lowest_free_numbers_and_down_removes_the_highest() {
    let project = shop();
    let mut observed = all_running(&project);
    observed.containers.retain(|container| container.name != "shop-web-1");
    let scaled = |count| UpOptions { scale: BTreeMap::from([("web".into(), count)]), ..UpOptions::default() };
    insta::assert_snapshot!(up(&project, &observed, &scaled(3)), @r#"
    1. create container shop-web-1  not there yet
    2. start container shop-web-1                  after 1
    3. create container shop-web-3  not there yet
    4. start container shop-web-3                  after 3
    "#);
    insta::assert_snapshot!(up(&project, &all_running(&project), &scaled(1)), @r#"
    1. stop container shop-web-2    scaled down to 1
    2. remove container shop-web-2                    after 1
    "#);
}

#[test]
fn stopped_containers_are_started_again_after_their_dependencies() {
    let project = shop();
    let mut observed = all_running(&project);
    for container in &mut observed.containers {
        (container.state, container.health) = (State::Exited, None);
    }
    insta::assert_snapshot!(up(&project, &observed, &UpOptions::default()), @r#"
    1. start container shop-db-1        not running
    2. wait until shop-db-1 is healthy  web waits for it  after 1
    3. start container shop-web-1       not running       after 2
    4. start container shop-web-2       not running       after 2
    "#);
}

#[test]
fn named_services_bring_their_dependencies_and_nothing_else() {
    let mut project = shop();
    project.services.insert("mail".into(), Service { image: Some("mail".into()), ..Service::default() });
    let only_web = UpOptions { services: vec!["web".into()], ..UpOptions::default() };
    assert!(!up(&project, &nothing(), &only_web).contains("mail"));
    let alone = UpOptions { no_deps: true, ..only_web };
    insta::assert_snapshot!(up(&project, &nothing(), &alone), @r#"
    1. create network shop_default  not there yet
    2. create container shop-web-1  not there yet  after 1
    3. start container shop-web-1                  after 2
    4. create container shop-web-2  not there yet  after 1
    5. start container shop-web-2                  after 4
    "#);
}

#[test]
fn orphans_are_named_and_removed_only_when_asked() {
    let mut project = shop();
    let observed = all_running(&project);
    project.services.remove("web");
    let plan = plan::up(&project, &observed, &UpOptions::default()).unwrap();
    insta::assert_snapshot!(plan.warnings()[0].message, @"orphans, containers that no service of the file has: shop-web-1, shop-web-2; --remove-orphans removes them");
    assert!(plan.is_empty());
    insta::assert_snapshot!(up(&project, &observed, &UpOptions { remove_orphans: true, ..UpOptions::default() }), @r#"
    1. stop container shop-web-1    an orphan
    2. remove container shop-web-1             after 1
    3. stop container shop-web-2    an orphan
    4. remove container shop-web-2             after 3
    "#);
}

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
fn down_stops_dependents_first_and_keeps_volumes() {
    let project = shop();
    let mut observed = all_running(&project);
    observed.volumes.push(observe::Volume {
        name: "shop_data".into(),
        project: Some("shop".into()),
        key: Some("data".into()),
        changed: None,
    });
    insta::assert_snapshot!(plan::down(&project, &observed, &DownOptions::default()), @r#"
    1. stop container shop-web-1    asked for
    2. remove container shop-web-1             after 1
    3. stop container shop-web-2    asked for
    4. remove container shop-web-2             after 3
    5. stop container shop-db-1     asked for  after 1, 3
    6. remove container shop-db-1              after 5
    7. remove network shop_default  asked for  after 2, 4, 6
    "#);
    let volumes = DownOptions { volumes: true, ..DownOptions::default() };
    let undeclared = plan::down(&project, &observed, &volumes);
    assert!(!undeclared.to_string().contains("remove volume"), "{undeclared}");
    let mut declaring = project.clone();
    declaring.volumes.insert("data".into(), Volume { name: "shop_data".into(), ..Volume::default() });
    assert!(plan::down(&declaring, &observed, &volumes).to_string().contains("remove volume shop_data"));
}

/// A network and a volume that carry the project's label: made by an earlier `up`, or by a project of the same name.
fn labelled(name: &str) -> Observed {
    let project = || Some("shop".to_owned());
    Observed {
        networks: vec![observe::Network { name: name.into(), project: project(), ..observe::Network::default() }],
        volumes: vec![observe::Volume { name: name.into(), project: project(), key: None, changed: None }],
        ..Observed::default()
    }
}

#[test]
fn down_leaves_what_the_file_calls_external_even_if_this_project_made_it() {
    let mut project = shop();
    let network = Network { name: "shop_kept".into(), external: true, ..Network::default() };
    project.networks.insert("kept".into(), network);
    let volume = Volume { name: "shop_kept".into(), external: true, ..Volume::default() };
    project.volumes.insert("kept".into(), volume);
    let plan = plan::down(&project, &labelled("shop_kept"), &DownOptions { volumes: true, ..DownOptions::default() });
    insta::assert_snapshot!(plan, @"nothing to do");
    assert!(plan.warnings().is_empty(), "the file says that it stays: {:?}", plan.warnings());
}

#[test]
fn down_leaves_what_the_file_does_not_declare_and_says_so() {
    let options = |by_label| DownOptions { volumes: true, by_label, ..DownOptions::default() };
    let plan = plan::down(&shop(), &labelled("shop_old"), &options(false));
    insta::assert_snapshot!(plan, @"nothing to do");
    let warnings: Vec<_> = plan.warnings().iter().map(|warning| warning.message.as_str()).collect();
    insta::assert_snapshot!(warnings.join("\n"), @r#"
    networks of the project that the file does not declare stay: shop_old
    volumes of the project that the file does not declare stay: shop_old
    "#);
    let nameless = Project { name: "shop".into(), ..Project::default() };
    insta::assert_snapshot!(plan::down(&nameless, &labelled("shop_old"), &options(true)), @r#"
    1. remove network shop_old  asked for
    2. remove volume shop_old   asked for
    "#);
}

#[test]
fn a_build_that_cannot_be_done_as_the_file_says_is_refused() {
    let mut project = shop();
    let build = Build { context: "/src".into(), ssh: [("default".to_owned(), None)].into(), ..Build::default() };
    project.services.get_mut("web").unwrap().build = Some(build);
    let build = ImageOptions { build: true, only: Some(Only::Built), ..ImageOptions::default() };
    insta::assert_snapshot!(refusals(plan::images(&project, &nothing(), &build)), @r#"
    service web: wharf cannot do `build.ssh` yet
      it needs BuildKit: build the image with `docker build` and name it in `image`
    "#);
}

#[test]
fn images_are_pulled_when_missing_and_built_when_the_registry_has_none() {
    let mut project = shop();
    project.services.get_mut("web").unwrap().build = Some(Build { context: "/src".into(), ..Build::default() });
    let plan_for = |options: &ImageOptions| plan::images(&project, &Observed::default(), options).unwrap().to_string();
    insta::assert_snapshot!(plan_for(&ImageOptions::default()), @r#"
    1. pull image postgres:15        not there yet
    2. pull or build image shop/web  not there yet
    "#);
    insta::assert_snapshot!(plan_for(&ImageOptions { build: true, ..ImageOptions::default() }), @r#"
    1. pull image postgres:15  not there yet
    2. build image shop/web    asked for
    "#);
    let here = plan::images(&project, &nothing(), &ImageOptions::default()).unwrap();
    assert!(here.is_empty(), "{here}");
}

#[test]
fn an_image_that_may_not_be_fetched_is_named() {
    let mut project = shop();
    project.services.get_mut("db").unwrap().pull_policy = Some(PullPolicy::Never);
    let result = plan::images(&project, &Observed::default(), &ImageOptions::default());
    insta::assert_snapshot!(refusals(result), @r#"
    service db: the image postgres:15 is not here, and may neither be pulled nor built
      allow one of them: pull_policy, --pull, --build
    "#);
}

#[test]
fn an_old_image_is_pulled_again_by_its_policy() {
    let mut project = shop();
    project.services.get_mut("db").unwrap().pull_policy = "every_2h".parse().ok();
    let mut observed = nothing();
    let hours = |hours: i64| hours * 3600 * 1_000_000_000;
    observed.images.get_mut("postgres:15").unwrap().last_tagged = Some(hours(10));
    let at = |now| plan::images(&project, &observed, &ImageOptions { now, ..ImageOptions::default() }).unwrap();
    assert!(at(hours(11)).is_empty());
    insta::assert_snapshot!(at(hours(13)), @"  1. pull image postgres:15  pull_policy: every_2h");
}

#[test]
fn the_age_of_a_pull_policy_may_have_a_fraction() {
    let mut project = shop();
    project.services.get_mut("db").unwrap().pull_policy = "every_1.5h".parse().ok();
    let mut observed = nothing();
    let minutes = |minutes: i64| minutes * 60 * 1_000_000_000;
    observed.images.get_mut("postgres:15").unwrap().last_tagged = Some(0);
    let at = |now| plan::images(&project, &observed, &ImageOptions { now, ..ImageOptions::default() }).unwrap();
    assert!(at(minutes(89)).is_empty());
    insta::assert_snapshot!(at(minutes(91)), @"  1. pull image postgres:15  pull_policy: every_1.5h");
}

fn hook(command: &str) -> Hook {
    Hook { command: Some(vec![command.to_owned()]), ..Hook::default() }
}

/// The shop, whose web has hooks for every moment.
fn shop_with_hooks() -> Project {
    let mut project = shop();
    let web = project.services.get_mut("web").unwrap();
    web.pre_start = vec![hook("migrate"), Hook { image: Some("tools".into()), ..hook("warm") }];
    web.post_start = vec![hook("announce")];
    web.pre_stop = vec![hook("drain"), hook("goodbye")];
    project
}

#[test]
fn hooks_are_steps_and_run_once_before_the_first_replica_or_in_each() {
    insta::assert_snapshot!(up(&shop_with_hooks(), &nothing(), &UpOptions::default()), @r#"
     1. create network shop_default                                     not there yet
     2. create container shop-db-1                                      not there yet          after 1
     3. start container shop-db-1                                                              after 2
     4. wait until shop-db-1 is healthy                                 web waits for it       after 3
     5. create container shop-web-1                                     not there yet          after 1
     6. run pre_start[0] of service web with the volumes of shop-web-1  a hook of its service  after 4, 5
     7. run pre_start[1] of service web with the volumes of shop-web-1  a hook of its service  after 6
     8. start container shop-web-1                                                             after 7
     9. run post_start[0] in shop-web-1                                 a hook of its service  after 8
    10. create container shop-web-2                                     not there yet          after 1
    11. start container shop-web-2                                                             after 7, 10
    12. run post_start[0] in shop-web-2                                 a hook of its service  after 11
    "#);
}

#[test]
fn a_replica_that_is_added_runs_no_pre_start_and_a_replaced_service_runs_it_again() {
    let mut project = shop_with_hooks();
    let mut observed = all_running(&project);
    observed.containers.truncate(2);
    let alone = UpOptions { services: vec!["web".into()], no_deps: true, ..UpOptions::default() };
    insta::assert_snapshot!(up(&project, &observed, &alone), @r#"
    1. create container shop-web-2      not there yet
    2. start container shop-web-2                              after 1
    3. run post_start[0] in shop-web-2  a hook of its service  after 2
    "#);
    project.services.get_mut("web").unwrap().scale = Some(1);
    let anew = UpOptions { recreate: Recreate::Always, ..alone };
    insta::assert_snapshot!(up(&project, &observed, &anew), @r#"
     1. create container web100000000_shop-web-1                        asked for
     2. run pre_stop[0] in shop-web-1                                   a hook of its service  after 1
     3. run pre_stop[1] in shop-web-1                                   a hook of its service  after 2
     4. stop container shop-web-1                                                              after 3
     5. remove container shop-web-1                                                            after 4
     6. rename container web100000000_shop-web-1 to shop-web-1                                 after 1, 5
     7. run pre_start[0] of service web with the volumes of shop-web-1  a hook of its service  after 6
     8. run pre_start[1] of service web with the volumes of shop-web-1  a hook of its service  after 7
     9. start container shop-web-1                                                             after 8
    10. run post_start[0] in shop-web-1                                 a hook of its service  after 9
    "#);
}

#[test]
fn hooks_run_before_a_stop_and_not_in_containers_that_stopped() {
    let project = shop_with_hooks();
    let mut observed = all_running(&project);
    observed.containers[2].state = State::Exited;
    insta::assert_snapshot!(plan::stop(&project, &observed, &[], Some(3)), @r#"
    1. run pre_stop[0] in shop-web-1  a hook of its service
    2. run pre_stop[1] in shop-web-1  a hook of its service  after 1
    3. stop container shop-web-1      asked for              after 2
    4. stop container shop-db-1       asked for              after 3
    "#);
}

#[test]
fn images_of_pre_start_containers_are_pulled_too() {
    let options = ImageOptions { ignore_pull_failures: true, ..ImageOptions::default() };
    insta::assert_snapshot!(plan::images(&shop_with_hooks(), &nothing(), &options).unwrap(), @"  1. pull image tools  not there yet");
}

#[test]
fn a_hook_for_each_replica_is_refused_by_name() {
    let mut project = shop_with_hooks();
    project.services.get_mut("web").unwrap().pre_start[1].per_replica = true;
    insta::assert_snapshot!(refusals(plan::up(&project, &nothing(), &UpOptions::default())), @r#"
    service web: wharf cannot do `pre_start[1].per_replica` yet
      it then runs once for the service, before its first replica
    "#);
}

#[test]
fn a_restart_takes_along_who_follows_and_waits_as_at_the_start() {
    let mut project = shop_with_hooks();
    let observed = all_running(&project);
    let db = || vec!["db".to_owned()];
    let options = RestartOptions { services: db(), ..RestartOptions::default() };
    insta::assert_snapshot!(plan::restart(&project, &observed, &options), @"  1. restart container shop-db-1  asked for");
    project.services.get_mut("web").unwrap().depends_on["db"].restart = true;
    insta::assert_snapshot!(plan::restart(&project, &observed, &options), @r#"
     1. restart container shop-db-1      asked for
     2. wait until shop-db-1 is healthy  web waits for it       after 1
     3. run pre_stop[0] in shop-web-1    a hook of its service  after 2
     4. run pre_stop[1] in shop-web-1    a hook of its service  after 3
     5. restart container shop-web-1     asked for              after 4
     6. run post_start[0] in shop-web-1  a hook of its service  after 5
     7. run pre_stop[0] in shop-web-2    a hook of its service  after 2
     8. run pre_stop[1] in shop-web-2    a hook of its service  after 7
     9. restart container shop-web-2     asked for              after 8
    10. run post_start[0] in shop-web-2  a hook of its service  after 9
    "#);
    let alone = RestartOptions { no_deps: true, ..options };
    insta::assert_snapshot!(plan::restart(&project, &observed, &alone), @"  1. restart container shop-db-1  asked for");
}

/// A container that `run` made.
fn one_off(project: &Project, service: &str, state: State) -> Container {
    let name = format!("shop-{service}-run-1");
    Container { id: name.clone(), name, one_off: true, state, ..running(project, service, 1) }
}

#[test]
fn small_verbs_leave_containers_of_run_and_of_other_files_alone() {
    let project = shop();
    let mut observed = all_running(&project);
    observed.containers.push(one_off(&project, "web", State::Running));
    observed.containers.push(Container {
        service: "old".into(),
        name: "shop-old-1".into(),
        ..running(&project, "web", 1)
    });
    observed.containers[0].state = State::Exited;
    insta::assert_snapshot!(plan::stop(&project, &observed, &[], None), @r#"
    1. stop container shop-web-1  asked for
    2. stop container shop-web-2  asked for
    "#);
    insta::assert_snapshot!(plan::pause(&project, &observed, &[]), @r#"
    1. pause container shop-web-1  asked for
    2. pause container shop-web-2  asked for
    "#);
    insta::assert_snapshot!(plan::unpause(&project, &observed, &["web".into()]), @r#"
    1. unpause container shop-web-1  asked for
    2. unpause container shop-web-2  asked for
    "#);
    insta::assert_snapshot!(plan::kill(&project, &observed, &[], "SIGHUP", false), @r#"
    1. send SIGHUP to container shop-web-1      asked for
    2. send SIGHUP to container shop-web-2      asked for
    3. send SIGHUP to container shop-web-run-1  asked for
    "#);
    insta::assert_snapshot!(plan::kill(&project, &observed, &[], "SIGHUP", true), @r#"
    1. send SIGHUP to container shop-web-1      asked for
    2. send SIGHUP to container shop-web-2      asked for
    3. send SIGHUP to container shop-web-run-1  asked for
    4. send SIGHUP to container shop-old-1      asked for
    "#);
    insta::assert_snapshot!(plan::remove(&project, &observed, &RemoveOptions::default()), @"  1. remove container shop-db-1  asked for");
    let stopping = RemoveOptions { stop: true, services: vec!["web".into()], ..RemoveOptions::default() };
    insta::assert_snapshot!(plan::remove(&project, &observed, &stopping), @r#"
    1. stop container shop-web-1    asked for
    2. remove container shop-web-1             after 1
    3. stop container shop-web-2    asked for
    4. remove container shop-web-2             after 3
    "#);
}

#[test]
fn containers_of_run_survive_down_unless_orphans_go_and_what_a_hook_left_never_does() {
    let project = shop();
    let mut observed = all_running(&project);
    observed.containers.truncate(1);
    observed.containers.push(one_off(&project, "web", State::Running));
    let mut left = one_off(&project, "web", State::Exited);
    left.name = "left-by-a-hook".into();
    left.labels.insert("com.docker.compose.hook".into(), "pre_start".into());
    observed.containers.push(left);
    insta::assert_snapshot!(plan::down(&project, &observed, &DownOptions::default()), @r#"
    1. remove container left-by-a-hook  asked for
    2. stop container shop-db-1         asked for
    3. remove container shop-db-1                  after 2
    4. remove network shop_default      asked for  after 1, 3
    "#);
    let all = DownOptions { remove_orphans: true, ..DownOptions::default() };
    insta::assert_snapshot!(plan::down(&project, &observed, &all), @r#"
    1. stop container shop-web-run-1    asked for
    2. remove container shop-web-run-1             after 1
    3. remove container left-by-a-hook  asked for
    4. stop container shop-db-1         asked for  after 1
    5. remove container shop-db-1                  after 4
    6. remove network shop_default      asked for  after 2, 3, 5
    "#);
}

#[test]
fn a_container_of_run_that_has_ended_is_an_orphan() {
    let project = shop();
    let mut observed = all_running(&project);
    observed.containers.push(one_off(&project, "web", State::Exited));
    let warnings = |options: &UpOptions| {
        let plan = plan::up(&project, &observed, options).unwrap();
        plan.warnings().iter().map(|warning| warning.message.clone()).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(warnings(&UpOptions::default()), @"orphans, containers that no service of the file has: shop-web-run-1; --remove-orphans removes them");
    assert_eq!(warnings(&UpOptions { ignore_orphans: true, ..UpOptions::default() }), "");
    let remove = UpOptions { remove_orphans: true, ..UpOptions::default() };
    insta::assert_snapshot!(up(&project, &observed, &remove), @"  1. remove container shop-web-run-1  an orphan");
}

#[test]
fn compatibility_joins_names_by_underscores() {
    let mut project = shop();
    project.compatibility = true;
    insta::assert_snapshot!(up(&project, &nothing(), &UpOptions::default()), @r#"
    1. create network shop_default      not there yet
    2. create container shop_db_1       not there yet     after 1
    3. start container shop_db_1                          after 2
    4. wait until shop_db_1 is healthy  web waits for it  after 3
    5. create container shop_web_1      not there yet     after 1
    6. start container shop_web_1                         after 4, 5
    7. create container shop_web_2      not there yet     after 1
    8. start container shop_web_2                         after 4, 7
    "#);
}

#[test]
fn all_resources_makes_what_nobody_uses() {
    let mut project = shop();
    project.networks.insert("spare".into(), Network { name: "shop_spare".into(), ..Network::default() });
    let all = UpOptions { all_resources: true, no_start: true, ..UpOptions::default() };
    insta::assert_snapshot!(up(&project, &nothing(), &all), @r#"
    1. create network shop_default  not there yet
    2. create network shop_spare    not there yet
    3. create container shop-db-1   not there yet  after 1
    4. create container shop-web-1  not there yet  after 1
    5. create container shop-web-2  not there yet  after 1
    "#);
}

#[test]
fn dependencies_are_made_anew_only_when_asked() {
    let project = shop();
    let web = UpOptions { services: vec!["web".into()], recreate: Recreate::Always, ..UpOptions::default() };
    let made = |options: &UpOptions| up(&project, &all_running(&project), options).contains("_shop-db-1");
    assert!(!made(&web));
    assert!(made(&UpOptions { recreate_dependencies: true, ..web }));
}

#[test]
fn what_nobody_requires_is_waited_for_and_may_fail() {
    let mut project = shop();
    project.services.get_mut("web").unwrap().depends_on["db"].required = false;
    let optional = |project: &Project| {
        let plan = plan::up(project, &nothing(), &UpOptions::default()).unwrap();
        let may_fail = |step: &&Step| {
            let Step::Container(ContainerStep { act, .. }) = step else { return false };
            matches!(act, ContainerAct::Await { optional: true, .. })
        };
        plan.steps().filter(may_fail).count()
    };
    assert_eq!(optional(&project), 1);
    let other = Service { depends_on: shop().services["web"].depends_on.clone(), ..project.services["db"].clone() };
    project.services.insert("other".into(), other);
    assert_eq!(optional(&project), 0, "one who requires it is enough");
}

#[test]
fn an_image_is_built_after_those_of_the_services_it_depends_on() {
    let mut project = shop();
    for service in project.services.values_mut() {
        service.build = Some(Build::default());
    }
    let options = ImageOptions { build: true, ..ImageOptions::default() };
    insta::assert_snapshot!(plan::images(&project, &nothing(), &options).unwrap(), @r#"
    1. build image postgres:15  asked for
    2. build image shop/web     asked for  after 1
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
fn a_pull_leaves_out_what_no_registry_has() {
    let mut project = shop();
    let build = || Some(Build { context: "/src".into(), ..Build::default() });
    project.services.get_mut("web").unwrap().build = build();
    let nameless = Service { build: build(), image: None, ..project.services["db"].clone() };
    project.services.insert("worker".into(), nameless);
    let pulled = |ignore_buildable| {
        let only = Some(Only::Pulled { ignore_buildable });
        let options = ImageOptions { only, no_build: true, pull: Some(PullPolicy::Always), ..ImageOptions::default() };
        plan::images(&project, &nothing(), &options).unwrap().to_string()
    };
    insta::assert_snapshot!(pulled(false), @r"
    1. pull image postgres:15  asked for
    2. pull image shop/web     asked for
    ");
    insta::assert_snapshot!(pulled(true), @"  1. pull image postgres:15  asked for");
}

#[test]
fn a_pull_follows_the_policies_of_the_file_unless_it_is_given_one() {
    let pulled = |image: &str, policy: &str, given: Option<PullPolicy>, here: bool| {
        let mut project = shop();
        project.services.remove("web");
        let db = project.services.get_mut("db").unwrap();
        (db.image, db.pull_policy) = (Some(image.into()), policy.parse().ok());
        let only = Some(Only::Pulled { ignore_buildable: false });
        let options = ImageOptions { only, no_build: true, pull: given, ..ImageOptions::default() };
        let image = (image.to_owned(), Image { id: "sha256:db".into(), last_tagged: Some(0) });
        let images = here.then_some(image).into_iter().collect();
        let observed = Observed { images, ..Observed::default() };
        !plan::images(&project, &observed, &options).unwrap().is_empty()
    };
    for (image, policy, when_here, when_missing) in [
        ("db:1", "", true, true),
        ("db:1", "always", true, true),
        ("db:1", "daily", true, true),
        ("db:1", "missing", false, true),
        ("db:1", "if_not_present", false, true),
        ("db:1", "never", false, false),
        ("db:1", "build", false, false),
        ("db", "missing", true, true),
        ("db:latest", "missing", true, true),
    ] {
        assert_eq!(pulled(image, policy, None, true), when_here, "{image} {policy:?} is here");
        assert_eq!(pulled(image, policy, None, false), when_missing, "{image} {policy:?} is missing");
        assert!(pulled(image, policy, Some(PullPolicy::Always), true), "--policy overrides {policy:?}");
        assert!(!pulled(image, policy, Some(PullPolicy::Missing), true), "--policy overrides {policy:?}");
    }
}

#[test]
fn builds_take_what_the_caller_wants_otherwise() {
    let mut project = shop();
    let args = [("MODE".to_owned(), Some("debug".to_owned())), ("KEPT".to_owned(), Some("1".to_owned()))];
    let build = Build { args: args.into_iter().collect(), ..Build::default() };
    project.services.get_mut("web").unwrap().build = Some(build);
    let args = vec![("MODE".to_owned(), Some("release".to_owned())), ("EXTRA".to_owned(), None)];
    let build_overrides = plan::BuildOverrides { no_cache: true, pull: false, args };
    let options = ImageOptions { build: true, only: Some(Only::Built), build_overrides, ..ImageOptions::default() };
    let plan = plan::images(&project, &nothing(), &options).unwrap();
    let steps: Vec<_> = plan.steps().collect();
    let [Step::Image(ImageStep { image, act: ImageAct::Build(built) })] = steps[..] else { panic!("{plan}") };
    assert_eq!((image.as_str(), built.build.no_cache, built.build.pull), ("shop/web", true, false));
    let args: Vec<_> = built.build.args.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
    assert_eq!(args, [("MODE", Some("release")), ("KEPT", Some("1")), ("EXTRA", None)]);
    assert!(!project.services["web"].build.as_ref().unwrap().no_cache, "the project is as it was");
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

/// Two networks of one name, the first of which is the younger one.
fn doubled() -> Vec<observe::Network> {
    let made = |id: &str, at: i64| observe::Network { id: id.into(), created: Some(Timestamp(at)), ..network() };
    vec![made("younger", 2), made("older", 1)]
}

/// The networks that a plan removes, by their identifiers.
fn removed_networks(plan: &plan::Plan) -> Vec<&str> {
    let removed = |step| match step {
        &Step::Network(NetworkStep { act: NetworkAct::Remove { ref id }, .. }) => Some(id.as_str()),
        _ => None,
    };
    plan.steps().filter_map(removed).collect()
}

#[test]
fn up_removes_the_second_network_of_a_name_before_anything_joins_it() {
    let observed = Observed { networks: doubled(), images: images(), ..Observed::default() };
    let only_db = UpOptions { services: vec!["db".into()], ..UpOptions::default() };
    let plan = plan::up(&shop(), &observed, &only_db).unwrap();
    insta::assert_snapshot!(plan, @r#"
    1. remove network shop_default  another network has its name
    2. create container shop-db-1   not there yet                 after 1
    3. start container shop-db-1                                  after 2
    "#);
    assert_eq!(removed_networks(&plan), ["younger"]);
}

#[test]
fn down_removes_all_networks_of_a_name() {
    let observed = Observed { networks: doubled(), ..Observed::default() };
    assert_eq!(removed_networks(&plan::down(&shop(), &observed, &DownOptions::default())), ["younger", "older"]);
}
