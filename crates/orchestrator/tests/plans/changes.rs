//! Plans as a person thinks of them: one line for each object, with what changed.

use super::settings::changed;
use super::*;
use plan::Change;

/// What `up` does, and by which fields.
fn told(project: &Project, observed: &Observed, options: &UpOptions) -> String {
    let changes = plan::changes(&plan::up(project, observed, options).unwrap());
    let line = |Change { act, subject, cause }: &Change| {
        let fields: Vec<String> =
            cause.differences().iter().map(|difference| format!("\n    {difference:?}")).collect();
        format!("{act:?} {} ({cause}){}\n", subject.name(), fields.concat())
    };
    changes.iter().map(line).collect()
}

#[test]
fn a_first_up_creates_each_object_once() {
    insta::assert_snapshot!(told(&shop(), &nothing(), &UpOptions { wait: true, ..UpOptions::default() }), @r"
    Create shop_default (not there yet)
    Create shop-db-1 (not there yet)
    Create shop-web-1 (not there yet)
    Create shop-web-2 (not there yet)
    ");
}

#[test]
fn a_replacement_is_one_change_with_its_fields() {
    let project = shop();
    let mut observed = all_running(&project);
    observed.containers[1].hash = Some("v2:of something else".into());
    observed.containers[1].differences = changed("environment.REDIS_HOST");
    observed.containers[2].image_id = "sha256:0123456789abcdef".into();
    observed.networks[0].changed = changed("subnet");
    insta::assert_snapshot!(told(&project, &observed, &UpOptions::default()), @r#"
    Recreate shop_default (subnet changed)
        subnet: Some("old") -> Some("new")
    Recreate shop-web-1 (environment.REDIS_HOST changed)
        environment.REDIS_HOST: Some("old") -> Some("new")
    Recreate shop-web-2 (its image changed)
        image id: Some("0123456789ab") -> Some("web")
    "#);
}

#[test]
fn what_is_removed_started_or_follows_another_is_said_as_well() {
    let mut project = shop();
    project.services.get_mut("web").unwrap().depends_on.get_mut("db").unwrap().restart = true;
    project.services.get_mut("web").unwrap().scale = Some(1);
    let mut observed = all_running(&project);
    observed.containers[0].hash = Some("v2:of something else".into());
    insta::assert_snapshot!(told(&project, &observed, &UpOptions::default()), @r"
    Recreate shop-db-1 (its configuration changed)
    Remove shop-web-2 (scaled down to 1)
    Restart shop-web-1 (db is replaced)
    ");
    let mut stopped = all_running(&project);
    stopped.containers[1].state = State::Exited;
    insta::assert_snapshot!(told(&project, &stopped, &UpOptions::default()), @r"
    Remove shop-web-2 (scaled down to 1)
    Start shop-web-1 (not running)
    ");
    assert_eq!(
        told(
            &project,
            &all_running(&project),
            &UpOptions { scale: [("web".into(), 2)].into(), ..UpOptions::default() }
        ),
        ""
    );
}

#[test]
fn containers_that_exchange_their_names_are_not_confused() {
    let mut project = shop();
    project.services.get_mut("web").unwrap().scale = None;
    let mut observed = all_running(&project);
    observed.containers.truncate(2);
    for (service, name) in [("db", "one"), ("web", "two")] {
        project.services.get_mut(service).unwrap().container_name = Some(name.into());
    }
    (observed.containers[0].name, observed.containers[1].name) = ("two".into(), "one".into());
    insta::assert_snapshot!(told(&project, &observed, &UpOptions::default()), @r"
    Recreate one (its configuration changed)
    Recreate two (its configuration changed)
    ");
}
