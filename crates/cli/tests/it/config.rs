//! `wharf config`: what each flag prints. No engine is needed, except to ask a registry for digests.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;

use super::sandbox::Outcome;

const SHOP: &str = "\
name: shop
services:
  web:
    image: nginx:${TAG:-1}
    depends_on: [api]
    environment: [A=$A, 'B=${B:?must}', 'C=${C:+other}', PRICE=5$$]
    volumes: ['data:/d', './site:/site:ro']
  api:
    build: ./api
    env_file: api.env
    networks: [back]
  tools: {image: redis, profiles: [debug]}
volumes: {data: {}, unused: {}}
networks: {back: {}, nobody: {}}
models: {llm: {model: ai/smollm2}}
";

/// A directory with a project in it.
struct Shop(tempfile::TempDir);

impl Shop {
    fn new() -> Self {
        let shop = Shop(tempfile::tempdir().unwrap());
        shop.write("compose.yaml", SHOP);
        shop.write(".env", "A=from-the-file\n");
        shop.write("api.env", "TOKEN_FILE=/run/t\n");
        shop
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.current_dir(self.0.path()).env_clear().env("B", "b").arg("config").args(args);
        command
    }

    /// Standard output of a command that has to succeed, without what differs between runs.
    fn config(&self, args: &[&str]) -> String {
        let outcome = Outcome::of(self.command(args).output().unwrap());
        assert_eq!(outcome.code, 0, "config {args:?}:\n{}", outcome.stderr);
        outcome.stdout.replace(&self.0.path().display().to_string(), "DIR")
    }
}

#[test]
fn the_canonical_form_is_docker_composes() {
    insta::assert_snapshot!(Shop::new().config(&[]), @r#"
    name: shop
    services:
      api:
        build:
          context: DIR/api
          dockerfile: Dockerfile
        environment:
          TOKEN_FILE: /run/t
        networks:
          back: null
      web:
        depends_on:
          api:
            condition: service_started
            required: true
        environment:
          A: from-the-file
          B: b
          C: ""
          PRICE: 5$$
        image: nginx:1
        networks:
          default: null
        volumes:
          - type: volume
            source: data
            target: /d
            volume: {}
          - type: bind
            source: DIR/site
            target: /site
            read_only: true
            bind:
              create_host_path: true
    networks:
      back:
        name: shop_back
      default:
        name: shop_default
    volumes:
      data:
        name: shop_data
    "#);
}

#[test]
fn named_services_come_with_what_they_depend_on() {
    insta::assert_snapshot!(Shop::new().config(&["api"]), @r#"
    name: shop
    services:
      api:
        build:
          context: DIR/api
          dockerfile: Dockerfile
        environment:
          TOKEN_FILE: /run/t
        networks:
          back: null
    networks:
      back:
        name: shop_back
    "#);
}

#[test]
fn json_holds_the_same_as_yaml_and_each_reads_as_itself() {
    let shop = Shop::new();
    let config = |shop: &Shop, format: &str| shop.config(&["--format", format]).replace("DIR", "/srv/shop");
    let (json, yaml) = (config(&shop, "json"), config(&shop, "yaml"));
    for form in [&json, &yaml] {
        let again = Shop(tempfile::tempdir().unwrap());
        again.write("compose.yaml", form);
        assert_eq!(config(&again, "json"), json);
        assert_eq!(config(&again, "yaml"), yaml);
    }
}

#[test]
fn listings_have_a_name_a_line() {
    let shop = Shop::new();
    assert_eq!(shop.config(&["--services"]), "api\nweb\n");
    assert_eq!(shop.config(&["--volumes"]), "data\n");
    assert_eq!(shop.config(&["--volumes", "--all-resources"]), "data\nunused\n");
    assert_eq!(shop.config(&["--networks"]), "back\ndefault\n");
    assert_eq!(shop.config(&["--images"]), "shop-api\nnginx:1\n");
    assert_eq!(shop.config(&["--images", "api"]), "shop-api\n");
    let compatible = shop.command(&["--images", "api"]).env("COMPOSE_COMPATIBILITY", "1").output().unwrap();
    assert_eq!(Outcome::of(compatible).stdout, "shop_api\n", "the name that `up` gives to what it builds");
    assert_eq!(shop.config(&["--profiles"]), "debug\n");
    assert_eq!(shop.config(&["--models", "--all-resources"]), "ai/smollm2\n");
    assert_eq!(shop.config(&["--services", "--no-interpolate"]), "api\ntools\nweb\n");
}

#[test]
fn variables_are_listed_with_their_defaults() {
    let shop = Shop::new();
    insta::assert_snapshot!(shop.config(&["--variables"]), @r#"
    NAME   REQUIRED   DEFAULT VALUE   ALTERNATE VALUE
    A      false
    B      true
    C      false                      other
    TAG    false      1
    "#);
    insta::assert_snapshot!(shop.config(&["--variables", "--format", "yaml"]).lines().take(5).collect::<Vec<_>>().join("\n"), @r#"
    A:
      name: A
      defaultvalue: ""
      presencevalue: ""
      required: false
    "#);
    let json: serde_json::Value = serde_json::from_str(&shop.config(&["--variables", "--format", "json"])).unwrap();
    assert_eq!(json["TAG"]["DefaultValue"], "1");
    assert_eq!(json["B"]["Required"], true);
}

#[test]
fn the_environment_is_what_variables_take_their_values_from() {
    let environment = Shop::new().config(&["--environment"]);
    let lines: Vec<_> = environment.lines().collect();
    assert_eq!(lines, ["A=from-the-file", "B=b", "COMPOSE_PROJECT_NAME=shop", "PWD=DIR"]);
}

#[test]
fn a_hash_is_that_of_the_service_alone() {
    let shop = Shop::new();
    let hashes = shop.config(&["--hash", "*"]);
    let lines = hashes.lines().filter_map(|line| line.split_once(' '));
    let names: Vec<_> = lines.filter(|(_, hash)| hash.len() == 64).map(|(name, _)| name).collect();
    assert_eq!(names, ["api", "web"]);
    assert_eq!(shop.config(&["--hash", "web"]), hashes.lines().nth(1).unwrap().to_owned() + "\n");
    let outcome = Outcome::of(shop.command(&["--hash", "wbe"]).output().unwrap());
    assert_eq!(outcome.code, 1);
    insta::assert_snapshot!(outcome.stderr, @r"
    error: no such service: wbe
     |
     = help: did you mean `web`?
    ");
}

#[test]
fn steps_can_be_left_out() {
    let shop = Shop::new();
    let text = "name: demo\nservices: {a: {image: 'x:$A', build: ./d, env_file: api.env, volumes: ['./v:/v']}}";
    shop.write("compose.yaml", text);
    insta::assert_snapshot!(shop.config(&["--no-interpolate", "--no-path-resolution"]), @r#"
    name: demo
    networks:
      default:
        name: demo_default
    services:
      a:
        build:
          context: ./d
          dockerfile: Dockerfile
        env_file:
          - path: api.env
            required: true
        image: x:$A
        networks:
          default: null
        volumes:
          - bind:
              create_host_path: true
            source: ./v
            target: /v
            type: bind
    "#);
    insta::assert_snapshot!(shop.config(&["--no-normalize", "--no-env-resolution"]), @r#"
    name: demo
    services:
      a:
        build:
          context: DIR/d
        env_file:
          - path: DIR/api.env
            required: true
        image: x:from-the-file
        volumes:
          - type: bind
            source: DIR/v
            target: /v
            bind:
              create_host_path: true
    "#);
    shop.write("compose.yaml", "services: {a: {depends_on: [nobody]}}");
    assert!(!shop.command(&[]).output().unwrap().status.success());
    assert!(shop.config(&["--no-consistency"]).contains("nobody:"));
}

#[test]
fn what_is_not_interpolated_stays_as_it_is_written() {
    let shop = Shop::new();
    shop.write(
        "compose.yaml",
        "name: demo
services:
  a:
    image: x
    command: echo 'a b' $$HOME
    healthcheck: {test: curl x}
    post_start: [{command: echo hi}]
    ports: ['80:80', 90]
    expose: [70]
    shm_size: 1gb
    depends_on: {b: {condition: service_healthy}}
  b: {image: x, command: [b]}
",
    );
    insta::assert_snapshot!(shop.config(&["--no-interpolate", "--no-normalize"]), @r#"
    name: demo
    services:
      a:
        command: echo 'a b' $$HOME
        depends_on:
          b:
            condition: service_healthy
            required: true
        expose:
          - 70
        healthcheck:
          test: curl x
        image: x
        ports:
          - 80:80
          - 90
        post_start:
          - command: echo hi
        shm_size: 1gb
      b:
        command:
          - b
        image: x
    "#);
}

#[test]
fn every_network_has_an_ipam_in_json() {
    let shop = Shop::new();
    shop.write("compose.yaml", "services: {a: {image: x, networks: [n, default]}}\nnetworks: {n: {ipam: {}}}");
    let json: serde_json::Value = serde_json::from_str(&shop.config(&["--format", "json"])).unwrap();
    for network in ["n", "default"] {
        assert_eq!(json["networks"][network]["ipam"], serde_json::json!({}), "{network}");
    }
    assert!(!shop.config(&[]).contains("ipam"));
}

#[test]
fn the_env_file_says_when_to_use_colours() {
    let shop = Shop::new();
    shop.write("compose.yaml", "services: {a: {imge: x}}");
    shop.write(".env", "COMPOSE_ANSI=always\n");
    let is_coloured = |command: &mut Command| Outcome::of(command.output().unwrap()).stderr.contains('\x1b');
    assert!(is_coloured(&mut shop.command(&[])));
    assert!(!is_coloured(shop.command(&[]).env("COMPOSE_ANSI", "never")));
    assert!(!is_coloured(&mut shop.command(&["--ansi", "never"])));
    shop.write(".env", "COMPOSE_ANSI=nonsense\n");
    assert!(!is_coloured(&mut shop.command(&[])));
}

#[test]
fn quiet_prints_nothing_and_output_goes_to_a_file() {
    let shop = Shop::new();
    assert_eq!(shop.config(&["--quiet"]), "");
    assert_eq!(shop.config(&["--output", "out.yaml"]), "");
    let written = std::fs::read_to_string(shop.0.path().join("out.yaml")).unwrap();
    assert_eq!(written.replace(&shop.0.path().display().to_string(), "DIR"), shop.config(&[]));
}

#[test]
fn no_compose_file_and_a_bad_one_have_exit_codes_of_their_own() {
    let shop = Shop::new();
    std::fs::remove_file(shop.0.path().join("compose.yaml")).unwrap();
    assert_eq!(Outcome::of(shop.command(&[]).output().unwrap()).code, 14);
    shop.write("compose.yaml", "services: []");
    assert_eq!(Outcome::of(shop.command(&[]).output().unwrap()).code, 15);
}

#[test]
fn images_are_pinned_to_the_digests_of_their_registry() {
    let shop = Shop::new();
    shop.write("compose.yaml", "services: {a: {image: nginx}, b: {build: .}, c: {image: 'x@sha256:00'}}");
    let address = engine_that_knows_nginx();
    let config = |args: &[&str]| {
        let output = shop.command(args).env("DOCKER_HOST", &address).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    insta::assert_snapshot!(config(&["--lock-image-digests"]), @r#"
    services:
      a:
        image: docker.io/library/nginx:latest@sha256:1234
      c:
        image: x@sha256:00
    "#);
    assert!(config(&["--resolve-image-digests"]).contains("image: docker.io/library/nginx:latest@sha256:1234\n"));
    shop.write("compose.yaml", "services: {a: {image: unknown}}");
    let outcome =
        Outcome::of(shop.command(&["--resolve-image-digests"]).env("DOCKER_HOST", &address).output().unwrap());
    assert_eq!(outcome.code, 1);
    insta::assert_snapshot!(outcome.stderr, @r"
    error: cannot find the digest of unknown: Docker Hub has no such image
     |
     = help: check the name and the tag of unknown; `build:` in the service makes an image here
      the engine says:
        no such image
    ");
}

/// The address of something that answers as an engine does whose registry has one image.
fn engine_that_knows_nginx() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                while let Some(request) = lines.next() {
                    while lines.next().is_some_and(|line| !line.is_empty()) {}
                    let (status, body) = match request {
                        request if request.contains("/version") => {
                            ("200 OK", r#"{"ApiVersion":"1.41","Version":"20.10"}"#)
                        }
                        request if request.contains("/distribution/docker.io/library/nginx:latest/json") => {
                            ("200 OK", r#"{"Descriptor":{"digest":"sha256:1234"},"Platforms":[]}"#)
                        }
                        _ => ("404 Not Found", r#"{"message":"no such image"}"#),
                    };
                    let length = body.len();
                    let head =
                        format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}");
                    if write!(stream, "{head}\r\n\r\n{body}").is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}
