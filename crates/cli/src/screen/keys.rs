//! Keys of a person at the terminal, one by one, while lines are printed: the terminal does not wait for Enter and does not
//! show them. Signals by keys (Ctrl-C, Ctrl-Z) stay signals.

use std::io::{IsTerminal, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::mpsc;

use crate::screen::terminal::is_foreground;

/// How long the thread waits before it looks again whether it may read.
const TURN: Duration = Duration::from_millis(100);
/// No key: the command is in the foreground again.
const BACK: char = '\0';
/// The exit code of a process that ended by SIGQUIT.
const QUIT: i32 = 128 + 3;

/// The terminal while its keys are taken one by one. Dropping it puts the terminal back as it was.
pub(crate) struct Keys {
    pressed: mpsc::UnboundedReceiver<char>,
    suspended: Signals,
    quit: Signals,
    terminal: Arc<Terminal>,
}

/// The terminal, for the thread that reads from it, too.
#[derive(Default)]
struct Terminal {
    /// Whether the thread may read.
    is_read: AtomicBool,
    /// How the terminal was, while its keys are taken. The thread has the lock while it reads.
    before: Mutex<Option<Termios>>,
}

impl Keys {
    /// `None`: there is no person at a terminal, or the command runs in the background.
    pub(crate) fn open() -> Option<Self> {
        let streams =
            std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        if !streams || !is_foreground(std::io::stdin()) {
            return None;
        }
        let listen = |kind: Signal| signal(SignalKind::from_raw(kind.as_raw())).ok();
        let (suspended, quit) = (listen(Signal::TSTP)?, listen(Signal::QUIT)?);
        let terminal = Arc::new(Terminal::default());
        let (send, pressed) = mpsc::unbounded_channel();
        let read = terminal.clone();
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || read.pass_keys(&send)).ok()?;
        terminal.take_keys();
        Some(Keys { pressed, suspended, quit, terminal })
    }

    /// The next key. `leave` and `come_back` are called before the command is suspended and when it goes on, with the terminal as
    /// others left it.
    pub(crate) async fn next(&mut self, leave: impl Fn(), come_back: impl Fn()) -> char {
        loop {
            tokio::select! {
                Some(key) = self.pressed.recv() => match key {
                    // In the background the terminal is left alone.
                    BACK if is_foreground(std::io::stdin()) && self.terminal.take_keys() => come_back(),
                    BACK => {}
                    key => return key,
                },
                Some(()) = self.suspended.recv() => {
                    leave();
                    self.terminal.give_back();
                    suspend();
                }
                Some(()) = self.quit.recv() => {
                    leave();
                    self.terminal.give_back();
                    std::process::exit(QUIT);
                }
            }
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.terminal.give_back();
        // The signals have lost their usual effects, so these are done by hand from here on.
        let listen = |kind: Signal| signal(SignalKind::from_raw(kind.as_raw())).ok();
        if let (Some(mut suspended), Some(mut quit)) = (listen(Signal::TSTP), listen(Signal::QUIT)) {
            tokio::spawn(async move {
                loop {
                    tokio::select! {
                        Some(()) = suspended.recv() => suspend(),
                        Some(()) = quit.recv() => std::process::exit(QUIT),
                        else => return,
                    }
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

impl Terminal {
    fn lock(&self) -> MutexGuard<'_, Option<Termios>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to take keys one by one; false: it does so already, or cannot.
    fn take_keys(&self) -> bool {
        let mut before = self.lock();
        if before.is_none() {
            *before = one_by_one();
            self.is_read.store(before.is_some(), Ordering::Release);
            return before.is_some();
        }
        false
    }

    /// Puts the terminal back as it was, when nobody reads from it any more: what is read then would be missed by others, and
    /// in the background it would stop this process.
    fn give_back(&self) {
        self.is_read.store(false, Ordering::Release);
        if let Some(before) = self.lock().take() {
            // Nothing better can be done for a terminal that is gone.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
        }
    }

    /// Passes keys on as long as somebody waits for them.
    fn pass_keys(&self, send: &mpsc::UnboundedSender<char>) {
        let mut buffer = [0; 64];
        while !send.is_closed() {
            let count = match self.is_read.load(Ordering::Acquire) {
                true => self.read(&mut buffer),
                false => {
                    // Shells tell nobody that a command which runs is in the foreground again.
                    std::thread::sleep(TURN);
                    if is_foreground(std::io::stdin()) && send.send(BACK).is_err() {
                        return;
                    }
                    0
                }
            };
            // What begins with an escape is one key: an arrow, a function key.
            if buffer[..count].first() == Some(&b'\x1b') {
                continue;
            }
            for key in String::from_utf8_lossy(&buffer[..count]).chars().filter(|key| *key != BACK) {
                if send.send(key).is_err() {
                    return;
                }
            }
        }
    }

    /// Reads keys for a moment.
    fn read(&self, buffer: &mut [u8]) -> usize {
        let before = self.lock();
        if before.is_none() || !is_foreground(std::io::stdin()) {
            drop(before);
            std::thread::sleep(TURN);
            return 0;
        }
        std::io::stdin().lock().read(buffer).unwrap_or(0)
    }
}

/// Lets the terminal pass on each key at once. Returns how it was.
fn one_by_one() -> Option<Termios> {
    let before = tcgetattr(std::io::stdin()).ok()?;
    let mut keys = before.clone();
    keys.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
    // A read ends after a tenth of a second, whether there was a key or not.
    keys.special_codes[SpecialCodeIndex::VMIN] = 0;
    keys.special_codes[SpecialCodeIndex::VTIME] = 1;
    tcsetattr(std::io::stdin(), OptionalActions::Now, &keys).ok()?;
    Some(before)
}
