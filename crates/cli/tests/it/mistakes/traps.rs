//! What is allowed and rarely meant.

use super::*;

#[test]
fn traps_that_are_allowed() {
    let text = r#"version: '3'
services:
  a:
    image: x
    ports: ['8080:80']
    environment: {DB_PASSWORD: hunter2}
    restart: always
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
