//! Manual pages, as packages make them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::sandbox::Outcome;

/// The pages for a day, by their files' names.
fn pages(directory: &Path) -> BTreeMap<String, String> {
    let mut man = Command::new(env!("CARGO_BIN_EXE_wharf"));
    man.args(["man", "--to"]).arg(directory.join("man1")).env("SOURCE_DATE_EPOCH", "1700000000");
    let outcome = Outcome::of(man.output().unwrap());
    assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "", ""));
    let files = std::fs::read_dir(directory.join("man1")).unwrap().map(Result::unwrap);
    let name = |file: &std::fs::DirEntry| file.file_name().into_string().unwrap();
    files.map(|file| (name(&file), std::fs::read_to_string(file.path()).unwrap())).collect()
}

#[test]
fn every_verb_has_a_page_with_examples() {
    let directory = tempfile::tempdir().unwrap();
    let pages = pages(directory.path());
    let of_command = &pages["wharf.1"];
    assert!(of_command.contains(".SS \"Start and stop\""), "{of_command}");
    assert!(pages.len() > 40, "{}", pages.len());
    for (name, text) in &pages {
        let verb = name.trim_end_matches(".1");
        assert!(text.contains(&format!(".TH {} 1 2023-11-14 ", verb.to_uppercase())), "{text}");
        assert!(text.contains(".SH SYNOPSIS") && text.contains(".SH OPTIONS"), "{name}");
        let listed = of_command.contains(&format!("\\fB{}\\fR(1)", verb.replace('-', "\\-")));
        assert_eq!(listed, verb.matches('-').count() == 1, "{name} in wharf.1");
        assert_eq!(text.contains(".SH EXAMPLES"), verb != "wharf", "{name}");
    }
    assert!(pages["wharf-up.1"].contains("\\fBwharf up \\-d \\-\\-wait\\fR"), "{}", pages["wharf-up.1"]);
    assert!(!pages["wharf-exporter.1"].contains("dry"), "{}", pages["wharf-exporter.1"]);
}

#[test]
fn the_pages_are_rendered_without_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let pages = pages(directory.path());
    for (program, args) in [("mandoc", &["-T", "lint", "-W", "warning"][..]), ("man", &["--warnings", "-l"])] {
        let there = Command::new(program).arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if there.is_err() {
            let text = format!("NOT TESTED: {program} is not installed (apt-get install mandoc man-db)\n");
            std::io::stderr().write_all(text.as_bytes()).unwrap();
            continue;
        }
        for name in pages.keys() {
            let mut render = Command::new(program);
            render
                .args(args)
                .arg(directory.path().join("man1").join(name))
                .env("LC_ALL", "C.UTF-8")
                .env("MANPAGER", "cat");
            let outcome = Outcome::of(render.output().unwrap());
            let shown = if program == "mandoc" { &outcome.stdout } else { "" };
            assert_eq!((shown, outcome.stderr.as_str()), ("", ""), "{program}: {name}");
        }
    }
}
