//! `restart`, `stop`, `pause`, `kill` and `rm`.

use super::hooks::shop_with_hooks;
use super::*;

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
