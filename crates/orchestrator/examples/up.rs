//! Brings the project of a Compose file up, as `wharf up --detach` does, and prints what happens:
//! `cargo run -p wharf-orchestrator --example up -- compose.yaml`

#![expect(clippy::print_stdout, reason = "an example prints what happens")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use wharf_compose::{Options, Project};
use wharf_docker::{Endpoint, EndpointChoice, Engine};
use wharf_orchestrator::{ConvergeOptions, Event, up};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "compose.yaml".to_owned());
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let options = Options {
        files: vec![PathBuf::from(file)],
        working_dir: std::env::current_dir()?,
        environment: environment.clone(),
        ..Options::default()
    };
    let project = Project::load(&options)?.project;
    let engine = Engine::connect(&Endpoint::resolve(&environment, &EndpointChoice::default())?).await?;
    bring_up(&engine, &project).await?;
    Ok(())
}

async fn bring_up(engine: &Engine, project: &Project) -> Result<(), wharf_orchestrator::Error> {
    let options = ConvergeOptions::default();
    up(engine, project, &options, &|event: Event| println!("{:?} {:?}", event.subject, event.progress)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_orchestrator::plan::{self, DownOptions};
    use wharf_orchestrator::{apply, observe};

    #[tokio::test]
    async fn what_the_example_brings_up_is_as_the_file_says() -> Result<(), Box<dyn Error>> {
        let text = format!(
            "name: wharf-example-up-{}\nservices: {{web: {{image: 'wharf-local/debian:bookworm', command: sleep 600}}}}\n",
            std::process::id()
        );
        let project = Project::load(&Options::from_text(&text))?.project;
        let environment = std::env::vars().collect();
        let engine = Engine::connect(&Endpoint::resolve(&environment, &EndpointChoice::default())?).await?;
        // A caller may do it in a task of its own.
        let (its_engine, its_project) = (engine.clone(), project.clone());
        let brought_up = tokio::spawn(async move { bring_up(&its_engine, &its_project).await }).await?;
        let observed = observe(&engine, &project).await?;
        let again = plan::up(&project, &observed, &plan::UpOptions::default()).map(|plan| plan.to_string());
        let down = plan::down(&project, &observed, &DownOptions { timeout: Some(0), ..DownOptions::default() });
        apply(&engine, &project, &down, &Default::default(), &|_: Event| {}).await?;
        brought_up?;
        assert_eq!(again?, "nothing to do\n");
        Ok(())
    }
}
