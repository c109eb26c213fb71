//! From what is there to what the file says: images, then containers; two plans, each from what is there then.

use tokio_util::sync::CancellationToken;
use wharf_compose::Project;
use wharf_docker::Engine;
use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::plan::{ImageOptions, UpOptions};
use wharf_orchestrator::{Error, Plan, observe, plan};

use crate::failure::Failure;
use crate::screen::progress::Display;
use crate::session::{Interrupts, Session};

#[derive(Clone)]
pub(crate) struct Converge<'a> {
    pub(crate) session: &'a Session,
    pub(crate) project: &'a Project,
    pub(crate) engine: &'a Engine,
    pub(crate) display: &'a Display,
    pub(crate) images: ImageOptions,
    pub(crate) up: UpOptions,
    pub(crate) apply: ApplyOptions,
}

impl Converge<'_> {
    pub(crate) async fn run(&self, interrupts: &Interrupts) -> Result<(), Failure> {
        let observed = observe(self.engine, self.project).await?;
        // What cannot work is refused before anything is built or pulled.
        plan::up(self.project, &observed, &self.up)?;
        let images = plan::images(self.project, &observed, &self.images)?;
        let observed = if images.is_empty() {
            observed
        } else {
            self.apply(&images, &interrupts.second).await?;
            observe(self.engine, self.project).await?
        };
        let plan = plan::up(self.project, &observed, &self.up)?;
        self.apply(&plan, &interrupts.second).await
    }

    /// The plan's end, or that of the patience of somebody who has asked twice.
    async fn apply(&self, plan: &Plan, at_once: &CancellationToken) -> Result<(), Failure> {
        let work = self.session.apply(plan, self.project, self.engine, self.display, &self.apply);
        tokio::select! {
            result = work => result,
            () = at_once.cancelled() => Err(Error::Interrupted.into()),
        }
    }
}
