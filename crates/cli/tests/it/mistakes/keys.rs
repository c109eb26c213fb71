//! Keys that do not exist, or not there.

use super::*;

#[test]
fn a_misspelt_key() {
    let text = r#"services:
  web:
    image: nginx
    enviroment:
      A: 1
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: unknown key `enviroment` in `services.web`
     --> compose.yaml:4:5
      |
    4 |     enviroment:
      |     ^^^^^^^^^^
      |
      = help: did you mean `environment`?
    "#);
}

#[test]
fn a_service_outside_of_services() {
    let text = r#"web:
  image: nginx
  ports: ["80:80"]
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: unknown key `web` at the top of the file
     --> compose.yaml:1:1
      |
    1 | web:
      | ^^^
      |
      = help: if `web` is a service, it belongs under `services:`
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
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: unknown key `ports` at the top of the file
     --> compose.yaml:4:1
      |
    4 | ports:
      | ^^^^^
      |
      = help: `ports` belongs to a service: put it under `services:` and the service's name
    "#);
}

#[test]
fn a_key_of_a_service_beside_the_service() {
    let text = r#"services:
  web:
    image: nginx
  ports:
    - '80:80'
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: `services.ports` must be a mapping, not a list
     --> compose.yaml:5:5
      |
    5 |     - '80:80'
      |     ^
      |
      = help: `ports` belongs to a service: indent `ports` under the service's name
    "#);
}
