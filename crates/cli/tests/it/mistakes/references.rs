//! Names of what is not there.

use super::*;

#[test]
fn a_dependency_that_is_no_service() {
    let text = r#"services:
  web:
    image: nginx
    depends_on: [databse]
  database:
    image: postgres
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: `web` depends on `databse`, which is not a service
     --> compose.yaml:4:18
      |
    4 |     depends_on: [databse]
      |                  ^^^^^^^
      |
      = help: did you mean `database`?
    "#);
}

#[test]
fn a_volume_that_is_not_declared() {
    let text = r#"services:
  db:
    image: postgres
    volumes:
      - pgdata:/var/lib/postgresql/data
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: `db` uses the volume `pgdata`, which is not declared
     --> compose.yaml:5:9
      |
    5 |       - pgdata:/var/lib/postgresql/data
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: declare it at the top of the file: `volumes: { pgdata: }`
    "#);
}

#[test]
fn services_that_wait_for_each_other() {
    let text = r#"services:
  web:
    image: nginx
    depends_on: [api]
  api:
    image: api
    depends_on:
      web:
        condition: service_healthy
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: services depend on each other in a circle: api -> web -> api
     --> compose.yaml:8:7
      |
    8 |       web:
      |       ^^^
      |
     ::: compose.yaml:4:18
      |
    4 |     depends_on: [api]
      |                  ---- `web` depends on `api` here
      |
      = help: one of them has to start first: remove its `depends_on`
    "#);
}
