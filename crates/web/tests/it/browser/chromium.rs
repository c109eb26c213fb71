//! A headless Chromium, which is driven over its DevTools pipe: JSON that ends in a zero byte, on file descriptors 3 and 4.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest wait for an answer, or for a page to be loaded.
const SOON: Duration = Duration::from_secs(60);

/// Debian's name, and that of GitHub's machines.
const PROGRAMS: [&str; 2] = ["chromium", "google-chrome"];

/// What is looked for in each page.
const LOOK: &str = include_str!("look.js");

/// A browser with one empty tab.
pub(crate) struct Chromium {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    /// Messages that came while an answer was waited for.
    events: Vec<Value>,
    session: Option<String>,
    calls: u64,
    _profile: TempDir,
}

impl Chromium {
    /// A browser, or `None` where there is none, which is said.
    #[allow(clippy::print_stderr, reason = "says that the test was left out")]
    pub(crate) fn start() -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        let mut folders = std::env::split_paths(&path);
        let found =
            folders.find_map(|folder| PROGRAMS.map(|name| folder.join(name)).into_iter().find(|path| path.is_file()));
        let Some(program) = found else {
            eprintln!("left out: neither `chromium` nor `google-chrome` is in PATH");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // The shell moves the pipes to where Chromium looks for them. The pages are our own, so no sandbox is needed.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"])
            .arg(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(output).split(0) {
                let Ok(message) = message else { return };
                if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
            }
        });
        let events = Vec::new();
        let mut browser = Self { child, input, messages, events, session: None, calls: 0, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for part in ["Page", "Log", "Runtime"] {
            browser.call(&format!("{part}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Loads a page, and says what is wrong with it: what [`LOOK`] finds, and everything in the console.
    pub(crate) fn look(&mut self, url: &str, width: u32, dark: bool) -> Vec<String> {
        let size = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", media);
        self.open(url);
        let answer = self.evaluate(LOOK);
        let Some(found) = answer.as_array() else { panic!("{url}: {answer}") };
        let found = found.iter().filter_map(|problem| problem.as_str().map(str::to_owned));
        found.chain(self.console(url)).collect()
    }

    /// Loads a page.
    pub(crate) fn open(&mut self, url: &str) {
        self.events.clear();
        self.call("Page.navigate", json!({ "url": url }));
        self.until_loaded();
    }

    /// What is in the console since the page at `url` was opened.
    pub(crate) fn console(&self, url: &str) -> Vec<String> {
        self.events.iter().filter_map(|event| console(event, url)).collect()
    }

    /// The value of an expression in the page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Presses and releases a key, by its name or its character.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Backspace" => (8, ""),
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "ArrowDown" => (40, ""),
            character => (0, character),
        };
        let kind = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        let event = |kind| json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code, "text": text });
        self.call("Input.dispatchKeyEvent", event(kind));
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code }));
    }

    /// Pastes as a shortcut does.
    pub(crate) fn paste(&mut self) {
        let event = json!({ "type": "keyDown", "key": "v", "modifiers": 2, "commands": ["paste"] });
        self.call("Input.dispatchKeyEvent", event);
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": "v" }));
    }

    /// What a screen reader calls the buttons.
    pub(crate) fn buttons(&mut self) -> Vec<String> {
        let tree = self.call("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().into_iter().flatten();
        let buttons = nodes.filter(|node| node["role"]["value"] == "button");
        buttons.filter_map(|button| button["name"]["value"].as_str().map(str::to_owned)).collect()
    }

    fn until_loaded(&mut self) {
        let deadline = Instant::now() + SOON;
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.messages.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            self.events.push(event.expect("the page is loaded"));
        }
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.input.write_all(format!("{message}\0").as_bytes()).unwrap();
        let deadline = Instant::now() + SOON;
        loop {
            let answer = self.messages.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let answer = answer.unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] == self.calls {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an event puts into the console. That the page itself has an error status is not the page's fault.
fn console(event: &Value, url: &str) -> Option<String> {
    let entry = &event["params"]["entry"];
    match event["method"].as_str()? {
        "Log.entryAdded" if entry["source"] == "network" && entry["url"] == url => None,
        "Log.entryAdded" => Some(format!("in the console: {}", entry["text"])),
        "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" => Some(format!("in the console: {}", event["params"])),
        _ => None,
    }
}
