//! What can go wrong with a store, and which of it an engine's error is.

use std::error::Error;
use std::io::ErrorKind;

/// Why a store cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store {url} cannot be opened: {why}")]
pub struct OpenError {
    pub(super) url: String,
    pub(super) why: String,
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    /// There is no such object.
    #[error("there is no such object")]
    NotFound,
    /// The object was replaced while it was read.
    #[error("the object was replaced meanwhile")]
    Changed,
    /// The condition of a write did not hold.
    #[error("the object is not the one that was expected")]
    Conflict,
    /// Another object has a part of the name as its whole name, or begins with it, which a folder cannot hold.
    #[error("another object is in the way")]
    InTheWay,
    /// The store is there, and does not allow it.
    #[error("{0}")]
    Denied(String),
    /// The store does not answer, or not with what was asked for.
    #[error("{0}")]
    Away(String),
}

impl StoreError {
    pub(super) fn late() -> Self {
        Self::Away("it does not answer in time".into())
    }

    /// Whatever else this error would be.
    pub(super) fn away(error: &object_store::Error) -> Self {
        Self::Away(said(error))
    }
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound,
            object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. } => Self::Conflict,
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                Self::Denied(said(&error))
            }
            // `js/a.js/b`, where `js/a.js` is a file.
            other if is_for(&other, ErrorKind::NotADirectory) => Self::NotFound,
            other if is_for(&other, ErrorKind::PermissionDenied) => Self::Denied(said(&other)),
            other => Self::away(&other),
        }
    }
}

/// Of the folder itself.
impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::PermissionDenied => Self::Denied(error.to_string()),
            _ => Self::Away(error.to_string()),
        }
    }
}

/// Whether the system gave this reason for it.
fn is_for(error: &object_store::Error, kind: ErrorKind) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == kind) {
            return true;
        }
        source = cause.source();
    }
    false
}

/// Where machines in a cloud get their credentials: asked when the environment has none, and on other machines in vain.
const METADATA: [&str; 2] = ["169.254.169.254", "metadata.google.internal"];
/// What that means.
const NO_KEYS: &str = "there are no credentials in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, GOOGLE_SERVICE_ACCOUNT, \
                       AZURE_STORAGE_ACCOUNT_KEY), and no cloud that this machine is in gives any:";

/// What the store said, in one bounded line, and without the queries of URLs: some clouds carry signatures in them.
fn said(error: &object_store::Error) -> String {
    let mut causes = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Many errors repeat their cause in their own words.
        if !causes.iter().any(|known| known.contains(&text)) {
            causes.push(text);
        }
        source = cause.source();
    }
    let mut line = String::new();
    if causes.iter().any(|cause| METADATA.iter().any(|address| cause.contains(address))) {
        line.push_str(NO_KEYS);
    }
    for word in causes.join(": ").split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(if word.contains("://") { word.split('?').next().unwrap_or_default() } else { word });
    }
    line.chars().filter(|letter| !letter.is_control()).take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_credentials_is_told_so() {
        let said_of = |source: &str| said(&object_store::Error::Generic { store: "S3", source: source.into() });
        let told = said_of("Error performing PUT http://169.254.169.254/latest/api/token in 1.3ms");
        assert!(told.starts_with("there are no credentials in the environment (AWS_ACCESS_KEY_ID"), "{told}");
        assert!(told.contains("any: Generic S3 error: "), "{told}");
        assert!(said_of("connection refused").starts_with("Generic S3 error: "));
    }
}
