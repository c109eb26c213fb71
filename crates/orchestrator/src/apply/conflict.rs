//! Failures that come from another client that changes the same project at the same time.

use std::sync::{Mutex, PoisonError};

use wharf_docker::ErrorKind;

use crate::plan::ContainerAct;

/// What a run has noticed of another client.
#[derive(Debug, Default)]
pub(crate) struct Conflict(Mutex<Option<ErrorKind>>);

impl Conflict {
    /// Keeps the engine's answer to a step if another client may be behind it.
    pub(super) fn note(&self, act: &ContainerAct, error: &bollard::errors::Error) {
        let kind = ErrorKind::of(error);
        if is_conflict(act, kind, &error.to_string()) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kind);
        }
    }

    /// What the engine said, if another client may be behind it.
    pub(crate) fn noticed(&self) -> Option<ErrorKind> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_conflict(act: &ContainerAct, kind: ErrorKind, message: &str) -> bool {
    use ErrorKind::{AmbiguousName, Gone, NameTaken, RemovalInProgress};
    match act {
        // What is gone is a network, or the container before all of its networks were connected.
        ContainerAct::Create { .. } if kind == Gone => !message.contains("No such image"),
        ContainerAct::Create { .. } | ContainerAct::Rename { .. } | ContainerAct::Start => {
            matches!(kind, AmbiguousName | Gone | NameTaken | RemovalInProgress)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::NamedService;

    #[test]
    fn an_image_that_is_missing_is_no_conflict() {
        let service = NamedService::new("web", &Default::default());
        let create = ContainerAct::Create { service, number: 1, image: None, replaces: None };
        assert!(!is_conflict(&create, ErrorKind::Gone, "No such image: shop/web"));
        assert!(is_conflict(&create, ErrorKind::Gone, "network shop_default not found"));
        assert!(is_conflict(&create, ErrorKind::NameTaken, ""));
        assert!(is_conflict(&ContainerAct::Start, ErrorKind::Gone, ""));
        assert!(!is_conflict(&ContainerAct::Start, ErrorKind::PortTaken, ""));
        assert!(!is_conflict(&ContainerAct::Pause, ErrorKind::Gone, ""));
    }
}
