//! Names: which metrics there are, and what their labels are called.

use std::fmt;
use std::sync::Arc;

use crate::description::{Description, Kind};
use crate::labels::{FromRequest, Labels};

/// The group of every request that matched no route. A route's template starts with `/`, so none looks like it.
pub const UNMATCHED: &str = "unmatched";

/// Whose names the metrics have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preset {
    /// [OpenTelemetry's semantic conventions for HTTP
    /// metrics](https://opentelemetry.io/docs/specs/semconv/http/http-metrics/), written the Prometheus way.
    #[default]
    OpenTelemetry,
    /// [prometheus-flask-exporter](https://github.com/rycus86/prometheus_flask_exporter)'s.
    Flask,
}

impl Preset {
    /// Labels that the names require but no request has. A server does not know what is in front of it, so an application
    /// behind TLS sets a fixed label of its own.
    pub(crate) fn labels(self) -> Labels {
        match self {
            Self::OpenTelemetry => Labels::new().fixed("url_scheme", "http"),
            Self::Flask => Labels::new(),
        }
    }

    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::OpenTelemetry => "",
            Self::Flask => "flask",
        }
    }

    pub(crate) fn grouping(self) -> Grouping {
        match self {
            Self::OpenTelemetry => Grouping::Route,
            Self::Flask => Grouping::Path,
        }
    }
}

/// What requests are grouped by, besides method and status.
#[derive(Clone)]
pub(crate) enum Grouping {
    Route,
    Path,
    Function(String, Arc<FromRequest>),
}

impl fmt::Debug for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Route => "Route",
            Self::Path => "Path",
            Self::Function(label, _) => label,
        })
    }
}

/// A label of the metrics of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    Group,
    Method,
    Status,
    Error,
    Version,
    /// One that is computed from the request or the response, by its place among these.
    Computed(usize),
    /// The same for all requests.
    Fixed,
}

/// What a metric is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Requests,
    Duration,
    Exceptions,
    RequestSize,
    ResponseSize,
    Active,
    Info,
}

/// A metric: what it is, and which label is which.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) role: Role,
    pub(crate) description: Description,
    /// One for each name in the description.
    pub(crate) labels: Vec<Label>,
}

/// What the names depend on.
#[derive(Debug)]
pub(crate) struct Schema<'a> {
    pub(crate) preset: Preset,
    pub(crate) prefix: &'a str,
    pub(crate) grouping: &'a Grouping,
    pub(crate) labels: &'a Labels,
    /// The duration is a summary, not a histogram.
    pub(crate) summary: bool,
    pub(crate) body_sizes: bool,
}

const DURATION: &str = "Time in seconds from an HTTP request's head to the end of its response's body.";
const REQUESTS: &str = "HTTP requests that have ended.";
const EXCEPTIONS: &str = "HTTP requests that ended with an exception: their handler panicked.";

impl Schema<'_> {
    pub(crate) fn entries(&self) -> Vec<Entry> {
        match self.preset {
            Preset::OpenTelemetry => self.open_telemetry(),
            Preset::Flask => self.flask(),
        }
    }

    fn open_telemetry(&self) -> Vec<Entry> {
        use Label::{Error, Fixed, Group, Method, Status, Version};
        let request = [Method, Status, Group, Error, Version, Fixed];
        let mut entries = vec![
            self.entry(Role::Requests, "http_server_requests_total", Kind::Counter, &request, REQUESTS),
            self.entry(Role::Duration, "http_server_request_duration_seconds", self.duration(), &request, DURATION),
            self.entry(
                Role::Exceptions,
                "http_server_request_exceptions_total",
                Kind::Counter,
                &[Method, Status, Group, Error, Fixed],
                EXCEPTIONS,
            ),
            self.entry(
                Role::Active,
                "http_server_active_requests",
                Kind::Gauge,
                &[Method, Fixed],
                "HTTP requests whose response has not ended.",
            ),
        ];
        if self.body_sizes {
            let size = |role, name, help| self.entry(role, name, Kind::Histogram, &request, help);
            entries.push(size(
                Role::RequestSize,
                "http_server_request_body_size_bytes",
                "Size of HTTP requests' bodies in bytes, as they were transferred.",
            ));
            entries.push(size(
                Role::ResponseSize,
                "http_server_response_body_size_bytes",
                "Size of HTTP responses' bodies in bytes, as they were transferred.",
            ));
        }
        entries
    }

    fn flask(&self) -> Vec<Entry> {
        use Label::{Fixed, Group, Method, Status};
        let mut info = self.entry(
            Role::Info,
            "exporter_info",
            Kind::Gauge,
            &[],
            "The version of what exposes the metrics of HTTP requests.",
        );
        info.description.labels.push("version".to_owned());
        info.labels.push(Fixed);
        let duration = &[Method, Group, Status, Fixed];
        let total = &[Method, Status, Fixed];
        vec![
            info,
            self.entry(Role::Duration, "http_request_duration_seconds", self.duration(), duration, DURATION),
            self.entry(Role::Requests, "http_request_total", Kind::Counter, total, REQUESTS),
            self.entry(Role::Exceptions, "http_request_exceptions_total", Kind::Counter, total, EXCEPTIONS),
        ]
    }

    fn duration(&self) -> Kind {
        if self.summary { Kind::Summary } else { Kind::Histogram }
    }

    /// Computed labels apply to metrics of single requests. `Fixed` among the labels means all fixed ones.
    fn entry(&self, role: Role, name: &str, kind: Kind, labels: &[Label], help: &str) -> Entry {
        let mut list: Vec<(Label, &str)> = Vec::new();
        for label in labels {
            match label {
                Label::Fixed => list.extend(self.labels.fixed.iter().map(|(name, _)| (Label::Fixed, name.as_str()))),
                label => list.push((*label, self.name(*label))),
            }
        }
        if !matches!(role, Role::Active | Role::Info) {
            list.extend(self.labels.computed().enumerate().map(|(place, name)| (Label::Computed(place), name)));
        }
        let name = if self.prefix.is_empty() { name.to_owned() } else { format!("{}_{name}", self.prefix) };
        Entry {
            role,
            description: Description::new(name, kind, list.iter().map(|(_, name)| *name), help),
            labels: list.into_iter().map(|(label, _)| label).collect(),
        }
    }

    fn name(&self, label: Label) -> &str {
        match (self.preset, label) {
            (Preset::OpenTelemetry, Label::Method) => "http_request_method",
            (Preset::OpenTelemetry, Label::Status) => "http_response_status_code",
            (Preset::Flask, Label::Method) => "method",
            (Preset::Flask, Label::Status) => "status",
            (_, Label::Error) => "error_type",
            (_, Label::Version) => "network_protocol_version",
            (preset, Label::Group) => match (self.grouping, preset) {
                (Grouping::Route, Preset::OpenTelemetry) => "http_route",
                (Grouping::Route, Preset::Flask) => "url_rule",
                (Grouping::Path, Preset::OpenTelemetry) => "url_path",
                (Grouping::Path, Preset::Flask) => "path",
                (Grouping::Function(label, _), _) => label,
            },
            (_, Label::Computed(_) | Label::Fixed) => "",
        }
    }
}
