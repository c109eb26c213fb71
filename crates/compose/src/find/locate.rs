//! Finds the Compose files, the project directory and the values for interpolation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::find::dotenv;
use crate::find::files::{Files, clean};
use crate::find::remote::{self, FetchError, is_remote};
use crate::options::Options;
use crate::report::findings::{At, Report};
use wharf_yaml::Span;

/// Names of a project's file, the best first.
pub(crate) const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// Names of the file that is merged onto it.
const OVERRIDES: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];
/// Values for interpolation.
pub(crate) type Environment = BTreeMap<String, String>;

/// Where a project is.
pub(crate) struct Found {
    /// The Compose files (absolute), or `-`.
    pub(crate) files: Vec<PathBuf>,
    /// What relative paths start from (absolute).
    pub(crate) dir: PathBuf,
    /// The environment, and after it the values of the env files.
    pub(crate) environment: Environment,
}

/// Finds the files that `options` mean. `None`: the report says why.
pub(crate) fn find(options: &Options, files_of: Files<'_>, report: &mut Report) -> Option<Found> {
    let mut environment = options.environment.clone();
    let at_cwd = |path: &Path| clean(&options.working_dir.join(path));
    let chosen = options.project_directory.as_deref().map(at_cwd);
    let of_first =
        |files: &[PathBuf]| files.iter().find(|file| !is_stdin(file)).and_then(|file| Some(file.parent()?.to_owned()));

    if let Some(file) = options.files.iter().filter_map(|file| file.to_str()).find(|file| is_remote(file)) {
        let FetchError { message, help } = remote::as_first(file);
        report.error(At::NOWHERE, message);
        if let Some(help) = help {
            report.help(help);
        }
        return None;
    }
    let mut files: Vec<PathBuf> =
        options.files.iter().map(|file| if is_stdin(file) { file.clone() } else { at_cwd(file) }).collect();
    let early = chosen.clone().or_else(|| of_first(&files)).unwrap_or_else(|| at_cwd(Path::new("")));
    let explicit = env_files(options);
    read_env_files(explicit.as_deref(), &early, &options.working_dir, &mut environment, files_of, report);

    if files.is_empty()
        && let Some(list) = environment.get("COMPOSE_FILE").filter(|list| !list.is_empty())
    {
        let separator =
            environment.get("COMPOSE_PATH_SEPARATOR").filter(|text| !text.is_empty()).map_or(":", String::as_str);
        let paths = list.split(separator).map(Path::new);
        files = paths.map(|file| if is_stdin(file) { file.to_owned() } else { at_cwd(file) }).collect();
    }
    if files.is_empty() {
        files = search(&chosen.clone().unwrap_or_else(|| at_cwd(Path::new(""))), files_of, report);
    }
    if files.is_empty() {
        report.error(At::NOWHERE, format!("no Compose file in {} or above it", options.working_dir.display()));
        report.help("write a compose.yaml, or name a file with -f");
        return None;
    }
    let dir = chosen.or_else(|| of_first(&files)).unwrap_or_else(|| at_cwd(Path::new("")));
    if explicit.is_none() && dir != early {
        read_env_files(None, &dir, &options.working_dir, &mut environment, files_of, report);
    }
    Some(Found { files, dir, environment })
}

pub(crate) fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// The env files that the caller or `COMPOSE_ENV_FILES` names.
fn env_files(options: &Options) -> Option<Vec<PathBuf>> {
    if !options.env_files.is_empty() {
        return Some(options.env_files.clone());
    }
    let list = options.environment.get("COMPOSE_ENV_FILES").filter(|list| !list.is_empty())?;
    Some(list.split(',').map(PathBuf::from).collect())
}

/// Adds values that are not there yet: of the explicit files, else of `.env` in `dir`.
fn read_env_files(
    explicit: Option<&[PathBuf]>,
    dir: &Path,
    working_dir: &Path,
    environment: &mut Environment,
    files_of: Files<'_>,
    report: &mut Report,
) {
    let files = match explicit {
        Some(files) => files.iter().map(|file| clean(&working_dir.join(file))).collect(),
        None => {
            let disabled = environment
                .get("COMPOSE_DISABLE_ENV_FILE")
                .is_some_and(|text| matches!(text.as_str(), "1" | "t" | "true" | "TRUE" | "True"));
            let file = dir.join(".env");
            if disabled || !files_of.is_file(&file) { Vec::new() } else { vec![file] }
        }
    };
    add_env_files(&files, environment, files_of, report);
}

/// Adds the values of `files` that are not there yet; of several files, the last wins.
pub(crate) fn add_env_files(
    files: &[PathBuf],
    environment: &mut Environment,
    files_of: Files<'_>,
    report: &mut Report,
) {
    let mut entries: Vec<(String, String)> = Vec::new();
    for file in files {
        let Some(text) = files_of.read(file, report) else { continue };
        let source = report.add_source(file.clone(), text.clone());
        let result = dotenv::parse(&text, entries.clone(), &|name| environment.get(name).cloned());
        match result {
            Ok(parsed) => entries.extend(report_unset(parsed, source, report)),
            Err(problem) => report_problem(&problem, source, report),
        }
    }
    for (key, value) in entries.into_iter().rev() {
        environment.entry(key).or_insert(value);
    }
}

/// Warns of the variables without a value in an env file.
pub(crate) fn report_unset(parsed: dotenv::Parsed, source: u32, report: &mut Report) -> Vec<(String, String)> {
    for (name, line) in parsed.unset {
        let at = report.narrow(line_span(source, line), &name);
        report.warning(at, format!("the variable `{name}` is not set; it counts as empty"));
        report.help("put the value in single quotes if the dollar sign is meant literally");
    }
    parsed.entries
}

/// Reports what is wrong in an env file.
pub(crate) fn report_problem(problem: &dotenv::Problem, source: u32, report: &mut Report) {
    report.error(line_span(source, problem.line), problem.message.clone());
}

fn line_span(source: u32, line: usize) -> Span {
    Span { source, line: u32::try_from(line).unwrap_or(u32::MAX), column: 1, len: 1 }
}

/// Looks for a Compose file and its override in `dir`, then in each directory above it.
fn search(dir: &Path, files_of: Files<'_>, report: &mut Report) -> Vec<PathBuf> {
    for dir in dir.ancestors() {
        let there = |names: &[&str]| {
            names.iter().map(|name| dir.join(name)).filter(|file| files_of.exists(file)).collect::<Vec<_>>()
        };
        let candidates = there(&NAMES);
        let Some(winner) = candidates.first() else { continue };
        let overrides = there(&OVERRIDES);
        for several in [&candidates, &overrides] {
            if let [used, rest @ ..] = several.as_slice()
                && !rest.is_empty()
            {
                let rest: Vec<_> = rest.iter().map(|file| file.display().to_string()).collect();
                report.warning(At::NOWHERE, format!("{} is used, not {}", used.display(), rest.join(", ")));
            }
        }
        return [winner].into_iter().chain(overrides.first()).cloned().collect();
    }
    Vec::new()
}
