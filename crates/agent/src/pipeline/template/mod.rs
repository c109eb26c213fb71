use super::{Now, entry::Extracted};
#[derive(Debug)]
pub(super) struct Template;
pub(super) struct Data;
impl Data {
    pub(super) fn new(_: &Extracted<'_>) -> Self {
        Self
    }
    pub(super) fn set(&mut self, _: &str, _: &str) {}
}
impl Template {
    pub(super) fn parse(_: &str) -> Result<Self, String> {
        Ok(Self)
    }
    pub(super) fn execute(&self, _: &Data, _: Now) -> Result<String, ()> {
        Ok("x".into())
    }
}
