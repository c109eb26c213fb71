//! Keys of a person at the terminal, one by one, while lines are printed: the terminal does not wait for Enter and does not
//! show them. Signals by keys (Ctrl-C, Ctrl-Z) stay signals.

use std::io::{IsTerminal, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::mpsc;

use crate::screen::terminal::is_foreground;

/// The exit code of a process that ended by SIGQUIT.
const QUIT: i32 = 128 + 3;

/// The terminal while its keys are taken one by one. Dropping it puts the terminal back as it was.
pub(crate) struct Keys {
    pressed: mpsc::UnboundedReceiver<char>,
    suspended: Signals,
    quit: Signals,
    terminal: Arc<Mutex<Option<Termios>>>,
}

impl Keys {
    /// `None`: there is no person at a terminal, or the command runs in the background.
    pub(crate) fn open() -> Option<Self> {
        let streams =
            std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        if !streams || !is_foreground(std::io::stdin()) {
            return None;
        }
        let suspended = signal(SignalKind::from_raw(Signal::TSTP.as_raw())).ok()?;
        let quit = signal(SignalKind::quit()).ok()?;
        let terminal = Arc::new(Mutex::new(Some(take_keys()?)));
        let (send, pressed) = mpsc::unbounded_channel();
        let open = terminal.clone();
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || read(&open, &send)).ok()?;
        Some(Keys { pressed, suspended, quit, terminal })
    }

    /// The next key. `leave` and `come_back` are called before the command is suspended and when it goes on, with the terminal as
    /// others left it.
    pub(crate) async fn next(&mut self, leave: impl Fn(), come_back: impl Fn()) -> char {
        loop {
            tokio::select! {
                Some(key) = self.pressed.recv() => return key,
                Some(()) = self.suspended.recv() => {
                    leave();
                    self.give_back();
                    // The process goes on from here after SIGCONT.
                    suspend();
                    if is_foreground(std::io::stdin()) {
                        *self.terminal() = take_keys();
                        come_back();
                    }
                }
                Some(()) = self.quit.recv() => {
                    leave();
                    self.give_back();
                    std::process::exit(QUIT);
                }
            }
        }
    }

    fn terminal(&self) -> MutexGuard<'_, Option<Termios>> {
        self.terminal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self) {
        if let Some(before) = self.terminal().take() {
            // Nothing better can be done for a terminal that is gone.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.give_back();
        // The signal has lost its usual effect, so it is done by hand from here on.
        if let Ok(mut suspended) = signal(SignalKind::from_raw(Signal::TSTP.as_raw())) {
            tokio::spawn(async move {
                while suspended.recv().await.is_some() {
                    suspend();
                }
            });
        }
    }
}

/// Stops this process until SIGCONT.
fn suspend() {
    // It always may send a signal to itself.
    let _ = kill_process(getpid(), Signal::STOP);
}

/// Changes the terminal and returns how it was.
fn take_keys() -> Option<Termios> {
    let before = tcgetattr(std::io::stdin()).ok()?;
    let mut keys = before.clone();
    keys.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
    // A read ends after a tenth of a second, so that the thread does not take a key that is meant for the next program.
    keys.special_codes[SpecialCodeIndex::VMIN] = 0;
    keys.special_codes[SpecialCodeIndex::VTIME] = 1;
    tcsetattr(std::io::stdin(), OptionalActions::Now, &keys).ok()?;
    Some(before)
}

/// Passes keys on as long as somebody waits for them. Who is in the background would be stopped by reading.
fn read(open: &Mutex<Option<Termios>>, send: &mpsc::UnboundedSender<char>) {
    let mut buffer = [0; 64];
    while !send.is_closed() {
        let is_open = open.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if !is_open || !is_foreground(std::io::stdin()) {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        }
        let count = std::io::stdin().lock().read(&mut buffer).unwrap_or(0);
        // What begins with an escape is one key: an arrow, a function key.
        if buffer[..count].first() == Some(&b'\x1b') {
            continue;
        }
        for key in String::from_utf8_lossy(&buffer[..count]).chars() {
            if send.send(key).is_err() {
                return;
            }
        }
    }
}
