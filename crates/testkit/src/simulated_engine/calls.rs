//! Numbers the calls that change something, and makes one of them fail.

use std::fmt;

/// What goes wrong at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The client is killed; the call is not done, and no later one of this client.
    KilledBefore,
    /// The call is done. The client is killed before it hears of it, and no later call of this client is done.
    KilledAfter,
    /// The call is not done, and the connection breaks.
    LostRequest,
    /// The call is done, and the connection breaks before the answer.
    LostAnswer,
    /// The call is not done. The answer is 500.
    ErrorBefore,
    /// The call is done. The answer is 500.
    ErrorAfter,
    /// Nothing: the call is done and answered.
    None,
}

impl Fault {
    pub(super) fn does_the_call(self) -> bool {
        matches!(self, Fault::KilledAfter | Fault::LostAnswer | Fault::ErrorAfter | Fault::None)
    }
}

/// The calls of one client.
#[derive(Default)]
pub(super) struct Calls {
    /// Also those that change nothing.
    pub(super) requests: Vec<String>,
    pub(super) done: Vec<String>,
    planned: Option<Planned>,
    client_is_gone: bool,
}

struct Planned {
    number: usize,
    fault: Fault,
    reached: Box<dyn FnOnce() + Send>,
}

impl Calls {
    /// Plans a fault at the call with this number, from 1.
    pub(super) fn plan(&mut self, number: usize, fault: Fault, reached: Box<dyn FnOnce() + Send>) {
        self.planned = Some(Planned { number, fault, reached });
    }

    pub(super) fn client_is_gone(&self) -> bool {
        self.client_is_gone
    }

    /// Counts a call, and returns what goes wrong at it.
    pub(super) fn next(&mut self, call: String) -> Fault {
        self.done.push(call);
        let number = self.done.len();
        let Some(planned) = self.planned.take_if(|planned| planned.number == number) else { return Fault::None };
        self.client_is_gone = matches!(planned.fault, Fault::KilledBefore | Fault::KilledAfter);
        (planned.reached)();
        planned.fault
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("done", &self.done).finish_non_exhaustive()
    }
}
