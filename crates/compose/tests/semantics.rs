//! What files mean together: merging, extending, including, profiles, names, environment.

use std::path::Path;

use wharf_compose::{Config, Loaded, Options, Passes, Project};

fn load(options: &Options) -> Project {
    match Project::load(options) {
        Ok(Loaded { project, .. }) => project,
        Err(error) => panic!("{error}"),
    }
}

fn refused(options: &Options) -> String {
    Project::load(options).expect_err("the files must be refused").to_string()
}

#[test]
fn later_files_add_to_lists_and_replace_commands() {
    let options = Options::from_text(
        "services: { web: { image: a, command: [one], ports: ['80:80'], environment: { A: 1, B: 1 }, volumes: ['data:/d'] } }
volumes: { data: }",
    )
    .with_file(
        "more.yaml",
        "services: { web: { command: [two], ports: ['81:81', '80:80'], environment: [B=2, C=3], volumes: ['./y:/d'] } }",
    );
    insta::assert_snapshot!(load(&options).to_yaml(), @r#"
    name: project
    services:
      web:
        command:
          - two
        environment:
          A: "1"
          B: "2"
          C: "3"
        image: a
        networks:
          default: null
        ports:
          - mode: ingress
            target: 80
            published: "80"
            protocol: tcp
          - mode: ingress
            target: 81
            published: "81"
            protocol: tcp
        volumes:
          - type: bind
            source: /project/y
            target: /d
            bind:
              create_host_path: true
    networks:
      default:
        name: project_default
    volumes:
      data:
        name: project_data
    "#);
}

#[test]
fn reset_forgets_and_override_replaces_what_earlier_files_say() {
    let project = load(
        &Options::from_text("services: { a: { image: x, user: u, ports: ['80:80'], environment: { A: 1, B: 2 } } }")
            .with_file(
                "b.yaml",
                "services: { a: { user: !reset null, ports: !override ['81:81'], environment: { A: !reset null } } }",
            ),
    );
    let service = &project.services["a"];
    assert_eq!(service.user, None);
    assert_eq!(service.ports.iter().map(|port| port.target).collect::<Vec<_>>(), [81]);
    assert_eq!(service.environment.keys().collect::<Vec<_>>(), ["B"]);
}

#[test]
fn a_service_extends_one_of_another_file_with_paths_of_that_file() {
    let options =
        Options::from_text("services: { a: { extends: { file: lib/base.yaml, service: b }, environment: { B: 2 } } }")
            .with_text(
                "lib/base.yaml",
                "services: { b: { extends: c, build: ., environment: { A: 1 } }, c: { volumes: ['./v:/v'] } }",
            );
    let service = &load(&options).services["a"];
    assert_eq!(service.build.as_ref().map(|build| build.context.as_str()), Some("/project/lib"));
    assert_eq!(service.volumes[0].source.as_deref(), Some("/project/lib/v"));
    assert_eq!(service.environment.len(), 2);
}

#[test]
fn an_included_file_has_its_own_directory_and_env_file() {
    let options =
        Options::from_text("include: [sub/compose.yaml]\nservices: { a: { image: 'x:$V', depends_on: [b] } }")
            .with_variable("V", "1")
            .with_text("sub/compose.yaml", "services: { b: { image: 'y:$V$W', volumes: ['./d:/d'] } }")
            .with_text("sub/.env", "V=2\nW=3\n");
    let project = load(&options);
    assert_eq!(project.services["b"].image.as_deref(), Some("y:13"), "the environment goes before the file");
    assert_eq!(project.services["b"].volumes[0].source.as_deref(), Some("/project/sub/d"));
}

#[test]
fn an_included_files_variables_have_the_values_of_its_own_env_file() {
    let project = load(
        &Options::from_text("include: [{ path: sub/compose.yaml, env_file: sub.env }]\nservices: { a: { image: x } }")
            .with_text(
                "sub/compose.yaml",
                "services: { b: { image: y, environment: [TOKEN, HOST], secrets: [s], configs: [c] } }
secrets: { s: { environment: TOKEN } }
configs: { c: { environment: HOST } }",
            )
            .with_text("sub.env", "TOKEN=of-the-file\nHOST=of-the-file\n")
            .with_variable("HOST", "outside"),
    );
    let environment = &project.services["b"].environment;
    assert_eq!(environment["TOKEN"].as_deref(), Some("of-the-file"));
    assert_eq!(environment["HOST"].as_deref(), Some("outside"));
    let value = |object: &wharf_compose::model::FileObject| object.value.as_ref().map(|value| value.0.clone());
    assert_eq!(value(&project.secrets["s"]).as_deref(), Some("of-the-file"));
    assert_eq!(value(&project.configs["c"]).as_deref(), Some("outside"));
}

#[test]
fn keys_of_the_authors_own_stay_wherever_they_stand() {
    let options = Options::from_text(
        "x-top: 1
services:
  a:
    image: x
    x-own: { k: $V }
    build: { context: ., x-build: [1, 'y'] }
    deploy: { resources: { limits: { x-limit: 1.5 } } }
    ports: [{ target: 80, x-port: true }]
volumes: { x-data: { x-volume: ~ } }
",
    )
    .with_variable("V", "5$");
    let value =
        Config::load(&options, Passes { keep_unused: true, ..Passes::default() }).expect("it can be read").value;
    let a = &value["services"]["a"];
    assert_eq!(value["x-top"], 1);
    assert_eq!(a["x-own"]["k"], "5$$");
    assert_eq!(a["build"]["x-build"][1], "y");
    assert_eq!(a["deploy"]["resources"]["limits"]["x-limit"], 1.5);
    assert_eq!(a["ports"][0]["x-port"], true);
    assert_eq!(value["volumes"]["x-data"]["name"], "project_x-data");
    assert!(value["volumes"]["x-data"]["x-volume"].is_null());
}

#[test]
fn files_elsewhere_are_refused_and_nothing_is_fetched() {
    for (text, said) in [
        ("include: ['oci://example.com/x']", "wharf reads no Compose files from registries"),
        ("services: { a: { extends: { file: 'https://x/y.git', service: b } } }", "nothing is fetched here"),
        ("include: ['file:///x.git']", "wharf fetches by https, ssh and git"),
    ] {
        let error = refused(&Options::from_text(text));
        assert!(error.contains(said), "{error}");
    }
    for (file, said) in [
        ("https://x/y.git", "is not a file on this machine"),
        ("oci://example.com/x", "wharf reads no Compose files from registries"),
    ] {
        let elsewhere = Options { files: vec![file.into()], ..Options::from_text("services: {}") };
        assert!(refused(&elsewhere).contains(said));
    }
}

#[test]
fn profiles_enable_services_and_naming_one_enables_its_profiles() {
    let text = "services: { a: { image: x }, b: { image: x, profiles: [p] }, c: { image: x, profiles: [p, q] } }";
    let names = |options: &Options| load(options).services.into_keys().collect::<Vec<_>>();
    assert_eq!(names(&Options::from_text(text)), ["a"]);
    assert_eq!(names(&Options::from_text(text).with_profile("q")), ["a", "c"]);
    assert_eq!(names(&Options::from_text(text).with_profile("*")), ["a", "b", "c"]);
    assert_eq!(names(&Options::from_text(text).with_variable("COMPOSE_PROFILES", "x, q")), ["a", "c"]);
    assert_eq!(names(&Options { services: vec!["b".into()], ..Options::from_text(text) }), ["a", "b", "c"]);
    let error = refused(&Options { services: vec!["bb".into()], ..Options::from_text(text) });
    assert!(error.contains("no such service: bb"), "{error}");
}

#[test]
fn a_name_that_is_no_service_is_told_from_a_mistake_of_the_file() {
    let unknown = |text: &str| {
        let options = Options { services: vec!["a".into(), "bb".into()], ..Options::from_text(text) };
        Project::load(&options).unwrap_err().unknown_service
    };
    let found = unknown("services: { a: { image: x }, b: { image: x, profiles: [p] }, c: { image: x } }").unwrap();
    assert_eq!((found.names, found.services), (vec!["bb".to_owned()], ["a", "b", "c"].map(str::to_owned).to_vec()));
    assert_eq!(unknown("services: { a: { image: x, ports: [nonsense] } }"), None);
}

#[test]
fn the_name_is_the_flag_the_variable_the_files_or_the_directory() {
    let text = "services: { a: { image: 'x:$COMPOSE_PROJECT_NAME' } }";
    let named = |options: &Options| String::from(load(options).services["a"].image.clone().unwrap_or_default());
    let options = Options::from_text(text);
    assert_eq!(named(&options), "x:project");
    let options = options.with_file("b.yaml", "name: of-file-${N:-1}");
    assert_eq!(named(&options), "x:of-file-1");
    let options = options.with_variable("COMPOSE_PROJECT_NAME", "of-variable");
    assert_eq!(named(&options), "x:of-variable");
    assert_eq!(named(&options.clone().with_project_name("of-flag")), "x:of-flag");
    let error = refused(&options.with_project_name("Not Valid"));
    assert!(error.contains("`Not Valid` (-p) cannot be a project's name") && error.contains("`notvalid`"), "{error}");
}

#[test]
fn files_are_found_upward_with_their_override() {
    let options = Options { working_dir: "/srv/app/deep/er".into(), ..Options::default() }
        .with_text("/srv/app/compose.yaml", "services: { a: { image: x, build: . } }")
        .with_text("/srv/app/compose.override.yml", "services: { a: { user: '$U' } }")
        .with_text("/srv/app/.env", "U=me\n");
    let project = load(&options);
    assert_eq!(project.working_dir, Path::new("/srv/app"));
    assert_eq!(project.files.len(), 2);
    assert_eq!(project.services["a"].user.as_deref(), Some("me"));
    let nothing = Options { working_dir: "/".into(), ..Options::default() }.with_text("/x", "");
    assert!(refused(&nothing).contains("no Compose file"));
}

#[test]
fn compose_file_names_files_of_the_working_directory() {
    let options = Options { working_dir: "/srv".into(), ..Options::default() }
        .with_text("/srv/a.yaml", "services: { a: { image: x } }")
        .with_text("/srv/b/b.yaml", "services: { a: { build: ./c } }")
        .with_variable("COMPOSE_FILE", "a.yaml;b/b.yaml")
        .with_variable("COMPOSE_PATH_SEPARATOR", ";");
    let project = load(&options);
    let context = project.services["a"].build.as_ref().map(|build| build.context.clone());
    assert_eq!(context.as_deref(), Some("/srv/c"), "paths start at the first file's directory");
}

#[test]
fn env_files_fill_the_environment_and_the_service_goes_first() {
    let options = Options::from_text(
        "services: { a: { image: x, env_file: [a.env, { path: b.env, format: raw }, { path: c.env, required: false }], \
         environment: { A: own, HOST: , NONE: } } }",
    )
    .with_variable("HOST", "h")
    .with_text("a.env", "A=1\nB='two words' # note\nC=${A}-$HOST\n")
    .with_text("b.env", "D='$A'\n");
    let environment = &load(&options).services["a"].environment;
    let of = |name: &str| environment.get(name).cloned().flatten();
    assert_eq!(of("A").as_deref(), Some("own"));
    assert_eq!(of("B").as_deref(), Some("two words"));
    assert_eq!(of("C").as_deref(), Some("own-h"));
    assert_eq!(of("D").as_deref(), Some("'$A'"));
    assert_eq!(of("HOST").as_deref(), Some("h"));
    assert_eq!(environment.get("NONE"), Some(&None));
    let missing = Options::from_text("services: { a: { image: x, env_file: none.env } }");
    assert!(refused(&missing).contains("the env file /project/none.env does not exist"));
}

#[test]
fn published_port_zero_is_any_free_port() {
    let text = "services: { web: { image: x, ports: ['127.0.0.1:${WEB_PORT:-5002}:5002'] } }";
    let port = |options: &Options| load(options).services["web"].ports[0].clone();
    assert_eq!(port(&Options::from_text(text)).published, Some(5002.into()));
    let free = port(&Options::from_text(text).with_variable("WEB_PORT", "0"));
    assert_eq!((free.published, free.host_ip.as_deref()), (Some(0.into()), Some("127.0.0.1")));
}

#[test]
fn places_are_those_of_the_winning_values() {
    let options =
        Options::from_text("services:\n  web:\n    image: x\n    container_name: one\n    ports:\n      - '80:80'\n")
            .with_file("b.yaml", "services:\n  web:\n    container_name: two\n    ports: ['81:81']\n");
    let places = load(&options).places;
    let at = |path: &str| places.get(path).map(ToString::to_string).unwrap_or_default();
    assert_eq!(at("services.web.container_name"), "/project/b.yaml:3:21");
    assert_eq!(at("services.web.ports[0]"), "/project/compose.yaml:6:9");
    assert_eq!(at("services.web.ports[1]"), "/project/b.yaml:4:13");
    assert_eq!(at("services.web.scale"), at("services.web"));
}

#[test]
fn links_namespaces_and_volumes_of_others_are_dependencies() {
    let project = load(&Options::from_text(
        "services: { a: { image: x, links: ['b:alias'], network_mode: 'service:c', volumes_from: ['d:ro'] }, \
         b: { image: x }, c: { image: x }, d: { image: x } }",
    ));
    assert_eq!(project.services["a"].depends_on.keys().collect::<Vec<_>>(), ["b", "c", "d"]);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let error = Project::load(
        &Options::from_text(
            "services: { a: { imgae: x, ports: 80, depends_on: [z] }, b: { image: '${X:?}', networks: [n] } }",
        )
        .with_file("b.yaml", "servics: {}"),
    )
    .expect_err("the files must be refused");
    let messages: Vec<_> = error.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "unknown key `imgae` in `services.a`",
            "`services.a.ports` must be a list, not the number 80",
            "`a` depends on `z`, which is not a service",
            "the required variable `X` is not set, or empty",
            "`b` uses the network `n`, which is not declared",
            "unknown key `servics` at the top of the file",
        ]
    );
}

#[test]
fn commas_part_the_addresses_of_a_host_in_every_form() {
    let hosts = [
        "['db=10.0.0.1,[::1]']",
        "{ db: '10.0.0.1,[::1]' }",
        "{ db: ['10.0.0.1', '[::1]'] }",
        "['db:10.0.0.1', 'db=::1']",
    ];
    for form in hosts {
        let text = format!("services: {{ web: {{ image: nginx, extra_hosts: {form} }} }}");
        let project = Project::load(&Options::from_text(text)).unwrap().project;
        assert_eq!(project.services["web"].extra_hosts, ["db=10.0.0.1", "db=::1"], "{form}");
    }
}

#[test]
fn a_list_of_names_holds_names_as_a_map_does() {
    for form in ["['a b']", "{ a b: { condition: service_started } }"] {
        let text = format!("services: {{ web: {{ image: nginx, depends_on: {form} }} }}");
        let error = Project::load(&Options::from_text(text)).unwrap_err();
        assert_eq!(error.diagnostics[0].message, "`a b` cannot be a name in `services.web.depends_on`", "{form}");
    }
}

fn config(options: &Options, passes: Passes) -> String {
    Config::load(options, passes).unwrap_or_else(|error| panic!("{error}")).to_yaml()
}

#[test]
fn without_interpolation_lists_whose_entries_have_variables_stay_lists() {
    let options = Options::from_text(
        "services: { web: { image: x, labels: ['a.${N}.b=1', 'k=1'], environment: { A: 1 }, networks: ['${NET:-front}'],
                            depends_on: [db], sysctls: ['net.${X}=1'] }, db: { image: y, networks: [back] } }
networks: { back: }",
    )
    .with_file("more.yaml", "services: { web: { labels: { k: 2, z: 3 }, environment: ['A=2', 'B=${B}'] } }");
    let literal = Passes { interpolate: false, ..Passes::default() };
    let text = config(&options, literal);
    insta::assert_snapshot!(text, @r#"
    name: project
    networks:
      back:
        name: project_back
    services:
      db:
        image: "y"
        networks:
          back: null
      web:
        depends_on:
          db:
            condition: service_started
            required: true
        environment:
          - A=2
          - B=${B}
        image: x
        labels:
          - a.${N}.b=1
          - k=2
          - z=3
        networks:
          - ${NET:-front}
        sysctls:
          - net.${X}=1
    "#);
    let again = Options::from_text(&text);
    assert_eq!(config(&again, literal), text, "it can be read again");
}

#[test]
fn without_normalisation_what_has_no_name_prints_none() {
    let options = Options::from_text(
        "services: { a: { image: x, networks: [n], volumes: ['v:/v'] } }\nnetworks: { n: }\nvolumes: { v: }",
    );
    let text = config(&options, Passes { normalise: false, ..Passes::default() });
    assert!(!text.contains("name: \"\""), "{text}");
    assert_eq!(load(&Options::from_text(&text)).networks["n"].name, "project_n");
}

#[test]
fn paths_of_other_files_stay_relative_to_the_project() {
    let relative = Passes { resolve_paths: false, normalise: false, ..Passes::default() };
    let base = "services: { w: { build: ./ctx, volumes: ['./d:/d', '../e:/e', '/abs:/f', '~/g:/g'] } }";
    let files = |text: &str| {
        Options::in_directory("/srv/app")
            .with_file("/srv/app/compose.yaml", text)
            .with_text("/srv/app/base/b.yaml", base)
    };
    let extended = config(&files("services: { web: { extends: { file: base/b.yaml, service: w } } }"), relative);
    let included = config(&files("include: [base/b.yaml]"), relative);
    for text in [extended, included] {
        for path in ["context: base/ctx", "source: base/d", "source: e", "source: /abs", "source: ~/g"] {
            assert!(text.contains(&format!("{path}\n")), "{path}: {text}");
        }
    }
}

#[test]
fn a_wrong_env_file_makes_no_variable_seem_unset() {
    let options = Options::in_directory("/srv/app")
        .with_file("/srv/app/compose.yaml", "services: { a: { image: 'x:${TAG}', command: '${CMD:?no command}' } }")
        .with_text("/srv/app/.env", "TAG=1\nbad name=2\nCMD=run\n");
    let error = Project::load(&options).expect_err("the env file is wrong");
    assert_eq!(error.warnings, []);
    let messages: Vec<_> = error.diagnostics.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(messages, ["a variable's name cannot hold a space"]);
}

#[test]
fn an_env_file_without_a_name_is_said_to_be_one() {
    let refused = refused(&Options::from_text("services: { a: { image: x, env_file: '${NONE}' } }"));
    assert!(refused.contains("`services.a.env_file[0]` is empty"), "{refused}");
}

#[test]
fn a_request_for_devices_without_capabilities_can_be_read_again() {
    let devices = "deploy: { resources: { reservations: { devices: [{ capabilities: [], count: all }] } } }";
    let options = Options::from_text(format!("services: {{ a: {{ image: x, {devices} }} }}"));
    let text = config(&options, Passes::default());
    assert!(text.contains("capabilities: []"), "{text}");
    assert_eq!(config(&Options::from_text(&text), Passes::default()), text);
}

#[test]
fn a_label_of_selinux_stays_with_a_volume() {
    let options = Options::from_text("services: { a: { image: x, volumes: ['data:/data:Z'] } }\nvolumes: { data: }");
    let text = config(&options, Passes { normalise: false, ..Passes::default() });
    assert!(text.contains("bind:\n          selinux: Z\n") || text.contains("selinux: Z"), "{text}");
    assert!(!text.contains("create_host_path"), "{text}");
    assert_eq!(config(&Options::from_text(&text), Passes { normalise: false, ..Passes::default() }), text);
}

#[test]
fn what_is_no_file_is_said_to_be_what_it_is() {
    let directory = tempfile::tempdir().expect("there is room");
    for (path, why) in
        [("/dev/zero", "it is a device"), ("/dev", "it is a directory"), ("/gone", "there is no such file")]
    {
        for text in
            [format!("include: [{path}]"), format!("services: {{ a: {{ extends: {{ file: {path}, service: b }} }} }}")]
        {
            std::fs::write(directory.path().join("compose.yaml"), text).expect("there is room");
            let options = Options { working_dir: directory.path().to_owned(), ..Options::default() };
            let refused = refused(&options);
            assert!(refused.contains(&format!("cannot read {path}: {why}")), "{refused}");
        }
    }
}
