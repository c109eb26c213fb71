//! What `up` makes, starts and replaces.

use super::*;

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
