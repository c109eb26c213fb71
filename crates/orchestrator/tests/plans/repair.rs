//! What an interrupted run leaves, the next one repairs.

use super::*;

/// `web` with one replica, for short plans.
fn small_shop() -> Project {
    let mut project = shop();
    project.services.remove("db");
    let web = project.services.get_mut("web").unwrap();
    (web.scale, web.depends_on) = (None, Default::default());
    project
}

fn observed(containers: Vec<Container>) -> Observed {
    Observed { containers, networks: vec![network()], images: images(), ..Observed::default() }
}

fn renamed(mut container: Container, prefix: &str) -> Container {
    (container.name, container.id) = (format!("{prefix}_{}", container.name), "ffff00000000".into());
    (container.state, container.health) = (State::Created, None);
    container
}

#[test]
fn what_was_created_beside_a_container_that_runs_is_removed_before_it_is_created_anew() {
    let mut project = small_shop();
    let old = running(&project, "web", 1);
    project.services.get_mut("web").unwrap().user = Some("1000".into());
    let left = renamed(running(&project, "web", 1), "web100000000");
    insta::assert_snapshot!(up(&project, &observed(vec![old.clone(), left.clone()]), &UpOptions::default()), @r"
    1. remove container web100000000_shop-web-1                left over from an interrupted update
    2. create container web100000000_shop-web-1                its configuration changed             after 1
    3. stop container shop-web-1                                                                     after 2
    4. remove container shop-web-1                                                                   after 3
    5. rename container web100000000_shop-web-1 to shop-web-1                                        after 2, 4
    6. start container shop-web-1                                                                    after 5
    ");
    // The file is what it was before.
    let project = small_shop();
    insta::assert_snapshot!(up(&project, &observed(vec![old, left]), &UpOptions::default()), @"  1. remove container web100000000_shop-web-1  left over from an interrupted update");
}

#[test]
fn a_container_without_its_proper_name_is_never_started_as_it_is() {
    let project = small_shop();
    for prefix in ["unfinished", "web1000000"] {
        let left = renamed(running(&project, "web", 1), prefix);
        let plan = up(&project, &observed(vec![left.clone()]), &UpOptions::default());
        insta::allow_duplicates! {
            insta::assert_snapshot!(plan.replace(prefix, "PREFIX"), @r"
            1. create container ffff00000000_shop-web-1                left over from an interrupted update
            2. remove container PREFIX_shop-web-1                                                        after 1
            3. rename container ffff00000000_shop-web-1 to shop-web-1                                        after 1, 2
            4. start container shop-web-1                                                                    after 3
            ");
        }
        let start = UpOptions { only_existing: true, recreate: Recreate::Never, ..UpOptions::default() };
        assert_eq!(up(&project, &observed(vec![left.clone()]), &start), "nothing to do\n");
        let kept = UpOptions { recreate: Recreate::Never, ..UpOptions::default() };
        assert!(up(&project, &observed(vec![left]), &kept).contains("remove container"));
    }
}

#[test]
fn a_container_that_ran_under_a_temporary_name_gets_its_name_when_that_is_free() {
    let project = small_shop();
    let mut aside = renamed(running(&project, "web", 1), "web100000000");
    aside.state = State::Exited;
    let mut taken = running(&project, "web", 1);
    taken.hash = None;
    insta::assert_snapshot!(up(&project, &observed(vec![aside, taken]), &UpOptions::default()), @r"
    1. stop container shop-web-1                               left over from an interrupted update
    2. remove container shop-web-1                                                                   after 1
    3. rename container web100000000_shop-web-1 to shop-web-1  left over from an interrupted update  after 2
    4. start container shop-web-1                              not running                           after 3
    ");
}

#[test]
fn a_container_that_is_not_in_a_network_of_the_file_is_replaced() {
    let project = small_shop();
    let mut web = running(&project, "web", 1);
    web.networks.clear();
    let plan = up(&project, &observed(vec![web]), &UpOptions::default());
    assert!(plan.contains("not in network shop_default"), "{plan}");
}

#[test]
fn a_stopped_container_whose_network_is_gone_is_replaced() {
    let project = small_shop();
    let mut web = running(&project, "web", 1);
    web.state = State::Exited;
    let without = Observed { networks: Vec::new(), ..observed(vec![web.clone()]) };
    insta::assert_snapshot!(up(&project, &without, &UpOptions::default()), @r"
    1. create network shop_default                             not there yet
    2. create container web100000000_shop-web-1                not in network shop_default  after 1
    3. remove container shop-web-1                                                          after 2
    4. rename container web100000000_shop-web-1 to shop-web-1                               after 2, 3
    5. start container shop-web-1                                                           after 4
    ");
    // One that never started finds its network by name.
    (web.state, web.networks) = (State::Created, [("shop_default".into(), NetworkAttachment::default())].into());
    let without = Observed { containers: vec![web], ..without };
    insta::assert_snapshot!(up(&project, &without, &UpOptions::default()), @r"
    1. create network shop_default  not there yet
    2. start container shop-web-1   not running    after 1
    ");
}

#[test]
fn a_container_that_shares_with_one_that_was_replaced_is_replaced() {
    let mut project = small_shop();
    let shares = Service { network_mode: Some("service:web".parse().unwrap()), ..Service::default() };
    project.services.insert("log".into(), Service { image: Some("shop/web".into()), ..shares });
    let (mut log, web) = (running(&project, "log", 1), running(&project, "web", 1));
    log.network_mode = format!("container:{}", web.id);
    let all = |log: &Container, web: &Container| {
        up(&project, &observed(vec![log.clone(), web.clone()]), &UpOptions::default())
    };
    assert_eq!(all(&log, &web), "nothing to do\n");
    assert!(all(&log, &Container { created: 1, ..web.clone() }).contains("web is replaced"), "by its age");
    assert!(all(&log, &Container { id: "other".into(), ..web }).contains("web is replaced"), "by its id");
}

#[test]
fn a_replacement_that_has_begun_is_completed_whatever_else_fails() {
    let mut project = shop();
    let observed = all_running(&project);
    project.services.get_mut("web").unwrap().user = Some("1000".into());
    let plan = plan::up(&project, &observed, &UpOptions::default()).unwrap();
    let completes = plan.nodes().iter().filter_map(|node| {
        let begun = &plan.nodes()[node.completes()?];
        Some(format!("{} <- {}", node.step(), begun.step()))
    });
    insta::assert_snapshot!(completes.collect::<Vec<_>>().join("\n"), @r"
    remove container shop-web-1 <- stop container shop-web-1
    rename container web100000000_shop-web-1 to shop-web-1 <- stop container shop-web-1
    start container shop-web-1 <- stop container shop-web-1
    remove container shop-web-2 <- stop container shop-web-2
    rename container web200000000_shop-web-2 to shop-web-2 <- stop container shop-web-2
    start container shop-web-2 <- stop container shop-web-2
    ");
}
