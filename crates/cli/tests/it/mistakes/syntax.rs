//! What is not YAML, or not what it looks like.

use super::*;

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
