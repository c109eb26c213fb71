//! The Docker Engine at arm's length: connect, negotiate, follow events, read log frames.
