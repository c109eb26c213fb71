//! What `down` removes, and what it leaves.

use super::*;

#[test]
fn down_stops_dependents_first_and_keeps_volumes() {
    let project = shop();
    let mut observed = all_running(&project);
    observed.volumes.push(observe::Volume {
        name: "shop_data".into(),
        project: Some("shop".into()),
        key: Some("data".into()),
        ..observe::Volume::default()
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
        volumes: vec![observe::Volume { name: name.into(), project: project(), ..observe::Volume::default() }],
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
fn down_with_volumes_takes_the_anonymous_ones_that_nothing_of_the_project_has_any_more() {
    let project = shop();
    let mut observed = all_running(&project);
    observed.containers.truncate(1);
    let volume = |name: &str, of: &str, service: &str| observe::Volume {
        name: name.into(),
        project: Some(of.into()),
        anonymous_of: Some(service.into()),
        ..observe::Volume::default()
    };
    let service = observed.containers[0].service.clone();
    observed.volumes = vec![
        volume("used", "shop", &service),
        volume("left", "shop", &service),
        volume("of_another_project", "blog", &service),
        volume("of_a_service_that_the_file_does_not_have", "shop", "gone"),
    ];
    observed.containers[0].volumes = vec![observe::MountedVolume { name: "used".into(), path: "/data".into() }];
    let plan = |options: DownOptions| plan::down(&project, &observed, &options);
    let removed = |plan: plan::Plan| {
        let lines = plan.to_string();
        lines.lines().filter_map(|line| line.split("remove volume ").nth(1)).map(str::to_owned).collect::<Vec<_>>()
    };
    let names = |options| {
        removed(plan(options)).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let volumes = || DownOptions { volumes: true, ..DownOptions::default() };
    assert!(names(DownOptions::default()).is_empty());
    assert_eq!(names(volumes()), ["left"]);
    assert!(plan(volumes()).warnings().is_empty(), "{:?}", plan(volumes()).warnings());
    let all = ["left", "of_a_service_that_the_file_does_not_have"];
    assert_eq!(names(DownOptions { remove_orphans: true, ..volumes() }), all);
    assert_eq!(names(DownOptions { by_label: true, ..volumes() }), all);
    assert!(names(DownOptions { services: vec![service.clone()], ..volumes() }).is_empty());
}
