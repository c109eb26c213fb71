//! Services that a program provides.

use std::sync::Arc;

use super::*;
use wharf_orchestrator::{ProviderProgram, ProviderPrograms};

/// The shop, whose web also needs a database in the cloud, which needs a zone there.
fn shop_in_a_cloud() -> (Project, ProviderPrograms) {
    let mut project = shop();
    let provider = || Some(wharf_compose::model::Provider { r#type: "cloud".into(), ..Default::default() });
    let started = Dependency { condition: Condition::Started, restart: false, required: true };
    let zone = Service { provider: provider(), ..Service::default() };
    let depends_on = [("zone".to_owned(), started.clone())].into_iter().collect();
    let data = Service { provider: provider(), depends_on, ..Service::default() };
    project.services.get_mut("web").unwrap().depends_on.insert("data".into(), started);
    project.services.extend([("zone".to_owned(), zone), ("data".to_owned(), data)]);
    let program = || Arc::new(ProviderProgram { kind: "cloud".into(), path: "/cloud".into(), arguments: Vec::new() });
    (project, ["zone", "data"].map(|name| (name.to_owned(), program())).into())
}

#[test]
fn providers_run_in_the_order_of_their_dependencies() {
    let (project, programs) = shop_in_a_cloud();
    insta::assert_snapshot!(plan::providers(&project, &programs), @r"
    1. run `cloud compose up` for service zone  cloud is asked at every start
    2. run `cloud compose up` for service data  cloud is asked at every start  after 1
    ");
}

#[test]
fn a_provided_service_has_no_container_and_no_image() {
    let (project, _) = shop_in_a_cloud();
    assert_eq!(up(&project, &nothing(), &UpOptions::default()), up(&shop(), &nothing(), &UpOptions::default()));
    let scaled = UpOptions { scale: BTreeMap::from([("data".into(), 2)]), ..UpOptions::default() };
    assert!(!up(&project, &nothing(), &scaled).contains("shop-data"));
    let pulled = plan::images(&project, &Observed::default(), &ImageOptions::default()).unwrap().to_string();
    assert!(!pulled.contains("data") && !pulled.contains("zone"), "{pulled}");
}

#[test]
fn down_calls_providers_after_their_dependents_have_stopped() {
    let (project, providers) = shop_in_a_cloud();
    let options = DownOptions { providers, ..DownOptions::default() };
    insta::assert_snapshot!(plan::down(&project, &all_running(&shop()), &options), @r"
    1. stop container shop-web-1                  asked for
    2. remove container shop-web-1                           after 1
    3. stop container shop-web-2                  asked for
    4. remove container shop-web-2                           after 3
    5. run `cloud compose down` for service data  asked for  after 1, 3
    6. stop container shop-db-1                   asked for  after 1, 3
    7. remove container shop-db-1                            after 6
    8. run `cloud compose down` for service zone  asked for  after 5
    9. remove network shop_default                asked for  after 2, 4, 5, 7, 8
    ");
}
