//! Measures the cost of a layer: requests through routers with and without one, in turn, on one thread and without a
//! network. `cargo xtask bench metrics` runs it and parses its output, one line per subject: its name, the median time
//! and the median CPU time of a request in nanoseconds, separated by tabs.
//!
//! Arguments: rounds, and requests in each.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::env;
use std::hint::black_box;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::{Route, RouterIntoService, get};
use axum_prometheus::PrometheusMetricLayer;
use http_body_util::BodyExt;
use prometheus::Registry;
use rustix::time::{ClockId, clock_gettime};
use tower::layer::layer_fn;
use tower::{Service, ServiceExt};
use wharf_http_metrics::{HttpMetrics, exposition};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Subject {
    name: &'static str,
    service: RouterIntoService<Body>,
    /// Some libraries postpone work until they are scraped.
    scrape: Box<dyn Fn()>,
    /// Nanoseconds of a request in each round: by the clock, and of CPU.
    figures: Vec<(u64, u64)>,
}

impl Subject {
    fn new(name: &'static str, app: Router, scrape: impl Fn() + 'static) -> Self {
        // `axum::serve` does this once, so that handlers are not created for each request.
        let service = app.with_state(()).into_service();
        Self { name, service, scrape: Box::new(scrape), figures: Vec::new() }
    }

    async fn round(&mut self, requests: u64) -> Outcome<()> {
        let (start, cpu) = (Instant::now(), cpu());
        for _ in 0..requests {
            let request = Request::get("/hits/a").body(Body::empty())?;
            let response = self.service.ready().await?.call(request).await?;
            black_box(response.into_body().collect().await?);
        }
        let each = |nanoseconds: u64| nanoseconds / requests;
        self.figures.push((each(start.elapsed().as_nanos() as u64), each(self::cpu() - cpu)));
        (self.scrape)();
        Ok(())
    }
}

/// Nanoseconds that this thread has run.
fn cpu() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn router() -> Router {
    Router::new().route("/hits/{key}", get(|| async { "counted" })).route("/", get(|| async { "welcome" }))
}

fn ours(name: &'static str, metrics: HttpMetrics) -> Outcome<Subject> {
    let registry = Registry::new();
    let app = router().layer(metrics.register(&registry)?);
    Ok(Subject::new(name, app, move || drop(exposition(&registry))))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let mut arguments = env::args().skip(1);
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<u64>());
    let (rounds, requests) = (number(40)?, number(20_000)?);
    let (axum_prometheus, handle) = PrometheusMetricLayer::pair();
    let mut subjects = [
        Subject::new("bare axum", router(), || ()),
        Subject::new("a layer that does nothing", router().layer(layer_fn(|route: Route| route)), || ()),
        ours("wharf-http-metrics", HttpMetrics::new())?,
        ours("wharf-http-metrics, flask", HttpMetrics::flask())?,
        Subject::new("axum-prometheus", router().layer(axum_prometheus), move || drop(handle.render())),
    ];
    for round in 0..=rounds {
        for subject in &mut subjects {
            subject.round(requests).await?;
            if round == 0 {
                // The first round created the series and warmed the caches.
                subject.figures.clear();
            }
        }
        // The order changes, so that no subject always follows an expensive one.
        subjects.rotate_left(1);
    }
    subjects.sort_by_key(|subject| subject.name != "bare axum");
    for subject in subjects {
        let median = |mut values: Vec<u64>| {
            values.sort_unstable();
            values[values.len() / 2]
        };
        let (clock, cpu) = subject.figures.into_iter().unzip();
        println!("{}\t{}\t{}", subject.name, median(clock), median(cpu));
    }
    Ok(())
}
