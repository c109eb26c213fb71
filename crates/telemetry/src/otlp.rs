//! Traces over OTLP (HTTP, protobuf), as the [specification](https://opentelemetry.io/docs/specs/otel/protocol/exporter/)
//! has it. They are on if `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set.
//!
//! An application makes spans with the target [`TARGET`] and the level `TRACE`; their fields become attributes, and
//! `otel.name`, `otel.kind` and `otel.status_code` are what `tracing-opentelemetry` makes of them. Without an endpoint
//! such a span costs one check of a flag.
//!
//! Ended spans wait in a queue of 2048 for a thread that sends them. While the collector is away the queue fills up and
//! further spans are dropped. The log says once that it is away, and once that it is back.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter as Export};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

use crate::error::Error;

/// The target of spans that are exported.
pub const TARGET: &str = "otel";

/// The variables with the collector's address. The first one that is set applies.
pub const ENDPOINT_VARIABLES: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// How long the end of the process waits for the last spans to be sent.
pub const SHUTDOWN_TAKES: Duration = Duration::from_millis(500);

/// The exporter. When it is dropped it sends the remaining spans, for [`SHUTDOWN_TAKES`] at most.
pub(crate) struct Traces(SdkTracerProvider);

impl Drop for Traces {
    fn drop(&mut self) {
        // If the collector is away, the log has said so already.
        let _ = self.0.shutdown_with_timeout(SHUTDOWN_TAKES);
    }
}

impl Traces {
    /// The exporter of the service's spans, if an endpoint is set. `lookup` works like `std::env::var`. The exporter
    /// itself reads the other variables of the specification (headers, timeout, sampler, service name).
    ///
    /// # Errors
    ///
    /// [`Error::Traces`] if the endpoint is not an `http://` URL.
    pub(crate) fn from_env(
        service: &'static str,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Error> {
        let set = |variable: &'static str| Some((variable, lookup(variable).filter(|value| !value.is_empty())?));
        let Some((variable, endpoint)) = ENDPOINT_VARIABLES.into_iter().find_map(set) else { return Ok(None) };
        if lookup("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        if !endpoint.starts_with("http://") {
            return Err(Error::Traces { variable, why: "write an address that begins with http://".into() });
        }
        let build = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).build();
        let exporter = build.map_err(|error| Error::Traces { variable, why: error.to_string() })?;
        let mut resource = Resource::builder();
        if lookup("OTEL_SERVICE_NAME").is_none_or(|name| name.is_empty()) {
            resource = resource.with_service_name(service);
        }
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_batch_exporter(Quiet { exporter, away: AtomicBool::new(false) });
        Ok(Some(Self(provider.build())))
    }

    /// The layer that takes the spans.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'lookup> LookupSpan<'lookup> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("wharf"))
            .with_location(false)
            .with_level(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target(TARGET, LevelFilter::TRACE))
    }
}

/// Logs when the collector goes away and when it comes back, and nothing in between.
struct Quiet {
    exporter: SpanExporter,
    away: AtomicBool,
}

impl fmt::Debug for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Quiet")
    }
}

impl Export for Quiet {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = self.exporter.export(batch).await;
        let was_away = self.away.swap(result.is_err(), Ordering::Relaxed);
        match &result {
            Err(error) if !was_away => tracing::warn!(%error, "spans cannot be exported"),
            Ok(()) if was_away => tracing::info!("spans are exported again"),
            _ => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Makes a new `span` continue the trace of a request, given the headers `traceparent` and `tracestate` (W3C Trace
/// Context). Invalid headers begin a new trace, as that specification says.
pub fn continue_trace(span: &Span, traceparent: &str, tracestate: Option<&str>) {
    let mut headers = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    headers.extend(tracestate.map(|state| ("tracestate".to_owned(), state.to_owned())));
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &headers);
    if parent.span().span_context().is_valid() {
        // It fails if nothing is exported or the span is not new. Then there is nothing to continue.
        let _ = span.set_parent(parent);
    }
}

/// The header `traceparent` with which others continue the trace of `span`. `None` if nothing is exported.
pub fn traceparent(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let ids = span.span_context();
    let header = || format!("00-{}-{}-{:02x}", ids.trace_id(), ids.span_id(), ids.trace_flags().to_u8());
    ids.is_valid().then(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(variables: &[(&str, &str)]) -> Result<bool, Error> {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        Ok(Traces::from_env("test", lookup)?.is_some())
    }

    #[test]
    fn nothing_is_exported_where_no_endpoint_is_set() {
        assert!(!traces(&[]).unwrap());
        assert!(!traces(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).unwrap());
        let disabled = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_SDK_DISABLED", "true")];
        assert!(!traces(&disabled).unwrap());
        assert!(traces(&disabled[..1]).unwrap());
    }

    #[test]
    fn a_wrong_endpoint_names_its_variable() {
        let error = traces(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")]).unwrap_err();
        assert_eq!(error.to_string(), "OTEL_EXPORTER_OTLP_ENDPOINT: write an address that begins with http://");
    }

    #[test]
    fn an_invalid_trace_is_not_continued() {
        for wrong in ["", "00-0-0-00", "00-00000000000000000000000000000000-0000000000000000-01", "\u{1}"] {
            continue_trace(&Span::none(), wrong, Some("a=b"));
            assert_eq!(traceparent(&Span::none()), None);
        }
    }
}
