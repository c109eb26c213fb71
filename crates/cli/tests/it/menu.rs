//! The menu of `up`: keys on a terminal, the line at its bottom, and a terminal that is left as it was.

use super::sandbox::Sandbox;
use super::terminal::Terminal;

const PAGES: &str = "\
services:
  web:
    image: IMAGE
    command: sh -c 'trap \"exit 0\" TERM; i=0; while :; do echo tick $$((i+=1)); sleep 0.2; done'
    develop: { watch: [{ path: pages, action: sync, target: /srv/pages }] }
";

/// The modes of a terminal that echoes and waits for Enter, as `stty -a` says it.
const AS_BEFORE: &str = " icanon";

fn pages() -> Sandbox {
    let sandbox = Sandbox::new(PAGES);
    std::fs::create_dir(sandbox.path().join("pages")).unwrap();
    sandbox
}

#[test]
fn w_watches_and_d_leaves_the_containers_running() {
    let sandbox = pages();
    let mut terminal = Terminal::shell(&sandbox, "up");
    terminal.expect("tick 1");
    terminal.expect("w watch files   d detach   ? help");
    terminal.press("?");
    terminal.expect("leave the containers running");
    terminal.press("w");
    terminal.expect("Watching the files of web");
    terminal.expect("w stop watching");
    sandbox.write("pages/a", "from the page");
    terminal.expect("Synced");
    assert_eq!(sandbox.ok(&["exec", "-T", "web", "cat", "/srv/pages/a"]), "from the page");
    terminal.press("w");
    terminal.expect("Watching no more");
    terminal.expect("w watch files");
    terminal.press("xyz");
    // Lines go on above the menu's.
    let shown = terminal.expect("tick") + &terminal.expect("d detach");
    assert!(!shown.contains("xyz"), "{shown:?}");
    terminal.press("d");
    terminal.expect("Detached; the containers keep running");
    terminal.expect("code 0");
    terminal.expect(AS_BEFORE);
    terminal.expect(" echo ");
    assert_eq!(sandbox.ok(&["ps", "-q"]).lines().count(), 1);
}

#[test]
fn ctrl_c_stops_the_containers_and_gives_the_terminal_back() {
    for args in ["up", "up --watch"] {
        let sandbox = pages();
        let mut terminal = Terminal::shell(&sandbox, args);
        terminal.expect("d detach");
        terminal.press("\x03");
        terminal.expect("Gracefully stopping");
        terminal.expect("code 130");
        terminal.expect(AS_BEFORE);
        terminal.expect(" echo ");
        assert_eq!(sandbox.ok(&["ps", "-q"]), "");
    }
}

#[test]
fn w_without_anything_to_watch_says_what_to_add() {
    let sandbox = Sandbox::new("services:\n  box: {image: IMAGE, init: true, command: sleep 600}\n");
    let mut terminal = Terminal::shell(&sandbox, "up");
    terminal.expect("d detach");
    terminal.press("w");
    terminal.expect("says what to watch");
    terminal.expect("action: sync");
    terminal.press("d");
    terminal.expect("code 0");
}

#[test]
fn there_is_no_menu_where_it_is_not_wanted() {
    for args in ["up --menu=false", "--ansi never up"] {
        let sandbox = pages();
        let mut terminal = Terminal::shell(&sandbox, args);
        let shown = terminal.expect("tick 3");
        assert!(!shown.contains("d detach"), "{shown:?}");
        terminal.press("\x03");
        terminal.expect("code 130");
    }
}
