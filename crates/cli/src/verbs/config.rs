//! `wharf config`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Value, json};
use wharf_compose::{Config, Passes, Project, Variable, variables};
use wharf_orchestrator::{docker_compose_hash, pin_images};

use crate::failure::Failure;
use crate::screen::columns::table;
use crate::screen::report;
use crate::screen::whole_file::WholeFile;
use crate::session::{Session, known};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to print, with their dependencies (default: all)
    services: Vec<String>,
    /// Output format (default: yaml; a table for --variables)
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Only check; print nothing
    #[arg(short, long)]
    quiet: bool,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    listing: Listing,
    #[command(flatten)]
    left_out: LeftOut,
    /// Pin images to digests, which the engine looks up in the registry
    #[arg(long, conflicts_with = "no_interpolate")]
    resolve_image_digests: bool,
    /// Print an override file that only pins images to digests
    #[arg(long, conflicts_with = "no_interpolate")]
    lock_image_digests: bool,
    /// Include networks, volumes, secrets, configs and models that no service uses
    #[arg(long)]
    all_resources: bool,
}

/// What is printed instead of the project.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Listing {
    /// Print the names of the services
    #[arg(long = "services")]
    names: bool,
    /// Print the names of the volumes
    #[arg(long)]
    volumes: bool,
    /// Print the names of the networks
    #[arg(long)]
    networks: bool,
    /// Print the AI models
    #[arg(long)]
    models: bool,
    /// Print the names of the images
    #[arg(long)]
    images: bool,
    /// Print the names of the profiles
    #[arg(long)]
    profiles: bool,
    /// Print docker compose's configuration hash of services ("*": all)
    #[arg(long, value_name = "SERVICE,...")]
    hash: Option<String>,
    /// Print the variables that the files use, with their defaults
    #[arg(long)]
    variables: bool,
    /// Print the environment used for interpolation
    #[arg(long)]
    environment: bool,
}

/// What can be left out between the files and the project.
#[derive(Debug, clap::Args)]
struct LeftOut {
    /// Do not interpolate variables
    #[arg(long)]
    no_interpolate: bool,
    /// Do not add implied parts: default network, names, dependencies
    #[arg(long)]
    no_normalize: bool,
    /// Do not resolve relative paths
    #[arg(long)]
    no_path_resolution: bool,
    /// Do not check consistency; the output may not be usable
    #[arg(long)]
    no_consistency: bool,
    /// Do not read the env files of services
    #[arg(long)]
    no_env_resolution: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Yaml,
    Json,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let text = match listing(&args, session)? {
        Some(lines) => lines.into_iter().map(|line| format!("{line}\n")).collect(),
        None if args.listing.variables => print_variables(&variables(&session.options(&[])?)?, args.format),
        None => project(&args, session).await?,
    };
    match &args.output {
        _ if args.quiet => {}
        Some(file) => WholeFile::write(file, &text)?,
        None => report::print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn passes(&self, session: &Session) -> Passes {
        Passes {
            interpolate: !self.left_out.no_interpolate,
            normalise: !self.left_out.no_normalize,
            resolve_paths: !self.left_out.no_path_resolution,
            check_consistency: !self.left_out.no_consistency,
            read_env_files: !self.left_out.no_env_resolution,
            read_label_files: !self.left_out.no_env_resolution,
            keep_unused: self.all_resources || session.global.all_resources,
        }
    }
}

/// The canonical form of the project.
async fn project(args: &Args, session: &Session) -> Result<String, Failure> {
    if args.left_out.no_interpolate && !args.services.is_empty() {
        report::warning(
            "the services named are not picked out under --no-interpolate: the whole project is printed",
            session.colours.err,
        );
    }
    let config = match args.resolve_image_digests || args.lock_image_digests {
        false => session.config(&args.services, args.passes(session))?,
        true => {
            let mut project = session.load_by(&args.services, args.passes(session))?.selected(&args.services);
            pin_images(&mut project, &session.connect().await?).await?;
            let value = if args.lock_image_digests { images_only(&project) } else { project.to_value() };
            Config { value, warnings: Vec::new() }
        }
    };
    Ok(match args.format {
        Some(Format::Json) => config.to_json(),
        _ => config.into_yaml(),
    })
}

/// The services' images and nothing else: merged onto the files it was made from, it pins them.
fn images_only(project: &Project) -> Value {
    let images = project.services.iter().filter_map(|(name, service)| Some((name, service.image.as_ref()?)));
    let services: serde_json::Map<String, Value> =
        images.map(|(name, image)| (name.clone(), json!({ "image": image }))).collect();
    json!({ "services": services })
}

/// The lines of a listing, if one is asked for.
fn listing(args: &Args, session: &Session) -> Result<Option<Vec<String>>, Failure> {
    let listing = &args.listing;
    // No listing shows what files of services hold, except that hashes depend on labels.
    let passes = Passes { read_env_files: false, read_label_files: false, ..args.passes(session) };
    let names = |section: &str| -> Result<Option<Vec<String>>, Failure> {
        let config = session.config(&[], passes)?;
        let names = config.value.get(section).and_then(Value::as_object).map(|map| map.keys().cloned().collect());
        Ok(Some(names.unwrap_or_default()))
    };
    let passes = Passes { interpolate: true, ..passes };
    match listing {
        _ if listing.names => names("services"),
        _ if listing.volumes => names("volumes"),
        _ if listing.networks => names("networks"),
        _ if listing.models => Ok(Some(models(&session.config(&[], args.passes(session))?))),
        _ if listing.images => {
            let project = session.load_by(&args.services, passes)?.selected(&args.services);
            Ok(Some(project.images()))
        }
        _ if listing.profiles => {
            let project = session.load_by(&[], passes)?;
            Ok(Some(project.profiles().into_iter().map(str::to_owned).collect()))
        }
        _ if listing.environment => {
            let environment = wharf_compose::environment(&session.options(&[])?)?;
            Ok(Some(environment.iter().map(|(name, value)| format!("{name}={value}")).collect()))
        }
        Listing { hash: Some(wanted), .. } => hashes(wanted, args, session).map(Some),
        _ => Ok(None),
    }
}

fn models(config: &Config) -> Vec<String> {
    let models = config.value.get("models").and_then(Value::as_object).into_iter().flatten();
    models.filter_map(|(_, model)| model.get("model")?.as_str().map(str::to_owned)).collect()
}

/// A line for each service: its name and docker compose's hash of it, which counts the names of env files, not what they
/// hold.
fn hashes(wanted: &str, args: &Args, session: &Session) -> Result<Vec<String>, Failure> {
    let passes = Passes { interpolate: true, read_env_files: false, read_label_files: true, ..args.passes(session) };
    let mut project = session.load_by(&[], passes)?;
    // A container's hash counts the names of label files, this one does not.
    project.services.values_mut().for_each(|service| service.labels_from.clear());
    let names: Vec<String> = match wanted {
        "*" => project.services.keys().cloned().collect(),
        names => names.split(',').map(str::to_owned).collect(),
    };
    known(&project, &names)?;
    let services = project.services.iter().filter(|(name, _)| names.contains(name));
    Ok(services.map(|(name, service)| format!("{name} {}", docker_compose_hash(service))).collect())
}

/// The variables with docker compose's words for their parts.
fn print_variables(variables: &[Variable], format: Option<Format>) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let Some(format) = format else {
        let row = |variable: &Variable| {
            let required = variable.required.to_string();
            [variable.name.clone(), required, text(&variable.default), text(&variable.alternate)]
        };
        let rows: Vec<_> = variables.iter().map(row).collect();
        return table(["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"], &rows);
    };
    let keys = match format {
        Format::Yaml => ["name", "defaultvalue", "presencevalue", "required"],
        Format::Json => ["Name", "DefaultValue", "PresenceValue", "Required"],
    };
    let entries = variables.iter().map(|variable| {
        let values = [
            Value::from(variable.name.clone()),
            text(&variable.default).into(),
            text(&variable.alternate).into(),
            variable.required.into(),
        ];
        let entry: serde_json::Map<String, Value> = keys.map(str::to_owned).into_iter().zip(values).collect();
        (variable.name.clone(), Value::Object(entry))
    });
    let value = Value::Object(entries.collect());
    match format {
        Format::Yaml => wharf_compose::to_yaml(&value),
        Format::Json => wharf_compose::to_json(&value),
    }
}
