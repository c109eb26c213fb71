use wharf_compose::{Options, Project};

use super::*;

/// The rules of a project in `/srv/shop`, which need not exist.
fn rules(services: &str) -> Rules {
    let options = Options::in_directory("/srv/shop").with_file("compose.yaml", format!("services:\n{services}"));
    let project = Project::load(&options).unwrap().project;
    Rules::read(&project, &[]).unwrap().0
}

fn paths(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| Path::new("/srv/shop").join(name)).collect()
}

/// The jobs for changed files as text: what is done for each service.
fn jobs(rules: &Rules, changed: &[&str]) -> Vec<String> {
    let line = |job: Job| {
        let files: Vec<String> = job.files.keys().map(|target| target.display().to_string()).collect();
        let flags = [("rebuild", job.rebuild), ("restart", job.restart), ("exec", !job.exec.is_empty())];
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name.to_owned());
        let words: Vec<String> = [job.service].into_iter().chain(flags).chain(files).collect();
        words.join(" ")
    };
    rules.jobs(&paths(changed)).into_iter().map(line).collect()
}

#[test]
fn each_action_asks_for_what_it_is_named_after() {
    let rules = rules(
        "
  web:
    build: .
    develop:
      watch:
        - {path: pages, action: sync, target: /www}
        - {path: conf, action: sync+restart, target: /etc/web/}
        - {path: more, action: sync+exec, target: /more, exec: {command: reload}}
        - {path: package.json, action: rebuild}
        - {path: .env, action: restart}
  api: {image: x, develop: {watch: [{path: pages, action: sync, target: /pages}]}}
",
    );
    assert_eq!(
        jobs(&rules, &["pages/a.html", "pages/deep/b"]),
        ["api /pages/a.html /pages/deep/b", "web /www/a.html /www/deep/b"]
    );
    assert_eq!(jobs(&rules, &["conf/web.conf"]), ["web restart /etc/web/web.conf"]);
    assert_eq!(jobs(&rules, &["more/a"]), ["web exec /more/a"]);
    assert_eq!(jobs(&rules, &["package.json", ".env"]), ["web rebuild restart"]);
    assert_eq!(jobs(&rules, &["other", "pagesx", "package.json.bak"]), [""; 0]);
}

#[test]
fn a_file_that_is_watched_alone_is_copied_to_the_target_itself() {
    let rules = rules("  web: {image: x, develop: {watch: [{path: a.conf, action: sync, target: /etc/b.conf}]}}\n");
    assert_eq!(jobs(&rules, &["a.conf"]), ["web /etc/b.conf"]);
}

#[test]
fn patterns_are_relative_to_the_path_and_include_comes_before_ignore() {
    let rules = rules(
        "
  web:
    image: x
    develop:
      watch:
        - path: src
          action: sync
          target: /app
          include: ['**/*.js', css]
          ignore: [node_modules/, '**/*.test.js', '!keep.test.js']
",
    );
    let kept = ["src/a.js", "src/deep/b.js", "src/css/c.css", "src/keep.test.js"];
    for path in kept {
        assert_eq!(jobs(&rules, &[path]).len(), 1, "{path}");
    }
    for path in ["src/a.ts", "src/node_modules/a.js", "src/deep/b.test.js", "src/css", "a.js"] {
        assert_eq!(jobs(&rules, &[path]).len(), usize::from(path == "src/css"), "{path}");
    }
}

#[test]
fn what_editors_and_git_leave_is_never_copied() {
    let rules = rules("  web: {image: x, develop: {watch: [{path: ., action: sync, target: /app}]}}\n");
    for path in [".git/index", "a/.git/HEAD", "a.txt~", ".a.txt.swp", "4913", ".#a", "#a#", ".idea/x", "a___jb_tmp___"]
    {
        assert_eq!(jobs(&rules, &[path]), [""; 0], "{path}");
    }
    assert_eq!(jobs(&rules, &[".gitignore", "a.swp"]), ["web /app/.gitignore /app/a.swp"]);
}

#[test]
fn directories_that_no_rule_reaches_are_not_watched() {
    let rules = rules(
        "
  web:
    image: x
    develop:
      watch:
        - {path: ., action: sync, target: /app, ignore: [node_modules/, out, '!out/keep']}
        - {path: lib/node_modules/own, action: sync, target: /own}
",
    );
    let reached = |name: &str| rules.reach_below(&Path::new("/srv/shop").join(name));
    assert_eq!(["", "src", "out", "out/keep", "lib/node_modules/own"].map(reached), [true; 5]);
    assert_eq!(["node_modules", "node_modules/a", ".git", "out/other"].map(reached), [false; 4]);
    assert!(!rules.reach_below(Path::new("/srv")));
}

#[test]
fn what_cannot_be_carried_out_is_refused_with_its_place() {
    let refused = |service: &str| {
        let options = Options::from_text(format!("services:\n  web:\n    {service}\n"));
        let project = Project::load(&options).unwrap().project;
        let Err(Error::Refused(problems)) = Rules::read(&project, &[]) else { panic!("it is accepted: {service}") };
        let problem = &problems[0];
        let line = problem.place.as_ref().map_or(0, |place| place.line);
        format!("{line}: {}; {}", problem.message, problem.help.as_deref().unwrap_or_default())
    };
    let all = [
        "image: x",
        "{image: x, develop: {watch: [{path: a, action: rebuild}]}}",
        "{image: x, develop: {watch: [{path: a, action: sync+exec, target: /a}]}}",
        "{image: x, develop: {watch: [{path: a, action: restart, ignore: ['a[']}]}}",
    ];
    insta::assert_snapshot!(all.map(refused).join("\n"), @r"
    0: no service of the project project says what to watch; add `develop: { watch: [{ path: ./src, action: sync, target: /app/src }] }` to a service
    3: service web: `rebuild` needs a `build`, and the service has none; add `build`, or watch with `sync`, `sync+restart` or `restart`
    3: service web: `sync+exec` needs a command; for example `exec: { command: nginx -s reload }`
    3: service web: `ignore`: error parsing glob 'a[': unclosed character class; missing ']'; patterns are written as in .dockerignore
    ");
}

#[test]
fn files_that_a_bind_mount_shows_are_not_copied_again() {
    let text = "
services:
  web:
    image: x
    volumes: ['./src:/app/src', './conf:/etc/web']
    develop:
      watch:
        - {path: src/pages, action: sync, target: /app/src/pages/}
        - {path: conf, action: sync+restart, target: /etc/web}
        - {path: conf, action: sync, target: /elsewhere}
";
    let options = Options::in_directory("/srv/shop").with_file("compose.yaml", text);
    let project = Project::load(&options).unwrap().project;
    let (rules, warnings) = Rules::read(&project, &[]).unwrap();
    assert_eq!(jobs(&rules, &["src/pages/a", "conf/b"]), ["web restart /elsewhere/b"]);
    let warnings: Vec<&str> = warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(
        warnings,
        [
            "service web: a bind mount has /srv/shop/src/pages in the container already; it is not watched",
            "service web: a bind mount has /srv/shop/conf in the container already; nothing is copied",
        ]
    );
}

#[test]
fn an_ignore_file_of_the_build_counts_unless_it_chooses_what_is_sent() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let text = "services:\n  web: {build: ., develop: {watch: [{path: src, action: sync, target: /app}]}}\n";
    let options = Options::in_directory(&root).with_file("compose.yaml", text);
    let project = Project::load(&options).unwrap().project;
    std::fs::write(root.join("web.Dockerfile"), "FROM x\n").unwrap();
    std::os::unix::fs::symlink("web.Dockerfile", root.join("Dockerfile")).unwrap();
    let is_watched = |name: &str, rules: &str| {
        std::fs::write(root.join(name), rules).unwrap();
        let is_watched = Rules::read(&project, &[]).unwrap().0.concern(&root.join("src/a.log"));
        std::fs::remove_file(root.join(name)).unwrap();
        is_watched
    };
    assert!(!is_watched(".dockerignore", "**/*.log\n"));
    assert!(!is_watched("web.Dockerfile.dockerignore", "src/*.log\n"));
    assert!(is_watched(".dockerignore", "*.log\n"), "that is about the folder itself");
    assert!(is_watched(".dockerignore", "*\n!Dockerfile\n"));
}

/// Every path below a directory that is not watched leads to nothing, whatever the patterns are.
#[test]
fn nothing_is_lost_in_directories_that_are_not_watched() {
    const PARTS: [&str; 4] = ["a", "b", "node_modules", "x.js"];
    const PATTERNS: [&str; 9] = ["a", "**/b", "!a/b", "*", "!**/x.js", "a/*", "node_modules/", "!node_modules/a", "**"];
    // A small generator of its own, so that a failure is the same every time.
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..2000 {
        let ignore: Vec<&str> = (0..next(4)).map(|_| PATTERNS[next(PATTERNS.len())]).collect();
        let rule = Rule {
            service: "web".into(),
            index: 0,
            path: "/srv".into(),
            target: "/app".into(),
            rebuild: false,
            copy: true,
            restart: false,
            exec: None,
            include: None,
            ignore: vec![("/srv".into(), Arc::new(Patterns::read(ignore.iter().copied()).unwrap()))],
            initial_sync: false,
        };
        let rules = Rules(vec![rule]);
        let mut path = PathBuf::from("/srv");
        let mut is_reached = rules.reach_below(&path);
        for _ in 0..=next(4) {
            path.push(PARTS[next(PARTS.len())]);
            assert!(is_reached || !rules.concern(&path), "{ignore:?}: {}", path.display());
            is_reached &= rules.reach_below(&path);
        }
    }
}
