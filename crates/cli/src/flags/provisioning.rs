//! The flags that `up` and `create` have in common.

use std::collections::BTreeMap;

use wharf_orchestrator::plan::{ImageOptions, Recreate, UpOptions};

use crate::flags::scale::parse_scale;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Provisioning {
    /// Build images before starting, even when they are there
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Build no image
    #[arg(long)]
    no_build: bool,
    /// Pull images before starting: always, missing, never, build; policy: as the file says
    #[arg(long, value_name = "POLICY", default_value = "policy", hide_default_value = true)]
    #[arg(value_parser = ["always", "missing", "if_not_present", "never", "build", "policy"])]
    pull: String,
    /// Pull without showing layers
    #[arg(long)]
    pub(crate) quiet_pull: bool,
    /// Number of replicas instead of the file's; may be repeated
    #[arg(long, value_name = "SERVICE=NUM", value_parser = parse_scale)]
    scale: Vec<(String, u32)>,
    /// Recreate containers even if nothing changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Recreate no container that exists
    #[arg(long)]
    no_recreate: bool,
    /// Remove containers of services that are not in the file
    #[arg(long)]
    remove_orphans: bool,
    /// Nothing is asked; accepted for docker compose's sake
    #[arg(short, long)]
    yes: bool,
}

impl Provisioning {
    pub(crate) fn image_options(&self, services: &[String], no_deps: bool) -> ImageOptions {
        ImageOptions {
            services: services.to_vec(),
            no_deps,
            build: self.build,
            no_build: self.no_build,
            pull: Some(self.pull.clone()),
            ..ImageOptions::default()
        }
    }

    pub(crate) fn up_options(&self, session: &Session, services: &[String]) -> UpOptions {
        UpOptions {
            services: services.to_vec(),
            recreate: match (self.force_recreate, self.no_recreate) {
                (true, _) => Recreate::Always,
                (_, true) => Recreate::Never,
                _ => Recreate::Changed,
            },
            scale: self.scale.iter().cloned().collect::<BTreeMap<_, _>>(),
            remove_orphans: self.remove_orphans || session.is_set("COMPOSE_REMOVE_ORPHANS"),
            ignore_orphans: session.is_set("COMPOSE_IGNORE_ORPHANS"),
            all_resources: session.global.all_resources,
            ..UpOptions::default()
        }
    }
}
