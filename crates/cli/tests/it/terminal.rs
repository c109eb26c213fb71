//! Through a pseudo-terminal, as a person sits before it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::sandbox::Sandbox;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command on a terminal of its own.
pub(super) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    pub(crate) fn run(sandbox: &Sandbox, args: &[&str]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wharf"));
        command.args(["-p", &sandbox.project]);
        command.args(args);
        Self::begin(sandbox.path(), command)
    }

    /// A shell that runs wharf, and then says its exit code and how the terminal is.
    pub(crate) fn shell(sandbox: &Sandbox, args: &str) -> Self {
        let mut command = CommandBuilder::new("sh");
        let wharf = env!("CARGO_BIN_EXE_wharf");
        command.args(["-c", &format!("trap : INT; {wharf} -p {} {args}; echo code $?; stty -a", sandbox.project)]);
        Self::begin(sandbox.path(), command)
    }

    pub(super) fn begin(directory: &Path, mut command: CommandBuilder) -> Self {
        let size = PtySize { rows: 24, cols: 80, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).unwrap();
        command.cwd(directory);
        command.env("TERM", "xterm");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        Terminal { master: pair.master, child, keyboard, screen, seen: String::new() }
    }

    /// Waits until the screen has shown `text` since the last time something was waited for.
    pub(super) fn expect(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{text:?} was not shown; the screen has:\n{}", self.seen),
            }
        }
    }

    pub(super) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    fn exit_code(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            // What is shown meanwhile has to be taken, or the command cannot go on writing.
            match self.screen.recv_timeout(Duration::from_millis(50)) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => assert!(Instant::now() < deadline, "it did not end; the screen has:\n{}", self.seen),
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _gone = self.child.kill();
    }
}

const SHELL: &str = "services:\n  box:\n    image: IMAGE\n    command: sleep 600\n    stop_signal: SIGKILL\n";

#[test]
fn exec_gives_a_shell_that_answers_and_knows_the_terminals_size() {
    let sandbox = Sandbox::new(SHELL);
    sandbox.ok(&["up", "-d"]);
    let mut terminal = Terminal::run(&sandbox, &["exec", "box", "sh"]);
    terminal.press("echo answer $((6 * 7))\r");
    terminal.expect("answer 42");
    terminal.press("stty size\r");
    terminal.expect("24 80");
    terminal.master.resize(PtySize { rows: 33, cols: 111, ..PtySize::default() }).unwrap();
    // The shell learns of it by a signal on its way: ask until it has.
    terminal.press("until stty size | grep '33 111'; do sleep 0.1; done\r");
    terminal.expect("33 111\r");
    terminal.press("exit 5\r");
    assert_eq!(terminal.exit_code(), 5);
}

#[test]
fn keys_go_to_the_process_and_not_to_wharf() {
    let sandbox = Sandbox::new(SHELL);
    sandbox.ok(&["up", "-d"]);
    let mut terminal = Terminal::run(&sandbox, &["exec", "box", "sh"]);
    // It answers, so it is the shell's foreground process: a Ctrl-C before that would be lost between the two.
    terminal.press("sed --unbuffered s/ping/answer-\\&/\r");
    terminal.press("ping\r");
    terminal.expect("answer-ping");
    terminal.press("\x03");
    terminal.expect("# ");
    terminal.press("echo still $((1 + 1)) here\r");
    terminal.expect("still 2 here");
    terminal.press("exit 0\r");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn run_gives_a_terminal_and_removes_its_container() {
    let sandbox = Sandbox::new(SHELL);
    let mut terminal = Terminal::run(&sandbox, &["run", "--rm", "box", "sh"]);
    terminal.press("tty && echo is a $((1))st class terminal\r");
    terminal.expect("is a 1st class terminal");
    terminal.press("exit 3\r");
    assert_eq!(terminal.exit_code(), 3);
    assert_eq!(sandbox.names(), Vec::<String>::new());
}

#[test]
fn up_in_the_foreground_is_coloured_and_ctrl_c_stops_gracefully() {
    let sandbox = Sandbox::new(
        "services:
  polite:
    image: IMAGE
    command: sh -c 'trap \"echo goodbye; exit 0\" TERM; echo hello; while :; do sleep 0.1; done'
",
    );
    let mut terminal = Terminal::run(&sandbox, &["up"]);
    let before = terminal.expect("hello");
    let line = before.rsplit('\n').next().unwrap();
    assert!(line.contains("\x1b[") && line.contains("polite-1"), "{line:?}");
    terminal.press("\x03");
    terminal.expect("Gracefully stopping");
    assert_eq!(terminal.exit_code(), 130);
    let containers = sandbox.containers();
    assert_eq!((containers[0]["State"].as_str(), containers[0]["ExitCode"].as_i64()), (Some("exited"), Some(0)));
}

#[test]
fn ctrl_c_while_containers_start_says_what_it_does_too() {
    let sandbox = Sandbox::new(
        "services:
  polite:
    image: IMAGE
    command: sh -c 'trap \"exit 0\" TERM; echo hello; while :; do sleep 0.1; done'
    healthcheck: { test: exit 1, interval: 1s, retries: 1000 }
  next:
    image: IMAGE
    command: sleep 600
    depends_on: { polite: { condition: service_healthy } }
",
    );
    let mut terminal = Terminal::run(&sandbox, &["up"]);
    terminal.expect("hello");
    terminal.press("\x03");
    terminal.expect("Gracefully stopping... (press Ctrl+C again to force)");
    assert_eq!(terminal.exit_code(), 130);
    assert!(sandbox.containers().iter().all(|container| container["State"] != "running"));
}

#[test]
fn a_second_ctrl_c_kills() {
    let sandbox = Sandbox::new(
        "services:
  stubborn:
    image: IMAGE
    command: sh -c 'trap \"\" TERM; echo hello; while :; do sleep 0.1; done'
    stop_grace_period: 5m
",
    );
    let mut terminal = Terminal::run(&sandbox, &["up"]);
    terminal.expect("hello");
    terminal.press("\x03");
    terminal.expect("Stopping");
    // Within a second it would count as the first one, sent twice.
    std::thread::sleep(wharf_serve::SAME_SIGNAL);
    terminal.press("\x03");
    assert_eq!(terminal.exit_code(), 130);
    assert_eq!(sandbox.containers()[0]["ExitCode"].as_i64(), Some(137));
}

/// What a command shows on a terminal until it ends.
fn shown(sandbox: &Sandbox, args: &[&str]) -> String {
    let mut terminal = Terminal::run(sandbox, args);
    terminal.exit_code();
    while let Ok(bytes) = terminal.screen.recv_timeout(PATIENCE) {
        terminal.seen.push_str(&String::from_utf8_lossy(&bytes));
    }
    std::mem::take(&mut terminal.seen)
}

const PAINT: &str = "\x1b[";

#[test]
fn errors_are_coloured_by_the_flag_and_else_by_the_terminal() {
    let sandbox = Sandbox::new(SHELL);
    // Of the engine's side, of a file, of the command line.
    sandbox.write("bad.yaml", "services: { web: { image: x, prots: [80] } }\n");
    for (what, args) in [
        ("no such service", ["ps", "nowhere"].as_slice()),
        ("prots", &["-f", "bad.yaml", "config"]),
        ("unexpected argument", &["ps", "--nonsense"]),
    ] {
        let with = |ansi: &'static str| [&["--ansi", ansi], args].concat();
        for (painted, screen) in [
            (true, shown(&sandbox, args)),
            (false, shown(&sandbox, &with("never"))),
            (false, sandbox.wharf(args).stderr),
            (true, sandbox.wharf(&with("always")).stderr),
            (false, sandbox.wharf(&with("never")).stderr),
        ] {
            assert!(screen.contains(what) && screen.contains(PAINT) == painted, "{args:?}: {painted}: {screen:?}");
        }
    }
}

#[test]
fn progress_and_findings_are_coloured_by_the_flag() {
    let sandbox = Sandbox::new(SHELL);
    let up = sandbox.wharf(&["--ansi", "always", "--progress", "tty", "up", "-d"]);
    assert!(up.stderr.contains("\x1b[32m✔\x1b[0m Container"), "{:?}", up.stderr);
    assert!(sandbox.wharf(&["--ansi", "always", "doctor"]).stdout.contains(PAINT));
    assert!(!shown(&sandbox, &["--ansi", "never", "doctor"]).contains(PAINT));
    assert!(!shown(&sandbox, &["--ansi", "never", "up", "-d", "--force-recreate", "-t", "0"]).contains(PAINT));
}

/// A registry or an engine that takes connections and says nothing.
pub(super) fn silent_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().map_while(Result::ok).collect::<Vec<_>>());
    host
}

#[test]
fn rows_live_keys_leave_nothing_behind_and_ctrl_c_gives_the_terminal_back() {
    let sandbox = Sandbox::new(&format!(
        "services:
  box:
    image: IMAGE
    command: sh -c 'trap \"\" TERM; while :; do sleep 0.1; done'
    stop_grace_period: 5m
    healthcheck: {{ test: exit 1, interval: 1s, retries: 1000 }}
  built:
    image: {name}-built
    build: {{ context: ., dockerfile_inline: \"FROM IMAGE\\nRUN sleep 600\\n\" }}
    profiles: [built]
  pulled:
    image: {silent}/app:1
    profiles: [pulled]
",
        name = "wharf-test",
        silent = silent_server()
    ));
    for (phase, args) in [
        ("Pulling", "pull pulled"),
        ("Building", "build built"),
        ("Pulling", "up -d pulled"),
        ("Building", "up -d --build built"),
        ("Waiting", "up -d --wait box"),
        ("Stopping", "stop box"),
    ] {
        let mut terminal = Terminal::shell(&sandbox, args);
        terminal.expect(phase);
        terminal.press("zzz\r\r");
        // A timer that runs though nothing happens.
        let shown = terminal.expect(" 1.") + &terminal.expect("\x1b[J");
        assert!(!shown.contains("zz"), "{phase}: {shown:?}");
        terminal.press("\x03");
        terminal.expect("interrupted");
        terminal.expect("code 130");
        terminal.expect(" echo ");
    }
}
