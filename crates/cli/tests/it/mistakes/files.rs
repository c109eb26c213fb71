//! Mistakes in other files than the first, and files that are missing.

use super::*;

#[test]
fn a_mistake_in_a_file_that_is_extended() {
    let files = [
        (
            "compose.yaml",
            r#"services:
  web:
    extends: {file: lib/base.yaml, service: bse}
  b:
    extends: {file: lib/base.yaml, service: base}
"#,
        ),
        (
            "lib/base.yaml",
            r#"services:
  base:
    image: x
    restrt: always
"#,
        ),
    ];
    insta::assert_snapshot!(mistake(&files), @r#"
    error: `web` extends `bse`, which is not a service of DIR/lib/base.yaml
     --> compose.yaml:3:45
      |
    3 |     extends: {file: lib/base.yaml, service: bse}
      |                                             ^^^
      |
      = help: did you mean `base`?

    error: unknown key `restrt` in `services.base`
     --> lib/base.yaml:4:5
      |
    4 |     restrt: always
      |     ^^^^^^
      |
      = help: did you mean `restart`?
    "#);
}

#[test]
fn a_mistake_in_a_file_that_is_included() {
    let files = [
        (
            "compose.yaml",
            r#"include:
  - db/compose.yaml
services:
  web:
    image: nginx
    depends_on: [db]
"#,
        ),
        (
            "db/compose.yaml",
            r#"services:
  db:
    image: postgres
    enviroment: [A=1]
"#,
        ),
    ];
    insta::assert_snapshot!(mistake(&files), @r#"
    error: unknown key `enviroment` in `services.db`
     --> db/compose.yaml:4:5
      |
    4 |     enviroment: [A=1]
      |     ^^^^^^^^^^
      |
      = help: did you mean `environment`?
    "#);
}

#[test]
fn env_files_that_are_not_there_or_not_right() {
    let files = [
        (
            "compose.yaml",
            r#"services:
  a:
    image: x
    env_file: [a.env, none.env]
"#,
        ),
        (
            "a.env",
            r#"A=1
B C=2
"#,
        ),
    ];
    insta::assert_snapshot!(mistake(&files), @r#"
    error: the env file DIR/none.env does not exist
     --> compose.yaml:4:23
      |
    4 |     env_file: [a.env, none.env]
      |                       ^^^^^^^^
      |
      = help: create it, or say `required: false`

    error: a variable's name cannot hold a space
     --> a.env:2:1
      |
    2 | B C=2
      | ^
    "#);
}

#[test]
fn files_that_are_somewhere_else() {
    let text = r#"include: ['oci://example.com/db']
services:
  a:
    image: x
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: `oci://example.com/db` is in a registry, and wharf reads no Compose files from registries
     --> compose.yaml:1:11
      |
    1 | include: ['oci://example.com/db']
      |           ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write it to a file, and name that: `docker compose -f oci://example.com/db config -o FILE`
    "#);
}
