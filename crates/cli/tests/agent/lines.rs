//! All kinds of lines.

use wharf_testkit::eventually;

use crate::scene::{DEADLINE, Mode, Scene};

const SCRIPT: &str = r#"printf 'plain\n'; printf '\n'; printf 'windows\r\n'; printf 'bad \377 byte\n'; printf '{"a": "\\"q\\" \\t"}\n'
head -c 40000 /dev/zero | tr '\0' l; printf ' end\n'; head -c 300000 /dev/zero | tr '\0' m; printf '\n'; printf 'without a break'"#;

fn check(texts: &[String]) {
    let short: Vec<&str> = texts.iter().filter(|text| text.len() < 100).map(String::as_str).collect();
    assert_eq!(short, ["plain", "", "windows", "bad \u{fffd} byte", r#"{"a": "\"q\" \t"}"#, "without a break"]);
    assert_eq!(texts[5], format!("{} end", "l".repeat(40_000)));
    assert!(texts[6].len() <= 256 * 1024 && texts[6].ends_with("bytes more]"), "{}", texts[6].len());
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_every_kind_are_the_same_from_files_and_from_the_engine() {
    for mode in [Mode::Files, Mode::Engine] {
        let scene = Scene::new(mode).await;
        let _agent = scene.agent(&[]);
        scene.run("app", &[], SCRIPT);
        scene.delivered(8).await;
        check(&scene.texts(&scene.loki.received(), "app", "stdout"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminals_lines_are_read_both_ways() {
    for mode in [Mode::Files, Mode::Engine] {
        let scene = Scene::new(mode).await;
        let _agent = scene.agent(&[]);
        scene.run("app", &["--tty"], "echo one; echo two >&2; head -c 40000 /dev/zero | tr '\\0' l; echo; echo end");
        scene.delivered(4).await;
        let texts = scene.texts(&scene.loki.received(), "app", "stdout");
        assert_eq!([texts[0].as_str(), &texts[1], &texts[3]], ["one", "two", "end"]);
        assert_eq!(texts[2], "l".repeat(40_000));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_logging_driver_is_read_through_the_engine() {
    let scene = Scene::new(Mode::Engine).await;
    let _agent = scene.agent(&[]);
    scene.run("app", &["--log-driver", "local"], "printf 'bad \\377 byte\\n'; echo problem >&2");
    scene.delivered(2).await;
    let lines = scene.loki.received();
    assert_eq!(scene.texts(&lines, "app", "stdout"), ["bad \u{fffd} byte"]);
    assert_eq!(scene.texts(&lines, "app", "stderr"), ["problem"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_not_on_disk_is_said_to_be_left_out() {
    let scene = Scene::new(Mode::Files).await;
    if std::env::var_os("WHARF_TEST_DOCKER_HOST").is_some() {
        println!("skipped: another engine's containers are read through it");
        return;
    }
    let _agent = scene.agent(&[]);
    scene.run("app", &["--log-driver", "local"], "echo one");
    eventually("the log says so", DEADLINE, async || {
        let log = scene.log();
        let said = log.lines().any(|line| line.contains("not read") && line.contains("local"));
        if said { Ok(()) } else { Err(log) }
    })
    .await
    .unwrap();
}
