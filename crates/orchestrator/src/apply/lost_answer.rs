//! Calls that may have been done although the engine did not say so.

/// Whether the engine may have done what it was asked to do: the connection broke, something between gave another answer,
/// or the engine failed on the way.
pub(super) fn may_be_done(error: &bollard::errors::Error) -> bool {
    match error {
        bollard::errors::Error::DockerResponseServerError { status_code, .. } => *status_code >= 500,
        _ => true,
    }
}
