//! The flags that `up`, `create` and `plan` have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;

use wharf_compose::Project;
use wharf_orchestrator::plan::{ImageOptions, Recreate, UpOptions};

use crate::flags::scale::parse_scale;
use crate::screen::progress::Consent;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Provisioning {
    /// Build images first, even if they exist
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Do not build images
    #[arg(long)]
    no_build: bool,
    /// When to pull images: always, missing, never, build, or policy (as in the file)
    #[arg(long, value_name = "POLICY", default_value = "policy", hide_default_value = true)]
    #[arg(hide_possible_values = true)]
    #[arg(value_parser = ["always", "missing", "if_not_present", "never", "build", "policy"])]
    pull: String,
    /// Override the number of replicas; may be repeated
    #[arg(long, value_name = "SERVICE=NUM", value_parser = parse_scale)]
    scale: Vec<(String, u32)>,
    /// Recreate containers even if nothing has changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Do not recreate existing containers
    #[arg(long)]
    no_recreate: bool,
    /// Remove containers of services that are not in the file
    #[arg(long)]
    pub(crate) remove_orphans: bool,
    /// Replace this volume if its settings changed in the file; its data is lost. May be repeated
    #[arg(long, value_name = "VOLUME")]
    recreate_volume: Vec<String>,
}

/// The flags for what a person sees and is asked meanwhile; `plan` has none of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Attended {
    /// Pull without showing layers
    #[arg(long)]
    pub(crate) quiet_pull: bool,
    /// Under docker compose's names: answer yes to the question whether a changed volume is replaced
    #[arg(short, long)]
    yes: bool,
}

impl Attended {
    /// What is said to the replacement of a changed volume: `-y` answers for data only where it does so in docker compose.
    pub(crate) fn consent(&self, session: &Session) -> Consent {
        let on_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        match self.yes && session.called.is_compose() {
            true => Consent::Yes,
            false if on_terminal && !self.yes => Consent::Ask,
            false => Consent::No,
        }
    }
}

impl Provisioning {
    pub(crate) fn image_options(&self, services: &[String], no_deps: bool) -> ImageOptions {
        ImageOptions {
            services: services.to_vec(),
            no_deps,
            build: self.build,
            no_build: self.no_build,
            // `policy` is not one: the file decides.
            pull: self.pull.parse().ok(),
            ..ImageOptions::default()
        }
    }

    /// # Errors
    /// If a volume that is to be replaced is not in the file.
    pub(crate) fn up_options(
        &self,
        session: &Session,
        project: &Project,
        services: &[String],
    ) -> anyhow::Result<UpOptions> {
        Ok(UpOptions {
            services: services.to_vec(),
            recreate: match (self.force_recreate, self.no_recreate) {
                (true, _) => Recreate::Always,
                (_, true) => Recreate::Never,
                _ => Recreate::Changed,
            },
            scale: self.scale.iter().cloned().collect::<BTreeMap<_, _>>(),
            remove_orphans: self.remove_orphans,
            ignore_orphans: session.is_set("COMPOSE_IGNORE_ORPHANS"),
            recreate_volumes: self.recreate_volumes(project)?,
            all_resources: session.global.all_resources,
            ..UpOptions::default()
        })
    }

    /// The engine's names of the volumes that are to be replaced, which are given by these or by their keys in the file.
    fn recreate_volumes(&self, project: &Project) -> anyhow::Result<BTreeSet<String>> {
        let name = |given: &String| {
            let mut volumes = project.volumes.iter().filter(|(_, volume)| !volume.external);
            let found = volumes.find(|(key, volume)| *key == given || volume.name == *given);
            found.map(|(_, volume)| volume.name.clone()).ok_or_else(|| {
                let known: Vec<&str> = project.volumes.values().map(|volume| volume.name.as_str()).collect();
                anyhow::anyhow!("no such volume: {given} (the project {} has: {})", project.name, known.join(", "))
            })
        };
        self.recreate_volume.iter().map(name).collect()
    }
}
