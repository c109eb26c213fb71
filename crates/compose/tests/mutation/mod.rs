//! Inputs that no author means, and what must hold for each of them.

use wharf_compose::{Config, Options, Passes};

/// Files that use most of the specification.
const SEEDS: [&str; 5] = [
    r#"
name: demo
x-common: &common
  restart: unless-stopped
  logging: { driver: json-file, options: { max-size: "10m", max-file: 3 } }
services:
  web:
    <<: *common
    image: "nginx:${TAG:-1}"
    build: { context: ./web, args: [A=1, B], ssh: [default], secrets: [token], additional_contexts: { base: service:db } }
    command: sh -c "echo $$HOME && sleep 1"
    ports: ["8080:80", "127.0.0.1:9000-9002:9000-9002/udp", { target: 443, published: "8443", mode: host }]
    environment: [A=1, B, "C=${X:-y}"]
    volumes: ["data:/data:ro", "./src:/src", { type: tmpfs, target: /tmp, tmpfs: { size: 64m, mode: 0755 } }]
    depends_on: { db: { condition: service_healthy, restart: true } }
    networks: { front: { aliases: [www], ipv4_address: 10.0.0.2 }, default: null }
    healthcheck: { test: curl -f localhost, interval: 1m30s, retries: 3 }
    deploy: { replicas: 2, resources: { limits: { cpus: "0.5", memory: 128M }, reservations: { devices: [{ capabilities: [gpu], count: all }] } } }
    ulimits: { nofile: { soft: 1024, hard: 2048 }, nproc: 100 }
    secrets: [token, { source: token, target: /t, mode: 0440 }]
    configs: [site]
    extra_hosts: { a: 127.0.0.1, b: ["::1", "10.0.0.1"] }
    labels: { a.b: yes, n: 0755, e: }
    profiles: [p]
  db:
    build: ./db
    env_file: [{ path: db.env, required: false }]
    tmpfs: /run
    cap_drop: [ALL]
    blkio_config: { weight: 300, device_read_bps: [{ path: /dev/sda, rate: 12mb }] }
networks: { front: { ipam: { config: [{ subnet: 10.0.0.0/24 }] } } }
volumes: { data: { driver_opts: { o: bind, n: 1 } } }
secrets: { token: { environment: TOKEN } }
configs: { site: { content: "a\nb: ${TAG:-x}\n" } }
"#,
    r#"
include:
  - path: [other.yaml, more.yaml]
    project_directory: .
services:
  a:
    extends: { file: other.yaml, service: base }
    ports: !override ["1:1"]
    environment: !reset null
  b:
    extends: a
    network_mode: service:a
    links: ["a:alias"]
    volumes_from: [a:ro]
"#,
    "services:\n  a: &a { image: x, command: [\"${A:?m}\", '$$'] }\n  b: *a\n---\nservices: { a: { image: y, entrypoint: '' } }\n",
    "services:\n  llm: { provider: { type: model, options: { n: 1, l: [a, 2] } }, models: { m: { endpoint_var: U } } }\nmodels: { m: { model: ai/x, context_size: 1024 } }\n",
    "services:\n  a:\n    image: x\n    develop: { watch: [{ path: ., action: sync, target: /x, ignore: y }] }\n    post_start: [{ command: [a] }]\n    gpus: all\n    devices: [/dev/a, \"/dev/b:/dev/c:r\"]\n    sysctls: [a=1]\n    stop_grace_period: 1d\n    cpus: 1.5\n    mem_limit: 1.5g\n    annotations: { k: v }\n    x-own: { y: [1, 2.5, true] }\n",
];

/// Pieces that mean something to a reader.
const PIECES: [&str; 48] = [
    ":",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "\n    ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "<<: *a",
    "!reset ",
    "!override ",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "#",
    "$",
    "${",
    "}",
    "${A:-",
    "${A:?}",
    "$$",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "\t",
    "\u{feff}",
    "\u{0}",
    "é",
    "🚢",
    "null",
    "~",
    "yes",
    "0755",
    "1e3",
    ".inf",
    "99999999999999999999",
    "-1",
    "services:",
    "image: x",
    "extends: a",
    "include: [compose.yaml]",
    "ports: [1-29999]",
    "? ",
];

/// The files, unmutated.
#[allow(dead_code, reason = "only the tests look at them")]
pub(crate) fn seeds() -> impl Iterator<Item = &'static str> {
    SEEDS.into_iter()
}

/// A mutated seed; the same numbers make the same text.
pub(crate) fn mutated(numbers: &[u64]) -> String {
    let mut numbers = numbers.iter().copied();
    let mut next =
        |below: usize| numbers.next().map_or(0, |number| usize::try_from(number % below.max(1) as u64).unwrap_or(0));
    let mut text: Vec<char> = SEEDS[next(SEEDS.len())].chars().collect();
    for _ in 0..=next(6) {
        let at = next(text.len() + 1);
        let len = next(12).min(text.len() - at);
        match next(6) {
            0 => drop(text.drain(at..at + len)),
            1 | 2 => {
                let piece: Vec<_> = PIECES[next(PIECES.len())].chars().collect();
                text.splice(at..at, piece);
            }
            3 => {
                let piece: Vec<_> = PIECES[next(PIECES.len())].chars().collect();
                text.splice(at..at + len, piece);
            }
            4 => {
                let from = next(text.len());
                let copy = text[from..(from + 4 * len).min(text.len())].to_vec();
                text.splice(at..at, copy);
            }
            _ => {
                if at < text.len() {
                    text[at] = char::from_u32(u32::try_from(next(0x250)).unwrap_or(0)).unwrap_or('?');
                }
            }
        }
    }
    text.into_iter().collect()
}

/// A project of the text, with the files that it names.
pub(crate) fn options(text: &str) -> Options {
    Options::from_text(text)
        .with_text("other.yaml", "services: { base: { image: x, volumes: ['.:/x'], environment: { E: 1 } } }\n")
        .with_text("more.yaml", if text.contains("more.yaml") { "volumes: { more: {} }\n" } else { text })
        .with_text("db.env", env_file(text))
        .with_variable("TOKEN", "secret")
        .with_variable("A", "1")
        .with_profile("*")
}

/// The text as an env file: the lines that such a file may have.
fn env_file(text: &str) -> String {
    let lines = text.lines().filter(|line| line.starts_with(char::is_alphabetic));
    lines.map(|line| format!("{}\n", line.replacen(':', "=", 1))).collect()
}

/// Loads the text, with its variables filled in and as they are written. What can be loaded has a canonical form, and
/// that form is a fixed point: `config` of it is itself, as JSON and as YAML.
pub(crate) fn check(text: &str) {
    let as_written = Passes { interpolate: false, ..Passes::default() };
    let unfilled = Config::load(&options(text), as_written);
    match Config::load(&options(text), Passes::default()) {
        Ok(config) => {
            is_fixed_point(&config, Passes::default());
            // What does not fit together is refused only with its variables filled in.
            unfilled.iter().for_each(|config| is_fixed_point(config, as_written));
        }
        Err(error) => {
            assert!(!error.diagnostics.is_empty());
            assert!(!error.to_string().is_empty());
        }
    }
}

fn is_fixed_point(config: &Config, passes: Passes) {
    for form in [config.to_json(), config.to_yaml()] {
        let again = Config::load(&Options::from_text(form.clone()).with_profile("*"), passes);
        let again = again.unwrap_or_else(|error| panic!("the canonical form is refused: {error}\n{form:.4000}"));
        assert_eq!(config.value, again.value, "the canonical form is not a fixed point:\n{form:.4000}");
    }
}
