//! `clients`: the endpoints.

use std::time::Duration;

use url::Url;
use wharf_loki::labels::is_label_name;
use wharf_serve::Secret;

use super::section::{Faults, Section};
use super::{Limits, SCHEDULE};
use crate::delivery::{Auth, ClientConfig, Pem, Proxy, PushFormat, Schedule, TlsConfig};
use crate::yaml::Node;

pub(super) fn read(node: &Node, number: usize, limits: &mut Limits, faults: &mut Faults) -> Option<ClientConfig> {
    let mut client = Section::new("a client", node, faults);
    let url = client.parsed("url", "an address, as http://loki:3100/loki/api/v1/push", |text| {
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
    });
    if client.child("url").is_none() {
        client.error_here("a client without `url`: add `url: http://loki:3100/loki/api/v1/push`");
    }
    batching(&mut client, number, limits);
    let format = client.parsed("format", "`protobuf`, `json` or `otlp`", |text| match text {
        "protobuf" => Some(PushFormat::Protobuf),
        "json" => Some(PushFormat::Json),
        "otlp" => Some(PushFormat::Otlp),
        _ => None,
    });
    let gzip = client.parsed("compression", "`gzip` or `none`", |text| match text {
        "gzip" => Some(true),
        "none" => Some(false),
        _ => None,
    });
    let external_labels = external_labels(&mut client);
    let auth = auth(&mut client);
    let mut url = url?;
    let of_url = Auth::taken_from(&mut url);
    let config = ClientConfig {
        name: client.text("name").unwrap_or_else(|| url.host_str().unwrap_or_default().to_owned()),
        format: format
            .unwrap_or_else(|| if url.path().ends_with("/v1/logs") { PushFormat::Otlp } else { PushFormat::Protobuf }),
        url,
        gzip: gzip.unwrap_or(false),
        timeout: client.duration("timeout").unwrap_or(Duration::from_secs(10)),
        schedule: client.child("backoff_config").map_or(SCHEDULE, |node| schedule(node, client.faults())),
        tenant: client.text("tenant_id").filter(|tenant| !tenant.is_empty()),
        external_labels,
        drop_rate_limited: client.boolean("drop_rate_limited_batches").unwrap_or(false),
        headers: client.pairs("headers").into_iter().map(|(name, value)| (name, Secret::new(value))).collect(),
        auth: if auth == Auth::None { of_url } else { auth },
        tls: client.child("tls_config").map_or_else(TlsConfig::default, |node| tls(node, client.faults())),
        proxy: proxy(&mut client),
    };
    client.without_effect("follow_redirects", "a redirect is logged, and the request is tried again");
    client.without_effect("enable_http2", "HTTP 1.1 is used");
    client.without_effect("proxy_connect_header", "a proxy gets no headers of its own");
    if let Some(node) = client.child("oauth2") {
        client.error(node, "OAuth 2 is not supported: use `bearer_token_file`, which is read again for each request");
    }
    client.finish();
    Some(config)
}

/// All clients get the same batches, so the smallest setting wins.
fn batching(client: &mut Section<'_, '_>, number: usize, limits: &mut Limits) {
    if let Some(wait) = client.duration("batchwait") {
        limits.batch_wait = if number == 0 { wait } else { limits.batch_wait.min(wait) };
    }
    if let Some(size) = client.bytes("batchsize") {
        let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
        limits.batch_bytes = if number == 0 { size } else { limits.batch_bytes.min(size) };
    }
}

fn external_labels(client: &mut Section<'_, '_>) -> Vec<(String, String)> {
    let labels = client.pairs("external_labels");
    for (name, _) in &labels {
        if !is_label_name(name)
            && let Some(node) = client.child("external_labels")
        {
            client
                .error(node, format!("`{name}` is not a label name: letters, digits and `_` only, and no digit first"));
        }
    }
    labels
}

fn schedule(node: &Node, faults: &mut Faults) -> Schedule {
    let mut section = Section::new("backoff_config", node, faults);
    let tries = section.integer("max_retries", 0, u32::MAX.into());
    let schedule = Schedule {
        first: section.duration("min_period").unwrap_or(SCHEDULE.first),
        longest: section.duration("max_period").unwrap_or(SCHEDULE.longest),
        // 0 means without end, as in Promtail.
        tries: tries.and_then(|tries| u32::try_from(tries).ok()).filter(|tries| *tries > 0),
    };
    section.finish();
    schedule
}

fn auth(client: &mut Section<'_, '_>) -> Auth {
    let basic = client.child("basic_auth").map(|node| basic(node, client.faults()));
    let authorization = client.child("authorization").map(|node| authorization(node, client.faults()));
    let bearer = "Bearer".to_owned();
    let token = client.text("bearer_token").map(|token| Auth::Token(bearer.clone(), Secret::new(token)));
    let file = client.text("bearer_token_file").map(|file| Auth::TokenFile(bearer, file.into()));
    let mut all: Vec<Auth> = [basic, authorization, token, file].into_iter().flatten().collect();
    if all.len() > 1 {
        client.error_here("only one of `basic_auth`, `authorization`, `bearer_token` and `bearer_token_file`");
    }
    all.pop().unwrap_or_default()
}

fn basic(node: &Node, faults: &mut Faults) -> Auth {
    let mut section = Section::new("basic_auth", node, faults);
    let user = section.text("username").unwrap_or_default();
    let (password, file) = (section.text("password"), section.text("password_file"));
    if password.is_some() && file.is_some() {
        section.error_here("only one of `password` and `password_file`");
    }
    section.finish();
    match file {
        Some(file) => Auth::BasicFile(user, file.into()),
        None => Auth::Basic(user, Secret::new(password.unwrap_or_default())),
    }
}

fn authorization(node: &Node, faults: &mut Faults) -> Auth {
    let mut section = Section::new("authorization", node, faults);
    let scheme = section.text("type").unwrap_or_else(|| "Bearer".to_owned());
    let (credentials, file) = (section.text("credentials"), section.text("credentials_file"));
    if credentials.is_some() == file.is_some() {
        section.error_here("one of `credentials` and `credentials_file`");
    }
    section.finish();
    match file {
        Some(file) => Auth::TokenFile(scheme, file.into()),
        None => Auth::Token(scheme, Secret::new(credentials.unwrap_or_default())),
    }
}

fn tls(node: &Node, faults: &mut Faults) -> TlsConfig {
    let mut section = Section::new("tls_config", node, faults);
    let files = TlsConfig {
        ca: pem(&mut section, "ca", "ca_file"),
        certificate: pem(&mut section, "cert", "cert_file"),
        key: pem(&mut section, "key", "key_file"),
        server_name: section.text("server_name").filter(|name| !name.is_empty()),
        insecure: section.boolean("insecure_skip_verify").unwrap_or(false),
    };
    if files.certificate.is_some() != files.key.is_some() {
        section.error_here("a certificate and its key go together: `cert_file` and `key_file`, or `cert` and `key`");
    }
    section.without_effect("min_version", "TLS 1.2 and 1.3 are used");
    section.finish();
    files
}

fn pem(section: &mut Section<'_, '_>, text: &str, file: &str) -> Option<Pem> {
    let (inline, path) = (section.text(text), section.text(file));
    if inline.is_some() && path.is_some() {
        section.error_here(format!("only one of `{text}` and `{file}`"));
    }
    inline.map(|text| Pem::Text(Secret::new(text))).or(path.map(|path| Pem::File(path.into())))
}

fn proxy(client: &mut Section<'_, '_>) -> Proxy {
    let url = client.parsed("proxy_url", "an address, as http://proxy:3128", |text| {
        Url::parse(text).ok().filter(|url| url.scheme() == "http")
    });
    let except = client.text("no_proxy");
    // Promtail's clients follow the environment only on request; people expect it of any program.
    let from_environment = client.boolean("proxy_from_environment").unwrap_or(true);
    match url {
        Some(url) => Proxy::Url(url, except),
        None if from_environment => Proxy::FromEnvironment,
        None => Proxy::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::from_yaml;

    fn read(tls: &str) -> Result<TlsConfig, String> {
        let text = format!(
            "clients: [{{url: https://loki/push, tls_config: {tls}}}]
scrape_configs: [{{static_configs: [{{labels: {{__path__: /a}}}}]}}]"
        );
        let read = from_yaml(&text).map_err(|errors| errors[0].to_string())?;
        Ok(read.config.clients[0].tls.clone())
    }

    #[test]
    fn certificates_are_in_files_or_in_the_configuration() {
        let tls = read("{ca: AUTHORITY, cert_file: /cert, key: KEY}").unwrap();
        assert!(matches!(&tls.ca, Some(Pem::Text(text)) if text.expose() == "AUTHORITY"), "{tls:?}");
        assert!(matches!(&tls.certificate, Some(Pem::File(path)) if path.as_os_str() == "/cert"), "{tls:?}");
        assert!(!format!("{tls:?}").contains("KEY"), "{tls:?}");
        assert_eq!(read("{ca: A, ca_file: /a}").unwrap_err(), "1:48: only one of `ca` and `ca_file`");
    }
}
