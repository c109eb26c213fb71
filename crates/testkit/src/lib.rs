//! What wharf's integration tests share: containers, fixtures, waiting for events.
