//! The scenes: a state, a command that changes it, and what a user may do after an attack.

use wharf_testkit::Shop;

use crate::site::Command;

const A: Shop = Shop::FIRST;
const B: Shop = Shop { db: "2", web: "2", ..Shop::FIRST };

const fn command(shop: Shop, words: &'static [&'static str]) -> Command {
    Command { shop, words }
}

pub(crate) const UP: Command = command(A, &["up", "-d"]);
pub(crate) const CHANGED_UP: Command = command(B, &["up", "-d"]);
const MORE: Command = command(B, &["scale", "web=5"]);
const FEWER: Command = command(B, &["scale", "web=1"]);
pub(crate) const UNPAUSE: Command = command(A, &["unpause"]);
const DOWN: Command = command(B, &["down"]);
pub(crate) const DOWN_VOLUMES: Command = command(A, &["down", "-v"]);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    /// They lead to the state before, from any other.
    pub(crate) before: &'static [Command],
    /// It is attacked.
    pub(crate) command: Command,
    /// They may come next instead of the same command.
    pub(crate) others: &'static [Command],
}

/// In an order in which each begins where the one before has ended, where that is possible.
pub(crate) const SCENES: [Scene; 6] = [
    Scene { name: "up", before: &[DOWN_VOLUMES], command: UP, others: &[CHANGED_UP] },
    Scene { name: "up-changed", before: &[UP], command: CHANGED_UP, others: &[UP] },
    Scene { name: "scale-up", before: &[CHANGED_UP], command: MORE, others: &[CHANGED_UP, FEWER] },
    // Not an `up` with two: it keeps two of those that are left, whichever numbers they have.
    Scene { name: "scale-down", before: &[CHANGED_UP, MORE], command: FEWER, others: &[MORE] },
    Scene { name: "down", before: &[CHANGED_UP], command: DOWN, others: &[UP] },
    Scene { name: "down-volumes", before: &[UP, CHANGED_UP], command: DOWN_VOLUMES, others: &[UP] },
];

/// Verbs that change containers.
pub(crate) const VERBS: [Command; 12] = [
    CHANGED_UP,
    command(A, &["scale", "web=4"]),
    command(B, &["create"]),
    command(A, &["start"]),
    command(A, &["stop"]),
    command(A, &["restart"]),
    command(A, &["kill"]),
    command(A, &["pause"]),
    UNPAUSE,
    command(A, &["run", "--rm", "-T", "web", "true"]),
    command(A, &["rm", "-fs"]),
    command(A, &["down"]),
];
