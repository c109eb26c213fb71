//! Logins of registries. The engine asks for one when it pulls a base image or pushes.

use std::sync::Arc;

use bollard_buildkit_proto::moby::filesync::v1::auth_server::Auth as Service;
use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse, GetTokenAuthorityRequest,
    GetTokenAuthorityResponse, VerifyTokenAuthorityRequest, VerifyTokenAuthorityResponse,
};
use tonic::{Request, Response, Status};
use wharf_docker::{Login, Logins};

pub(super) struct Auth(Arc<Logins>);

impl Auth {
    pub(super) fn new(logins: Arc<Logins>) -> Self {
        Auth(logins)
    }
}

#[tonic::async_trait]
impl Service for Auth {
    async fn credentials(&self, request: Request<CredentialsRequest>) -> Result<Response<CredentialsResponse>, Status> {
        let login = self.0.login(&request.get_ref().host).await;
        let login = login.map_err(|error| Status::failed_precondition(format!("no login from {error}")))?;
        let (username, secret) = match login {
            Some(Login::Password { user, password }) => (user, password),
            // Without a user the secret is a token.
            Some(Login::IdentityToken(token)) => (String::new(), token),
            None => Default::default(),
        };
        Ok(Response::new(CredentialsResponse { username, secret }))
    }

    // With the login, the engine asks the registry for a token itself.

    async fn fetch_token(&self, _: Request<FetchTokenRequest>) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unavailable("the engine fetches tokens itself"))
    }

    async fn get_token_authority(
        &self,
        _: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unavailable("the engine fetches tokens itself"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unavailable("the engine fetches tokens itself"))
    }
}
