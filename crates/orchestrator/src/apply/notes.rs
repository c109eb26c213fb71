//! What a run notes for whoever plans next, besides its result.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use wharf_compose::model::Concealed;

use super::conflict::Conflict;
use crate::provider::{Variables, prefixed};

#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Whether another client may be behind a failure.
    pub(crate) conflict: Conflict,
    provided: Mutex<Variables>,
}

impl Notes {
    /// Keeps what a provider has set.
    pub(super) fn provided(&self, service: &str, variables: BTreeMap<String, Concealed>) {
        let mut provided = self.provided.lock().unwrap_or_else(PoisonError::into_inner);
        provided.insert(service.to_owned(), prefixed(service, variables));
    }

    /// What the providers have set that ran.
    pub(crate) fn variables(self) -> Variables {
        self.provided.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
