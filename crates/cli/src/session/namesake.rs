//! What to do about a project of the same name in another directory.

use wharf_compose::Project;
use wharf_compose::model::NameOrigin;
use wharf_docker::Engine;
use wharf_orchestrator::observe::Container;
use wharf_orchestrator::{Error, Namesake, Observed, Problem, namesake, observe};
use wharf_serve::Interrupts;

use super::{ProjectLock, Session};
use crate::failure::Failure;
use crate::screen::report;

impl Session {
    /// The engine for a verb that creates or changes the project's containers, the interrupts of the verb, the project's
    /// lock, and what the engine has of it.
    pub(crate) async fn connect_to_change(
        &self,
        verb: &'static str,
        project: &Project,
    ) -> Result<(Engine, Interrupts, ProjectLock, Observed), Failure> {
        let engine = self.connect().await?;
        let interrupts = self.interrupts()?;
        let lock = self.lock(verb, project, &engine, &interrupts.first).await?;
        let observed = tokio::select! {
            observed = observe(&engine, project) => observed?,
            () = interrupts.first.cancelled() => return Err(Error::Interrupted.into()),
        };
        self.refuse_namesakes(project, &observed.containers)?;
        Ok((engine, interrupts, lock, observed))
    }

    /// The engine for a verb that shows what would be changed, and what it has of the project.
    pub(crate) async fn connect_to_look(&self, project: &Project) -> Result<(Engine, Observed), Failure> {
        let engine = self.connect().await?;
        let observed = observe(&engine, project).await?;
        self.refuse_namesakes(project, &observed.containers)?;
        Ok((engine, observed))
    }

    /// Refuses to change containers of another directory's project whose name is the same by chance: both have it from
    /// their directories. Whoever gives a project its name may mean it, and so may scripts for docker compose: they are
    /// only warned.
    pub(crate) fn refuse_namesakes(&self, project: &Project, containers: &[Container]) -> Result<(), Failure> {
        let Some(Namesake { directory, container }) = namesake(project, containers) else { return Ok(()) };
        let (name, directory) = (&project.name, directory.display());
        let message = format!("the project {name} of {directory} has the same name, and containers ({container})");
        if project.name_origin != NameOrigin::Directory || self.called.is_compose() {
            let effect = "the two share containers, networks and volumes";
            report::warning(&format!("{message}; {effect}"), self.colours.err);
            return Ok(());
        }
        let help = format!(
            "give one of them another name: `name:` in its file, or -p NAME; `-p {name}` lets them share their containers"
        );
        Err(Error::Refused(vec![Problem { message, place: None, help: Some(help) }]).into())
    }
}
