//! Several networks of one name.

use super::*;

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
