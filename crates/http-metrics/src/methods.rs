//! Methods that have a label value of their own, and how many requests of each are in flight.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use http::Method;

use crate::error::Error;
use crate::labels::OTHER;

/// The known methods, by their places, and one place behind them for all others.
#[derive(Debug)]
pub(crate) struct Methods {
    known: Box<[Method]>,
    active: Box<[AtomicI64]>,
}

impl Methods {
    /// Takes the first 255; the registry of methods (RFC 9110 section 18.2) has about forty.
    pub(crate) fn new(known: &[String]) -> Result<Self, Error> {
        let parse = |name: &String| name.parse().map_err(|_| Error::Method { method: name.clone() });
        let known = known.iter().take(usize::from(u8::MAX)).map(parse).collect::<Result<Box<[Method]>, _>>()?;
        let active = (0..=known.len()).map(|_| AtomicI64::new(0)).collect();
        Ok(Self { known, active })
    }

    pub(crate) fn place(&self, method: &Method) -> u8 {
        self.known.iter().position(|known| known == method).unwrap_or(self.known.len()) as u8
    }

    pub(crate) fn name(&self, place: u8) -> &str {
        self.known.get(usize::from(place)).map_or(OTHER, Method::as_str)
    }

    pub(crate) fn begin(&self, place: u8) {
        self.active[usize::from(place)].fetch_add(1, Relaxed);
    }

    pub(crate) fn end(&self, place: u8) {
        self.active[usize::from(place)].fetch_sub(1, Relaxed);
    }

    /// How many requests of each method are in flight.
    pub(crate) fn active(&self) -> impl Iterator<Item = (&str, i64)> {
        let names = self.known.iter().map(Method::as_str).chain([OTHER]);
        names.zip(self.active.iter().map(|active| active.load(Relaxed)))
    }
}
