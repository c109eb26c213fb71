//! The worst mistakes people make, and the whole message they get: read it aloud, would you know what to do?

use wharf_compose::{Options, Project};

fn mistake(text: &str) -> String {
    Project::load(&Options::from_text(text)).expect_err("the file must be refused").to_string()
}

#[test]
fn tabs_instead_of_spaces() {
    let text = "services:\n\tweb:\n\t\timage: nginx\n";
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:2:2: this is not YAML: tabs disallowed within this context (block indentation)
        2 |  web:
          |  ^
      help: YAML indents with spaces; replace the tab
    "#);
}

#[test]
fn a_misspelt_key() {
    let text = r#"services:
  web:
    image: nginx
    enviroment:
      A: 1
"#;
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:4:5: unknown key `enviroment` in `services.web`
        4 |     enviroment:
          |     ^^^^^^^^^^
      help: did you mean `environment`?
    "#);
}

#[test]
fn a_service_outside_of_services() {
    let text = r#"web:
  image: nginx
  ports: ["80:80"]
"#;
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:1:1: unknown key `web` at the top of the file
        1 | web:
          | ^^^
      help: if `web` is a service, it belongs under `services:`
    "#);
}

#[test]
fn a_key_of_a_service_at_the_top() {
    let text = r#"services:
  web:
    image: nginx
ports:
  - "80:80"
"#;
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:4:1: unknown key `ports` at the top of the file
        4 | ports:
          | ^^^^^
      help: `ports` belongs to a service: put it under `services:` and the service's name
    "#);
}

#[test]
fn text_where_a_list_belongs_and_a_number_where_text_does() {
    let text = r#"services:
  web:
    image: nginx
    ports: "8080:80"
    user: 1000
"#;
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:4:12: `services.web.ports` must be a list, not `8080:80`
        4 |     ports: "8080:80"
          |            ^^^^^^^^^
      help: for example `ports: ["8080:80"]`

    /project/compose.yaml:5:11: `services.web.user` must be text, not the number 1000
        5 |     user: 1000
          |           ^^^^
      help: put it in quotes: `user: "1000"`
    "#);
}

#[test]
fn a_dependency_that_is_no_service() {
    let text = r#"services:
  web:
    image: nginx
    depends_on: [databse]
  database:
    image: postgres
"#;
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:4:18: `web` depends on `databse`, which is not a service
        4 |     depends_on: [databse]
          |                  ^^^^^^^
      help: did you mean `database`?
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
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:5:9: `db` uses the volume `pgdata`, which is not declared
        5 |       - pgdata:/var/lib/postgresql/data
          |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      help: declare it at the top of the file: `volumes: { pgdata: }`
    "#);
}

#[test]
fn a_required_variable_without_a_value() {
    let text = r#"services:
  db:
    image: postgres
    environment:
      POSTGRES_PASSWORD: ${DB_PASSWORD:?set it in .env}
"#;
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:5:26: the required variable `DB_PASSWORD` is not set, or empty: set it in .env
        5 |       POSTGRES_PASSWORD: ${DB_PASSWORD:?set it in .env}
          |                          ^^^^^^^^^^^^^^^
      help: set `DB_PASSWORD` in the environment or in the file `.env`
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
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:8:7: services depend on each other in a circle: api -> web -> api
        8 |       web:
          |       ^^^
    /project/compose.yaml:4:18: `web` depends on `api` here
        4 |     depends_on: [api]
          |                  ^
      help: one of them has to start first: remove its `depends_on`
    "#);
}

#[test]
fn a_time_without_a_unit_and_a_test_without_a_kind() {
    let text = r#"services:
  web:
    image: nginx
    healthcheck:
      test: ["curl", "localhost"]
      interval: 30
"#;
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:5:13: a health check's list begins with `CMD`, `CMD-SHELL` or `NONE`, not `curl`
        5 |       test: ["curl", "localhost"]
          |             ^
      help: for example `test: ["CMD", "curl", "-f", "http://localhost"]`

    /project/compose.yaml:6:17: `services.web.healthcheck.interval` must be a duration with its unit, not the number 30
        6 |       interval: 30
          |                 ^^
      help: for example `interval: 30s`
    "#);
}

#[test]
fn a_container_name_for_several_replicas() {
    let text = r#"services:
  web:
    image: nginx
    container_name: web
    deploy:
      replicas: 3
"#;
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:4:21: a container name is for one container, and `web` has 3
        4 |     container_name: web
          |                     ^^^
    /project/compose.yaml:6:17: the number of replicas is set here
        6 |       replicas: 3
          |                 ^
      help: remove `container_name`; each replica is named after the project and the service
    "#);
}

#[test]
fn a_mistake_behind_an_anchor() {
    let text = r#"x-common: &common
  restart: always
  imge: nginx
services:
  web:
    <<: *common
"#;
    insta::assert_snapshot!(mistake(text), @r#"
    /project/compose.yaml:3:3: unknown key `imge` in `services.web`
        3 |   imge: nginx
          |   ^^^^
    /project/compose.yaml:6:9: used here
        6 |     <<: *common
          |         ^
      help: did you mean `image`?
    "#);
}
