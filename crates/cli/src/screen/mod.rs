//! What goes to the terminal: messages, progress, lists, logs, and the terminal of a process.

pub(crate) mod addresses;
pub(crate) mod amount;
pub(crate) mod canvas;
pub(crate) mod changes;
pub(crate) mod colour;
pub(crate) mod columns;
pub(crate) mod footer;
pub(crate) mod keys;
pub(crate) mod log_lines;
pub(crate) mod plain;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod rows;
pub(crate) mod template;
pub(crate) mod terminal;
pub(crate) mod whole_file;
pub(crate) mod width;
pub(crate) mod words;
