//! Why a process could not be started in a container, read from what the engine passes on of its runtime's words: those of
//! runc 1.0 to 1.3 and crun, in Engine 20.10 to 28.

use std::fmt;

/// Why a process could not be started in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartError {
    /// The image has no such program.
    NoSuchCommand {
        /// The program as it was asked for: a name that is looked up in `PATH`, or a path.
        command: String,
    },
    /// The file may not be executed.
    NotExecutable {
        /// Its path.
        command: String,
    },
    /// The program is a directory.
    IsDirectory {
        /// Its path.
        command: String,
    },
    /// The file is a program for another machine, or a script that does not name its shell.
    WrongFormat {
        /// Its path, where it is told.
        command: Option<String>,
    },
    /// The image has no such user or group.
    NoSuchUser {
        /// The name.
        user: String,
    },
    /// A path of the host that is to be mounted does not exist.
    NoSuchSource {
        /// The path.
        source: String,
    },
    /// A directory is to be mounted in the place of a file, or a file in that of a directory.
    OtherKind {
        /// The path on the host, where it is told.
        source: String,
        /// The path in the container.
        target: String,
    },
}

impl StartError {
    /// What a message of the engine says, if it is about this.
    pub fn of(message: &str) -> Option<Self> {
        if let Some(source) = after(message, "bind source path does not exist: ") {
            return Some(StartError::NoSuchSource { source: source.trim().to_owned() });
        }
        if let Some(rest) = after(message, "unable to find user ") {
            let user = rest.split(':').next().unwrap_or_default().to_owned();
            return Some(StartError::NoSuchUser { user });
        }
        if message.contains("a directory onto a file") || message.contains("not a directory: unknown") {
            let source = quoted(message, "error mounting ").or_else(|| quoted(message, "mounting "))?;
            let target = quoted(message, " at ").or_else(|| quoted(message, "to rootfs at "))?;
            return Some(StartError::OtherKind { source: source.to_owned(), target: target.to_owned() });
        }
        let command = quoted(message, "exec: ").map(str::to_owned);
        let command = command.or_else(|| Some(after(message, "exec ")?.split(':').next()?.trim().to_owned()));
        if message.contains("exec format error") {
            let command = command.filter(|command| !command.contains(' '));
            return Some(StartError::WrongFormat { command });
        }
        let command = command.filter(|_| message.contains("exec: \""))?;
        match message {
            words if words.contains("executable file not found in ") => Some(StartError::NoSuchCommand { command }),
            words if words.contains("no such file or directory") => Some(StartError::NoSuchCommand { command }),
            words if words.contains("permission denied") => Some(StartError::NotExecutable { command }),
            words if words.contains("is a directory") => Some(StartError::IsDirectory { command }),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            StartError::NoSuchCommand { command } if command.contains(char::is_whitespace) => {
                "the whole text is taken for the name of one program: write it as a list of words, or run it by `sh -c`"
            }
            StartError::NoSuchCommand { .. } => {
                "name a program that the image has; the syntax of a shell (`cd`, `&&`, `$X`) needs `sh -c`"
            }
            StartError::NotExecutable { .. } => "make it executable (`chmod +x`, in the Dockerfile `COPY --chmod=755`)",
            StartError::IsDirectory { .. } => "name a program in it",
            StartError::WrongFormat { .. } => {
                "a script needs a first line such as `#!/bin/sh`; a program has to be built for this machine (`platform`)"
            }
            StartError::NoSuchUser { .. } => "name a user of the image, or give a number (`1000:1000`)",
            StartError::NoSuchSource { .. } => "create it, or correct the path",
            StartError::OtherKind { .. } => {
                "mount a file on a file, and a directory on a directory; a missing source was created as a directory"
            }
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::NoSuchCommand { command } if command.contains('/') => {
                write!(f, "the image has no program {command:?}, or not the interpreter that it names")
            }
            StartError::NoSuchCommand { command } => write!(f, "the image has no command {command:?}"),
            StartError::NotExecutable { command } => write!(f, "{command:?} may not be executed"),
            StartError::IsDirectory { command } => write!(f, "{command:?} is a directory, not a program"),
            StartError::WrongFormat { command: Some(command) } => {
                write!(f, "{command:?} is no program for this machine")
            }
            StartError::WrongFormat { command: None } => f.write_str("the command is no program for this machine"),
            StartError::NoSuchUser { user } => write!(f, "the image has no user {user:?}"),
            StartError::NoSuchSource { source } => write!(f, "{source} does not exist"),
            StartError::OtherKind { source, target } => {
                write!(f, "{source} cannot be mounted at {target}: one is a file, the other a directory")
            }
        }
    }
}

fn after<'m>(message: &'m str, words: &str) -> Option<&'m str> {
    message.find(words).and_then(|at| message.get(at + words.len()..))
}

/// The text in quotes that follows these words.
fn quoted<'m>(message: &'m str, words: &str) -> Option<&'m str> {
    let mut rest = message;
    while let Some(next) = after(rest, words) {
        if let Some((text, _)) = next.strip_prefix('"').and_then(|next| next.split_once('"')) {
            return Some(text);
        }
        rest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages as engines from 20.10 to 28 have sent them.
    #[test]
    fn what_the_runtime_says_is_told_in_plain_words() {
        let told: Vec<String> = [
            r#"OCI runtime create failed: container_linux.go:367: starting container process caused: exec: "nosuch": executable file not found in $PATH: unknown"#,
            r#"failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "npm start": executable file not found in $PATH: unknown"#,
            r#"OCI runtime exec failed: exec failed: unable to start container process: exec: "/app/run": stat /app/run: no such file or directory: unknown"#,
            r#"OCI runtime create failed: runc create failed: unable to start container process: exec: "/etc/passwd": permission denied: unknown"#,
            r#"OCI runtime create failed: runc create failed: unable to start container process: exec: "/etc": is a directory: unknown"#,
            "exec /app/run: exec format error",
            "standard_init_linux.go:228: exec user process caused: exec format error",
            "unable to find user nosuch: no matching entries in passwd file",
            r#"invalid mount config for type "bind": bind source path does not exist: /src/nofile.conf"#,
            r#"OCI runtime create failed: container_linux.go:367: starting container process caused: process_linux.go:495: container init caused: rootfs_linux.go:60: mounting "/src/x.conf" to rootfs at "/etc/x.conf" caused: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type"#,
            r#"runc create failed: unable to start container process: error during container init: error mounting "/src/x.conf" to rootfs at "/etc/x.conf": mount src=/src/x.conf, dst=/etc/x.conf, dstFd=/proc/thread-self/fd/8, flags=MS_BIND|MS_REC: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)?"#,
        ]
        .iter()
        .map(|message| StartError::of(message).map_or_else(|| format!("? {message}"), |found| found.to_string()))
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        the image has no command "nosuch"
        the image has no command "npm start"
        the image has no program "/app/run", or not the interpreter that it names
        "/etc/passwd" may not be executed
        "/etc" is a directory, not a program
        "/app/run" is no program for this machine
        the command is no program for this machine
        the image has no user "nosuch"
        /src/nofile.conf does not exist
        /src/x.conf cannot be mounted at /etc/x.conf: one is a file, the other a directory
        /src/x.conf cannot be mounted at /etc/x.conf: one is a file, the other a directory
        "#);
    }

    #[test]
    fn other_messages_are_left_as_they_are() {
        for message in
            ["No such container: web", "driver failed programming external connectivity", "no such file or directory"]
        {
            assert_eq!(StartError::of(message), None, "{message}");
        }
    }
}
