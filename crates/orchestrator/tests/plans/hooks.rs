//! Hooks are steps of the plan.

use super::*;

fn hook(command: &str) -> Hook {
    Hook { command: Some(vec![command.to_owned()]), ..Hook::default() }
}

/// The shop, whose web has hooks for every moment.
pub(super) fn shop_with_hooks() -> Project {
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
