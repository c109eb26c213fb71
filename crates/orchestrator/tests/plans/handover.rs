//! What gives up a name, a host port or an address is gone before another container takes it.

use super::*;

/// Two services without networks, by their names.
fn two(a: (&str, Service), b: (&str, Service)) -> Project {
    let service = |service: Service| Service { image: Some("shop/web".into()), ..service };
    Project {
        name: "shop".into(),
        services: BTreeMap::from([(a.0.into(), service(a.1)), (b.0.into(), service(b.1))]),
        ..Project::default()
    }
}

fn publishes(port: u16) -> Service {
    Service {
        ports: vec![Port { target: 80, published: Some(port.to_string().parse().unwrap()), ..Port::default() }],
        ..Service::default()
    }
}

fn holding(mut container: Container, port: u16) -> Container {
    container.ports = vec![observe::Published {
        target: 80,
        protocol: "tcp".into(),
        ip: Some("0.0.0.0".into()),
        published: Some(port),
    }];
    container
}

fn observed(containers: Vec<Container>) -> Observed {
    Observed { containers, images: images(), ..Observed::default() }
}

#[test]
fn a_host_port_moves_from_one_service_to_a_new_one() {
    let before = two(("proxy", Service::default()), ("web", publishes(80)));
    let web = holding(running(&before, "web", 1), 80);
    let after = two(("proxy", publishes(80)), ("web", Service::default()));
    insta::assert_snapshot!(up(&after, &observed(vec![web]), &UpOptions::default()), @r"
    1. create container shop-proxy-1                           not there yet
    2. create container web100000000_shop-web-1                its configuration changed
    3. stop container shop-web-1                                                          after 2
    4. remove container shop-web-1                                                        after 3
    5. start container shop-proxy-1                                                       after 1, 4
    6. rename container web100000000_shop-web-1 to shop-web-1                             after 2, 4
    7. start container shop-web-1                                                         after 6
    ");
}

#[test]
fn two_services_exchange_their_host_ports() {
    let before = two(("a", publishes(80)), ("b", publishes(81)));
    let (a, b) = (holding(running(&before, "a", 1), 80), holding(running(&before, "b", 1), 81));
    let after = two(("a", publishes(81)), ("b", publishes(80)));
    insta::assert_snapshot!(up(&after, &observed(vec![a, b]), &UpOptions::default()), @r"
     1. create container a10000000000_shop-a-1              its configuration changed
     2. create container b10000000000_shop-b-1              its configuration changed
     3. stop container shop-b-1                                                        after 2
     4. remove container shop-b-1                                                      after 3
     5. stop container shop-a-1                                                        after 1, 4
     6. remove container shop-a-1                                                      after 5
     7. rename container a10000000000_shop-a-1 to shop-a-1                             after 1, 6
     8. start container shop-a-1                                                       after 4, 7
     9. rename container b10000000000_shop-b-1 to shop-b-1                             after 2, 4
    10. start container shop-b-1                                                       after 6, 9
    ");
}

#[test]
fn two_services_exchange_their_names() {
    let named = |name: &str| Service { container_name: Some(name.into()), ..Service::default() };
    let before = two(("a", named("one")), ("b", named("two")));
    let with_name = |service: &str, name: &str| Container { name: name.into(), ..running(&before, service, 1) };
    let after = two(("a", named("two")), ("b", named("one")));
    let observed = observed(vec![with_name("a", "one"), with_name("b", "two")]);
    insta::assert_snapshot!(up(&after, &observed, &UpOptions::default()), @r"
     1. create container a10000000000_two         its configuration changed
     2. stop container one                                                   after 1
     3. remove container one                                                 after 2
     4. create container b10000000000_one         its configuration changed
     5. stop container two                                                   after 4
     6. remove container two                                                 after 5
     7. rename container a10000000000_two to two                             after 1, 3, 6
     8. start container two                                                  after 7
     9. rename container b10000000000_one to one                             after 3, 4, 6
    10. start container one                                                  after 9
    ");
}

#[test]
fn a_renamed_service_takes_the_port_of_the_orphan_that_is_removed() {
    let before = two(("old", publishes(80)), ("web", Service::default()));
    let old = holding(running(&before, "old", 1), 80);
    let after = two(("new", publishes(80)), ("web", Service::default()));
    let options = UpOptions { services: vec!["new".into()], remove_orphans: true, ..UpOptions::default() };
    insta::assert_snapshot!(up(&after, &observed(vec![old.clone()]), &options), @r"
    1. create container shop-new-1  not there yet
    2. stop container shop-old-1    an orphan
    3. remove container shop-old-1                 after 2
    4. start container shop-new-1                  after 1, 3
    ");
    let keep = UpOptions { remove_orphans: false, ..options };
    insta::assert_snapshot!(refusals(plan::up(&after, &observed(vec![old]), &keep)), @r"
    service new: host port 80 is taken by container shop-old-1 of this project, an orphan
      --remove-orphans removes it
    ");
}

#[test]
fn a_port_that_a_service_holds_which_is_not_updated_is_refused() {
    let before = two(("proxy", Service::default()), ("web", publishes(80)));
    let web = holding(running(&before, "web", 1), 80);
    let after = two(("proxy", publishes(80)), ("web", Service::default()));
    let only = UpOptions { services: vec!["proxy".into()], ..UpOptions::default() };
    insta::assert_snapshot!(refusals(plan::up(&after, &observed(vec![web]), &only)), @r"
    service proxy: host port 80 is taken by container shop-web-1 of this project, which this command does not update
      name service web, too, or stop it
    ");
}
