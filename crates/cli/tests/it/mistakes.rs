//! The worst mistakes that people make, and the whole message that they get: read it aloud, would you know what to do?

use std::process::Command;

/// What `config -q` says of a project of these files, the first of which is its Compose file, and its exit code.
fn said(files: &[(&str, &str)]) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = directory.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let mut config = Command::new(env!("CARGO_BIN_EXE_wharf"));
    config.args(["-p", "demo", "config", "-q"]).current_dir(directory.path()).env_clear();
    let output = config.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let message = String::from_utf8_lossy(&output.stderr).replace(&directory.path().display().to_string(), "DIR");
    (output.status.code(), message)
}

fn mistake(files: &[(&str, &str)]) -> String {
    let (code, message) = said(files);
    assert_eq!(code, Some(15), "{message}");
    message
}

fn warnings(text: &str) -> String {
    let (code, message) = said(&[("compose.yaml", text)]);
    assert_eq!(code, Some(0), "{message}");
    message
}

#[test]
fn tabs_instead_of_spaces() {
    let text = "services:\n\tweb:\n\t\timage: nginx\n";
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: this is not YAML: the line is indented with a tab
     --> compose.yaml:2:2
      |
    2 |     web:
      |     ^
      |
      = help: YAML indents with spaces: replace each tab by two of them
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

#[test]
fn no_space_after_a_colon() {
    let text = r#"services:
  web:
    image:nginx
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: `services.web` must be a mapping, not `image:nginx`
     --> compose.yaml:3:5
      |
    3 |     image:nginx
      |     ^^^^^^^^^^^
      |
      = help: put a space after the colon: `image: ...`
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
fn a_key_twice() {
    let text = r#"services:
  web:
    image: nginx
    ports: ['80:80']
    ports: ['443:443']
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: duplicate key `ports`
     --> compose.yaml:5:5
      |
    5 |     ports: ['443:443']
      |     ^^^^^
      |
     ::: compose.yaml:4:5
      |
    4 |     ports: ['80:80']
      |     ---------------- first here
      |
      = help: keep one of the two, with all that belongs to it
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

#[test]
fn a_colon_in_text_without_quotes() {
    let text = r#"services:
  web:
    image: nginx
    command: echo a: b
"#;
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: this is not YAML: a key and its value cannot stand here
     --> compose.yaml:4:20
      |
    4 |     command: echo a: b
      |                    ^
      |
      = help: is the line indented like its neighbours? Text that holds `: ` has to be in quotes
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
    insta::assert_snapshot!(mistake(&[("compose.yaml", text)]), @r#"
    error: unknown key `imge` in `services.web`
     --> compose.yaml:3:3
      |
    3 |   imge: nginx
      |   ^^^^
      |
     ::: compose.yaml:6:9
      |
    6 |     <<: *common
      |         ------- used here
      |
      = help: did you mean `image`?
    "#);
}

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
    error: `oci://example.com/db` is not on this machine, and nothing is fetched to read a project
     --> compose.yaml:1:11
      |
    1 | include: ['oci://example.com/db']
      |           ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: fetch it first (`git clone`, `docker compose -f oci://... config`), and name the local file
    "#);
}

#[test]
fn traps_that_are_allowed() {
    let text = r#"version: '3'
services:
  a:
    image: x
    ports: ['8080:80']
    environment: {DB_PASSWORD: hunter2}
    restart: allways
  b:
    image: x:$TAG
    ports: ['127.0.0.1:8080:80']
    volumes: ['d:/x']
  c:
    image: x
    deploy: {replicas: 2}
    ports: ['9000:90']
    command: serve && reload
"#;
    insta::assert_snapshot!(warnings(text), @r#"
    warning: `version` is obsolete and has no effect
     --> compose.yaml:1:1
      |
    1 | version: '3'
      | ^^^^^^^
      |
      = help: remove the line

    warning: `DB_PASSWORD` is in the file in plain text
    --> compose.yaml:6:19
     = help: take it from the environment (`${DB_PASSWORD}`), or from a secret if the image reads `DB_PASSWORD_FILE`

    warning: `allways` is not a restart policy; the engine will refuse it
     --> compose.yaml:7:14
      |
    7 |     restart: allways
      |              ^^^^^^^
      |
      = help: the policies are `no`, `always`, `unless-stopped`, `on-failure` and `on-failure:3`

    warning: the variable `TAG` is not set; it counts as empty
     --> compose.yaml:9:15
      |
    9 |     image: x:$TAG
      |               ^^^
      |
      = help: set `TAG`, or write `${TAG:-default}`; for a dollar sign write `$$`

    warning: the host port 8080 is also bound by `a`
      --> compose.yaml:10:13
       |
    10 |     ports: ['127.0.0.1:8080:80']
       |             ^^^^^^^^^^^^^^^^^^^
       |
      ::: compose.yaml:5:13
       |
     5 |     ports: ['8080:80']
       |             ---------- first bound here
       |
       = help: only one of the containers can start; publish another port

    warning: `d:/x` counts as a path on a Windows drive, not as volume and path
      --> compose.yaml:11:15
       |
    11 |     volumes: ['d:/x']
       |               ^^^^^^
       |
       = help: give the volume a name of two letters or more, or write `type`, `source` and `target`

    warning: `c` has 2 replicas, and the host port 9000 is for one
      --> compose.yaml:15:13
       |
    15 |     ports: ['9000:90']
       |             ^^^^^^^^^
       |
       = help: publish a range, like `8000-8010:90`, or no fixed port: `"90"`

    warning: `services.c.command` ends before `&& reload`
      --> compose.yaml:16:14
       |
    16 |     command: serve && reload
       |              ^^^^^^^^^^^^^^^
       |
       = help: no shell runs the command; for one, write `["sh", "-c", "..."]`
    "#);
}

#[test]
fn a_dollar_sign_that_vanishes() {
    let text = r#"services:
  web:
    image: nginx
    command: sh -c "echo $GREETING"
    environment:
      PASSWORD: pa$word
"#;
    insta::assert_snapshot!(warnings(text), @r#"
    warning: the variable `GREETING` is not set; it counts as empty
     --> compose.yaml:4:27
      |
    4 |     command: sh -c "echo $GREETING"
      |                           ^^^^^^^^
      |
      = help: set `GREETING`, or write `${GREETING:-default}`; for a dollar sign write `$$`

    warning: `$word` is taken for a variable, which is not set: it vanishes from the text
    --> compose.yaml:6:19
     = help: for a dollar sign write `$$word`; if it is a variable, set `word`
    "#);
}
