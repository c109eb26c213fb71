//! Networks and volumes whose settings changed in the file.

use super::*;

/// A setting that changed, with other values than before.
pub(super) fn changed(field: &str) -> Option<Vec<Difference>> {
    let value = |text: &str| Some(text.to_owned());
    Some(vec![Difference { field: field.into(), was: value("old"), will: value("new"), confidential: false }])
}

/// `shop`, with a volume that `db` uses and containers that are in the network and have the volume.
fn shop_with_data() -> (Project, Observed) {
    let mut project = shop();
    let data = Volume { name: "shop_data".into(), ..Volume::default() };
    project.volumes.insert("data".into(), data);
    let mount =
        wharf_compose::model::Mount { source: Some("data".into()), target: "/data".into(), ..Default::default() };
    project.services.get_mut("db").unwrap().volumes = vec![mount];
    let mut observed = all_running(&project);
    let mounted = |name: &str, path: &str| observe::MountedVolume { name: name.into(), path: path.into() };
    observed.containers[0].volumes = vec![mounted("shop_data", "/data"), mounted("0a1b", "/anonymous")];
    let own = Some("shop".to_owned());
    observed.volumes = vec![observe::Volume {
        name: "shop_data".into(),
        project: own,
        key: Some("data".into()),
        ..observe::Volume::default()
    }];
    (project, observed)
}

#[test]
fn a_network_with_another_setting_is_replaced_and_what_runs_joins_it_again() {
    let (mut project, mut observed) = shop_with_data();
    observed.networks[0].changed = changed("internal");
    // A service that is replaced anyway joins the new network when it is created.
    project.services.get_mut("web").unwrap().scale = Some(1);
    project.services.get_mut("db").unwrap().user = Some("1000".into());
    let plan = plan::up(&project, &observed, &UpOptions::default()).unwrap();
    insta::assert_snapshot!(plan, @r"
    1. replace network shop_default                          internal changed
    2. create container db1000000000_shop-db-1               its configuration changed  after 1
    3. stop container shop-db-1                                                         after 2
    4. remove container shop-db-1                                                       after 3
    5. rename container db1000000000_shop-db-1 to shop-db-1                             after 2, 4
    6. start container shop-db-1                                                        after 5
    7. stop container shop-web-2                             scaled down to 1
    8. remove container shop-web-2                                                      after 7
    9. wait until shop-db-1 is healthy                       web waits for it           after 6
    ");
    let Some(Step::Network(plan::NetworkStep { act: plan::NetworkAct::Replace { id, leave, rejoin, .. }, .. })) =
        plan.steps().next()
    else {
        panic!("the network is replaced first")
    };
    assert_eq!((id.as_str(), leave.len()), ("n1", 3));
    let rejoin: Vec<&str> = rejoin.iter().map(|rejoin| rejoin.container.as_str()).collect();
    assert_eq!(rejoin, ["web1000000000000"]);
}

#[test]
fn a_network_of_another_owner_is_never_replaced() {
    let (project, mut observed) = shop_with_data();
    (observed.networks[0].changed, observed.networks[0].project) = (changed("internal"), None);
    let plan = plan::up(&project, &observed, &UpOptions::default()).unwrap();
    assert_eq!((plan.to_string().as_str(), plan.warnings().len()), ("nothing to do\n", 1));
}

#[test]
fn a_volume_with_another_setting_is_replaced_only_when_it_is_named() {
    let (project, mut observed) = shop_with_data();
    observed.volumes[0].changed = changed("driver_opts.type");
    let plan = plan::up(&project, &observed, &UpOptions::default()).unwrap();
    assert!(plan.is_empty(), "{plan}");
    insta::assert_snapshot!(plan.warnings()[0].message, @"volume shop_data: driver_opts.type changed in the file, and it is used as it is; --recreate-volume shop_data replaces it, and its data is lost");
    let named = UpOptions { recreate_volumes: ["shop_data".to_owned()].into(), ..UpOptions::default() };
    let plan = plan::up(&project, &observed, &named).unwrap();
    insta::assert_snapshot!(plan, @r"
    1. stop container shop-db-1         volume shop_data is replaced
    2. remove container shop-db-1                                     after 1
    3. replace volume shop_data         driver_opts.type changed      after 2
    4. create container shop-db-1       not there yet                 after 2, 3
    5. start container shop-db-1                                      after 4
    6. wait until shop-db-1 is healthy  web waits for it              after 5
    ");
    let kept = plan.steps().find_map(|step| match step {
        Step::Container(ContainerStep { act: ContainerAct::Create { replaces, .. }, .. }) => replaces.clone(),
        _ => None,
    });
    assert!(
        kept.is_some_and(|volumes| volumes.iter().any(|volume| volume.name == "0a1b")),
        "anonymous volumes are kept"
    );
}

#[test]
fn a_volume_that_a_service_uses_which_stays_is_not_replaced() {
    let (mut project, mut observed) = shop_with_data();
    observed.volumes[0].changed = changed("driver");
    observed.containers[1].volumes = observed.containers[0].volumes.clone();
    project.services.get_mut("web").unwrap().depends_on = Default::default();
    let options = UpOptions {
        recreate_volumes: ["shop_data".to_owned()].into(),
        services: vec!["db".into()],
        ..UpOptions::default()
    };
    insta::assert_snapshot!(refusals(plan::up(&project, &observed, &options)), @r"
    service db: the volume shop_data is used by container shop-web-1 of this project, which this command does not update
      name service web, too, or stop it
    ");
}
