//! Values of a wrong kind.

use super::*;

#[test]
fn text_where_a_list_belongs_and_a_number_where_text_does() {
    let text = r#"services:
  web:
    image: nginx
    ports: "8080:80"
    user: 1000
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: `services.web.ports` must be a list, not `8080:80`
     --> compose.yaml:4:12
      |
    4 |     ports: "8080:80"
      |            ^^^^^^^^^
      |
      = help: for example `ports: ["8080:80"]`

    error: `services.web.user` must be text, not the number 1000
     --> compose.yaml:5:11
      |
    5 |     user: 1000
      |           ^^^^
      |
      = help: put it in quotes: `user: "1000"`
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
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: the required variable `DB_PASSWORD` is not set, or empty: set it in .env
     --> compose.yaml:5:26
      |
    5 |       POSTGRES_PASSWORD: ${DB_PASSWORD:?set it in .env}
      |                          ^^^^^^^^^^^^^^^
      |
      = help: set `DB_PASSWORD` in the environment or in the file `.env`
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
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: a health check's list begins with `CMD`, `CMD-SHELL` or `NONE`, not `curl`
     --> compose.yaml:5:13
      |
    5 |       test: ["curl", "localhost"]
      |             ^
      |
      = help: for example `test: ["CMD", "curl", "-f", "http://localhost"]`

    error: `services.web.healthcheck.interval` must be a duration with its unit, not the number 30
     --> compose.yaml:6:17
      |
    6 |       interval: 30
      |                 ^^
      |
      = help: for example `interval: 30s`
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
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: a container name is for one container, and `web` has 3
     --> compose.yaml:4:21
      |
    4 |     container_name: web
      |                     ^^^
      |
     ::: compose.yaml:6:17
      |
    6 |       replicas: 3
      |                 - the number of replicas is set here
      |
      = help: remove `container_name`; each replica is named after the project and the service
    "#);
}

#[test]
fn variables_that_are_neither_a_list_nor_a_mapping() {
    let text = r#"services:
  web:
    image: nginx
    environment:
      - A = 1
      - B: 2
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: the name `A ` ends with a space
     --> compose.yaml:5:9
      |
    5 |       - A = 1
      |         ^^^^^
      |
      = help: remove the space before `=`: `A=...`

    error: `services.web.environment[1]` must be text, not a mapping
     --> compose.yaml:6:9
      |
    6 |       - B: 2
      |         ^
      |
      = help: write `- B=...` for this entry, or leave the dash out of all entries
    "#);
}

#[test]
fn ports_that_are_none() {
    let text = r#"services:
  web:
    image: nginx
    ports:
      - 8080:http
      - 80:70000
      - localhost:80:80
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: `services.web.ports[0]`: `http` is not a port number
     --> compose.yaml:5:9
      |
    5 |       - 8080:http
      |         ^^^^^^^^^
      |
      = help: for example `ports: ["8080:80"]`

    error: `services.web.ports[1]`: port 70000 is beyond 65535
     --> compose.yaml:6:9
      |
    6 |       - 80:70000
      |         ^^^^^^^^
      |
      = help: for example `ports: ["8080:80"]`

    error: `services.web.ports[2]`: `localhost` is not an IP address
     --> compose.yaml:7:9
      |
    7 |       - localhost:80:80
      |         ^^^^^^^^^^^^^^^
      |
      = help: for example `ports: ["8080:80"]`
    "#);
}
