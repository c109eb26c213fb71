//! TLS of a client: the certificates that it trusts and its own.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use wharf_serve::Secret;

use super::error::ClientError;

/// A certificate or a key in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pem {
    /// A file.
    File(PathBuf),
    /// The text itself.
    Text(Secret),
}

/// The settings of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// Certificate authorities to trust instead of the system's.
    pub ca: Option<Pem>,
    /// Our certificate.
    pub certificate: Option<Pem>,
    /// Its key.
    pub key: Option<Pem>,
    /// The name in the server's certificate, if it is not the URL's.
    pub server_name: Option<String>,
    /// Whether any certificate will do.
    pub insecure: bool,
}

/// The TLS configuration made from the files.
pub(super) fn config(files: &TlsConfig) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::Tls(error.to_string()))?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier(files, provider)?);
    let Some((certificate, key)) = files.certificate.as_ref().zip(files.key.as_ref()) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(certificate)?;
    let secret = match key {
        Pem::File(path) => PrivateKeyDer::from_pem_file(path),
        Pem::Text(text) => PrivateKeyDer::from_pem_slice(text.expose().as_bytes()),
    };
    let secret = secret.map_err(|error| unreadable(key, &error))?;
    builder.with_client_auth_cert(chain, secret).map_err(|error| unreadable(certificate, &error))
}

fn verifier(files: &TlsConfig, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, ClientError> {
    if files.insecure {
        return Ok(Arc::new(TrustAll(provider)));
    }
    let mut roots = RootCertStore::empty();
    match &files.ca {
        Some(ca) => {
            for certificate in certificates(ca)? {
                roots.add(certificate).map_err(|error| unreadable(ca, &error))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        let hint = "no certificate authority is trusted: name one in `tls_config.ca_file`, or mount /etc/ssl/certs";
        return Err(ClientError::Tls(hint.to_owned()));
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let verifier = verifier.map_err(|error| ClientError::Tls(error.to_string()))?;
    Ok(verifier)
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let read: Result<Vec<_>, _> = match pem {
        Pem::File(path) => CertificateDer::pem_file_iter(path).and_then(Iterator::collect),
        Pem::Text(text) => CertificateDer::pem_slice_iter(text.expose().as_bytes()).collect(),
    };
    let list = read.map_err(|error| unreadable(pem, &error))?;
    if list.is_empty() {
        return Err(unreadable(pem, &"no certificate in it"));
    }
    Ok(list)
}

fn unreadable(pem: &Pem, error: &dyn std::fmt::Display) -> ClientError {
    match pem {
        Pem::File(path) => ClientError::File { path: path.clone(), reason: error.to_string() },
        Pem::Text(_) => ClientError::Tls(format!("`tls_config`: {error}")),
    }
}

/// `insecure_skip_verify`.
#[derive(Debug)]
struct TrustAll(Arc<CryptoProvider>);

type Verified = Result<HandshakeSignatureValid, rustls::Error>;

impl ServerCertVerifier for TrustAll {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Verified {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Verified {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
