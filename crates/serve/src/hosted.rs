//! Refuses requests that do not say which host they are for.
//!
//! RFC 9112, section 3.2: a request of HTTP/1.1 has exactly one `Host` field, with a valid value. A server that takes another
//! one may read it differently from a proxy before it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::Body;
use http_body_util::{Either, Empty};
use hyper::header::HOST;
use hyper::http::uri::Authority;
use hyper::service::Service;
use hyper::{Request, Response, StatusCode, Version};
use pin_project_lite::pin_project;

/// A service that is only asked what names one host. Other requests are answered 400.
pub(crate) struct Hosted<S>(pub(crate) S);

impl<S, T, B> Service<Request<T>> for Hosted<S>
where
    S: Service<Request<T>, Response = Response<B>>,
    B: Body,
{
    type Response = Response<Either<B, Empty<B::Data>>>;
    type Error = S::Error;
    type Future = HostedFuture<S::Future>;

    fn call(&self, request: Request<T>) -> Self::Future {
        HostedFuture { answer: names_a_host(&request).then(|| self.0.call(request)) }
    }
}

fn names_a_host<T>(request: &Request<T>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        // It is empty where the target has no host (RFC 9110, section 7.2).
        (Some(host), None) => host.is_empty() || is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// A name or address, perhaps with a port, and no user.
fn is_host(value: &[u8]) -> bool {
    !value.contains(&b'@') && Authority::try_from(value).is_ok()
}

pin_project! {
    /// The future of [`Hosted`].
    pub(crate) struct HostedFuture<F> {
        #[pin]
        answer: Option<F>,
    }
}

impl<F, B, E> Future for HostedFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<Either<B, Empty<B::Data>>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answer) = self.project().answer.as_pin_mut() else {
            let mut refused = Response::new(Either::Right(Empty::new()));
            *refused.status_mut() = StatusCode::BAD_REQUEST;
            return Poll::Ready(Ok(refused));
        };
        Poll::Ready(ready!(answer.poll(cx)).map(|response| response.map(Either::Left)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_valid_host_is_wanted_from_http_1_1_on() {
        let request = |version: Version, hosts: &[&str]| {
            let builder = Request::builder().version(version);
            let request = hosts.iter().fold(builder, |builder, host| builder.header(HOST, *host));
            names_a_host(&request.body(()).unwrap())
        };
        for host in ["a", "a:80", "[::1]:80", "127.0.0.1", "a_b.example", ""] {
            assert!(request(Version::HTTP_11, &[host]), "{host}");
        }
        for hosts in [&[][..], &["a", "a"], &["a b"], &["u@a"], &["a/b"]] {
            assert!(!request(Version::HTTP_11, hosts), "{hosts:?}");
        }
        assert!(request(Version::HTTP_10, &[]));
        assert!(!request(Version::HTTP_10, &["a", "b"]));
    }
}
