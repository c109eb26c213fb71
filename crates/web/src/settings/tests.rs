use std::collections::HashMap;

use super::*;

/// The settings with these flags and these secret variables.
fn settings(flags: &[&str], variables: &[(&str, &str)]) -> Result<Settings, String> {
    let cli = Cli::try_parse_from(["wharf-web"].iter().chain(flags)).map_err(|error| error.to_string())?;
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned()).ok_or(VarError::NotPresent);
    Settings::new(cli.options, lookup).map_err(|error| error.to_string())
}

/// Where Redis and Postgres are.
fn servers(settings: Result<Settings, String>) -> (Redis, Option<Database>) {
    match settings.unwrap().store {
        Store::Servers { redis, database } => (redis, database),
        Store::Sqlite(path) => panic!("{}", path.display()),
    }
}

fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, text).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}

#[test]
fn without_settings_redis_is_on_this_machine_and_no_history_is_kept() {
    let settings = settings(&[], &[]).unwrap();
    assert_eq!(settings.listen.to_string(), "0.0.0.0:5002");
    assert!(!settings.replica.is_empty());
    let (redis, database) = servers(Ok(settings));
    assert_eq!((redis.host.as_str(), redis.port), ("localhost", 6379));
    assert!(redis.password.is_none());
    assert!(database.is_none());
}

#[test]
fn one_thread_answers_unless_more_are_asked_for() {
    assert_eq!(settings(&[], &[]).unwrap().worker_threads, 1);
    assert_eq!(settings(&["--worker-threads=4"], &[]).unwrap().worker_threads, 4);
    let error = settings(&["--worker-threads=0"], &[]).unwrap_err();
    assert!(error.contains("0 is not in 1..=1024"), "{error}");
}

#[test]
fn a_database_is_set_by_its_url_or_by_its_parts() {
    let (_, by_url) = servers(settings(&[], &[("DATABASE_URL", "postgres://ann@db:5433/visits")]));
    let flags = ["--database-host=db", "--database-port=5433", "--database-user=ann", "--database-name=visits"];
    let (_, by_parts) = servers(settings(&flags, &[]));
    for Database(options) in [by_url.unwrap(), by_parts.unwrap()] {
        assert_eq!((options.get_host(), options.get_port()), ("db", 5433));
        assert_eq!((options.get_username(), options.get_database()), ("ann", Some("visits")));
    }
}

#[test]
fn a_file_takes_the_place_of_servers() {
    let Store::Sqlite(path) = settings(&["--store=sqlite:visits.db"], &[]).unwrap().store else { panic!("no file") };
    assert_eq!(path, std::path::Path::new("visits.db"));
    for server in ["--redis-host=redis", "--database-host=db"] {
        let error = settings(&["--store=sqlite:visits.db", server], &[]).unwrap_err();
        assert!(error.contains("STORE is set, too"), "{error}");
    }
}

#[test]
fn the_url_and_the_parts_exclude_each_other() {
    let error = settings(&["--database-user=ann"], &[("DATABASE_URL", "postgres://db/visits")]).unwrap_err();
    assert_eq!(error, "DATABASE_USER: DATABASE_URL has this, too; set one of them");
}

#[test]
fn a_secret_comes_from_its_variable_or_from_a_file() {
    let (_folder, path) = file("hunter2\n");
    let by_file = settings(&[&format!("--redis-password-file={path}")], &[]);
    let by_variable = settings(&[], &[("REDIS_PASSWORD", "hunter2")]);
    for settings in [by_file, by_variable] {
        assert_eq!(servers(settings).0.password.unwrap().expose(), "hunter2");
    }
    let both = settings(&[&format!("--redis-password-file={path}")], &[("REDIS_PASSWORD", "hunter2")]);
    assert_eq!(both.unwrap_err(), "REDIS_PASSWORD: REDIS_PASSWORD_FILE is set, too; set one of them");
}

#[test]
fn a_secret_file_that_is_missing_or_empty_is_named() {
    let missing = settings(&["--redis-password-file=/nowhere"], &[]).unwrap_err();
    assert!(missing.starts_with("REDIS_PASSWORD_FILE: cannot read /nowhere: "), "{missing}");
    let (_folder, path) = file("\n");
    let empty = settings(&[&format!("--database-url-file={path}")], &[]).unwrap_err();
    assert_eq!(empty, format!("DATABASE_URL_FILE: {path} is empty"));
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let (redis, database) =
        servers(settings(&["--store=", "--redis-password-file=", "--database-host="], &[("DATABASE_URL", "")]));
    assert!(redis.password.is_none());
    assert!(database.is_none());
}

#[test]
fn no_secret_is_shown_by_debug_output_or_by_errors() {
    let url = "postgres://ann:hunter2@db/visits";
    let good = settings(&[], &[("DATABASE_URL", url), ("REDIS_PASSWORD", "hunter2")]).unwrap();
    assert!(!format!("{good:?}").contains("hunter2"), "{good:?}");

    let wrong = [
        settings(&["--redis-host=redis://:hunter2@redis"], &[]),
        settings(&["--database-host=postgres://ann:hunter2@db"], &[]),
        settings(&[], &[("DATABASE_URL", "mysql://ann:hunter2@db/visits")]),
        settings(&[], &[("DATABASE_URL", "postgres://ann:hunter2@db:port/visits")]),
        settings(&[], &[("DATABASE_URL", "postgres://db/visits?sslmode=hunter2")]),
    ];
    for error in wrong.map(Result::unwrap_err) {
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}

#[test]
fn a_wrong_value_is_named_in_the_first_line() {
    let cases = [
        ("--redis-port=abc", "--redis-port <REDIS_PORT>"),
        ("--redis-port=0", "REDIS_PORT: a port is a number from 1 to 65535"),
        ("--listen=nowhere", "--listen <LISTEN_ADDR>"),
        ("--flush-interval=soon", "--flush-interval <FLUSH_INTERVAL>"),
        ("--log-format=xml", "--log-format <LOG_FORMAT>"),
    ];
    for (flag, named) in cases {
        let error = settings(&[flag], &[]).unwrap_err();
        assert!(error.lines().next().unwrap().contains(named), "{error}");
    }
}

#[test]
fn a_duration_has_a_unit_and_a_limit() {
    assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
    for wrong in ["", "2", "s", "0s", "3601s", "2m", "-1s", "1.5s", "99999999999999999999s", "2 s", "é"] {
        assert!(duration(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn help_names_every_way_to_set_something() {
    let help = <Cli as clap::CommandFactory>::command().render_long_help().to_string();
    for name in [
        "LISTEN_ADDR",
        "STORE",
        "REDIS_HOST",
        "REDIS_PASSWORD_FILE",
        "DATABASE_URL_FILE",
        "DATABASE_PASSWORD",
        "WHARF_LOG",
    ] {
        assert!(help.contains(name), "{name} in {help}");
    }
}

#[test]
fn proxies_are_trusted_by_their_networks() {
    let trusted = |flag: &str| settings(&[flag], &[]).map(|settings| settings.trusted_proxies);
    assert_eq!(settings(&[], &[]).unwrap().trusted_proxies, TrustedProxies::default());
    assert_eq!(trusted("--trusted-proxies=10.0.0.0/8, fd00::/8").unwrap(), "10.0.0.0/8,fd00::/8".parse().unwrap());
    let error = trusted("--trusted-proxies=nginx").unwrap_err();
    assert!(error.contains("write networks or addresses separated by commas"), "{error}");
}
