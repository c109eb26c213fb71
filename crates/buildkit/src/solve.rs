//! One build: the solve, its progress, and the session beside them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{
    CacheOptions, CacheOptionsEntry, ListWorkersRequest, SolveRequest, SolveResponse, StatusRequest, StatusResponse,
};
use http::Uri;
use tokio::task::JoinSet;
use tonic::{Code, Status, Streaming};
use uuid::Uuid;
use wharf_docker::{Engine, ErrorKind, upgrade};

use crate::client::Channel;
use crate::error::Error;
use crate::lint::{self, Finding};
use crate::progress::{News, Tracker};
use crate::raw_status;
use crate::session::{self, Offer};

/// The Dockerfile frontend that is built into the engine.
const FRONTEND: &str = "dockerfile.v0";
/// The exporter that puts an image into the engine's own store.
const EXPORTER: &str = "moby";
/// The name that requests give to the other side.
const ORIGIN: &str = "http://buildkit";
/// The label with the host's address.
const HOST_GATEWAY: &str = "org.mobyproject.buildkit.worker.moby.host-gateway-ip";
/// Largest report that is taken, in bytes. The engine cuts long ones up before.
const LARGEST_REPORT: usize = 16 << 20;
/// How long the last reports may take once the build is over.
const LAST_REPORTS: Duration = Duration::from_secs(3);

/// What is built, and how.
#[derive(Clone)]
pub struct Request {
    /// The frontend's attributes: `filename`, `target`, `build-arg:X`, `label:X` ...
    pub attributes: BTreeMap<String, String>,
    /// Attributes of the exporter: `name`, with commas between several, `push`.
    pub export: BTreeMap<String, String>,
    /// Where results of earlier builds come from.
    pub cache_from: Vec<CacheEntry>,
    /// Where results go for later builds.
    pub cache_to: Vec<CacheEntry>,
    /// Privileges that are granted: `network.host`, `security.insecure`.
    pub entitlements: Vec<String>,
    /// What the build may ask for.
    pub offer: Offer,
    /// Whether the engine's reports are wanted as they come, too.
    pub raw_reports: bool,
}

/// A cache besides the engine's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheEntry {
    /// `registry`, `inline`, `local` ...
    pub kind: String,
    /// Its settings: `ref`, `mode` ...
    pub attributes: BTreeMap<String, String>,
}

/// A built image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The image's digest, if the engine says it.
    pub digest: Option<String>,
}

/// Both connections of a build. Dropping them ends it.
struct Connections {
    control: ControlClient<Channel>,
    channel: Channel,
    session: String,
    reference: String,
    _server: JoinSet<()>,
}

async fn connect(engine: &Engine, offer: &Offer) -> Result<Connections, Error> {
    let session = Uuid::new_v4().simple().to_string();
    let connection = session::open(engine, &session, "wharf", offer).await.map_err(absent)?;
    let mut server = JoinSet::new();
    server.spawn(session::serve(connection, offer.clone()));
    let connection = upgrade(engine, "/grpc", "h2c", &[("X-Docker-Expose-Session-Uuid", session.clone())]).await;
    let channel = Channel::open(connection.map_err(absent)?).await?;
    let control =
        ControlClient::with_origin(channel.clone(), Uri::from_static(ORIGIN)).max_decoding_message_size(LARGEST_REPORT);
    let reference = Uuid::new_v4().simple().to_string();
    Ok(Connections { control, channel, session, reference, _server: server })
}

/// Builds an image, and gives `news` of it. Dropping the future ends the build.
///
/// # Errors
/// [`Error::Absent`] if the engine has no BuildKit; what the build failed of.
pub async fn build(engine: &Engine, request: &Request, news: &mut (dyn FnMut(News) + Send)) -> Result<Built, Error> {
    let connections = connect(engine, &request.offer).await?;
    let mut control = connections.control.clone();
    let solve = solve_request(request, &connections);
    let solving = async move { control.solve(solve).await.map(tonic::Response::into_inner) };
    let response = with_reports(&connections, request.raw_reports, solving, news).await?;
    let SolveResponse { exporter_response } = response;
    let digest = ["containerimage.digest", "containerimage.config.digest"];
    Ok(Built { digest: digest.iter().find_map(|key| exporter_response.get(*key).cloned()) })
}

/// Checks the Dockerfile and builds nothing.
///
/// # Errors
/// As [`build`].
pub async fn check(
    engine: &Engine,
    request: &Request,
    news: &mut (dyn FnMut(News) + Send),
) -> Result<Vec<Finding>, Error> {
    let connections = connect(engine, &request.offer).await?;
    let mut control = connections.control.clone();
    // Without a frontend the engine does what this side asks of it meanwhile.
    let mut solve = solve_request(request, &connections);
    solve.frontend = String::new();
    solve.frontend_attrs.clear();
    solve.exporter_deprecated = String::new();
    solve.exporter_attrs_deprecated.clear();
    let attributes = request.attributes.clone();
    let linting = lint::lint(connections.channel.clone(), &connections.reference, FRONTEND, attributes);
    let both = async move {
        let (solved, found) = tokio::join!(control.solve(solve), linting);
        // What the check says explains why the solve around it failed.
        let found = found?;
        solved.map(|_| found)
    };
    with_reports(&connections, request.raw_reports, both, news).await
}

/// The address that `host-gateway` stands for in the hosts of a build, if the engine says it.
///
/// # Errors
/// If the engine cannot be asked; [`Error::Absent`] if it has no BuildKit.
pub async fn host_gateway(engine: &Engine) -> Result<Option<String>, Error> {
    let connection = upgrade(engine, "/grpc", "h2c", &[]).await.map_err(absent)?;
    let channel = Channel::open(connection).await?;
    let mut control = ControlClient::with_origin(channel, Uri::from_static(ORIGIN));
    let workers = control.list_workers(ListWorkersRequest::default()).await?.into_inner();
    Ok(workers.record.into_iter().find_map(|worker| worker.labels.get(HOST_GATEWAY).cloned()))
}

fn absent(error: wharf_docker::Error) -> Error {
    match error.kind() {
        ErrorKind::Gone => Error::Absent(error),
        _ => Error::Engine(error),
    }
}

/// Waits for a solve, and turns the engine's reports into news meanwhile.
async fn with_reports<T>(
    connections: &Connections,
    raw: bool,
    solving: impl Future<Output = Result<T, Status>>,
    news: &mut (dyn FnMut(News) + Send),
) -> Result<T, Error> {
    let mut tracker = Tracker::default();
    let mut take = |report: StatusResponse| {
        if raw {
            news(News::Report(raw_status::line(&report)));
        }
        tracker.take(&report).into_iter().for_each(&mut *news);
    };
    let mut control = connections.control.clone();
    let asked = StatusRequest { r#ref: connections.reference.clone() };
    let reporting = async {
        match control.status(asked).await {
            Ok(reports) => follow(reports.into_inner(), &mut take).await,
            Err(error) => tracing::debug!(%error, "no reports on the build"),
        }
    };
    tokio::pin!(solving);
    tokio::pin!(reporting);
    let result = tokio::select! {
        result = &mut solving => {
            // The last reports are under way. An engine that never began has none.
            let _ = tokio::time::timeout(LAST_REPORTS, &mut reporting).await;
            result
        }
        () = &mut reporting => solving.await,
    };
    result.map_err(|status| match status.code() {
        Code::Unimplemented => Error::Absent(wharf_docker::Error::Incomplete { reason: "it has no such service" }),
        _ => Error::from(status),
    })
}

async fn follow(mut reports: Streaming<StatusResponse>, take: &mut impl FnMut(StatusResponse)) {
    loop {
        match reports.message().await {
            Ok(Some(report)) => take(report),
            Ok(None) => break,
            Err(error) => {
                tracing::debug!(%error, "the reports on the build ended");
                break;
            }
        }
    }
}

fn solve_request(request: &Request, connections: &Connections) -> SolveRequest {
    let entries = |entries: &[CacheEntry]| {
        let entry = |entry: &CacheEntry| CacheOptionsEntry {
            r#type: entry.kind.clone(),
            attrs: entry.attributes.clone().into_iter().collect(),
        };
        entries.iter().map(entry).collect()
    };
    let mut frontend_attrs: HashMap<String, String> = request.attributes.clone().into_iter().collect();
    if !request.cache_from.is_empty() {
        // The frontend imports them itself, stage by stage.
        let import = |entry: &CacheEntry| serde_json::json!({"Type": entry.kind, "Attrs": entry.attributes});
        let imports: Vec<_> = request.cache_from.iter().map(import).collect();
        frontend_attrs.insert("cache-imports".to_owned(), serde_json::Value::from(imports).to_string());
    }
    SolveRequest {
        r#ref: connections.reference.clone(),
        session: connections.session.clone(),
        frontend: FRONTEND.to_owned(),
        frontend_attrs,
        // The older fields, which engines of all versions read.
        exporter_deprecated: EXPORTER.to_owned(),
        exporter_attrs_deprecated: request.export.clone().into_iter().collect(),
        cache: Some(CacheOptions { exports: entries(&request.cache_to), ..CacheOptions::default() }),
        entitlements: request.entitlements.clone(),
        ..SolveRequest::default()
    }
}
