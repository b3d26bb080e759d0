//! Everything that is answered beside content: one enum, and one shape, `{"error": …, "message": …}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grouploop_serve::content::NO_STORE;
use serde_json::json;

/// Why a request is not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("there is nothing here; the page is at /")]
    NotFound,
    #[error("only GET, HEAD and OPTIONS here")]
    MethodNotAllowed,
    #[error(
        "there is no app of this name: put a folder of this name with an index.html into the folder of apps (the setting ui.apps)"
    )]
    NoApp,
    #[error("this folder has no index.html")]
    NoIndex,
    #[error("the content is not the one that the condition names")]
    PreconditionFailed,
    #[error("there is no such range in {0} bytes")]
    NoSuchRange(u64),
    #[error("the folder of apps cannot be read now; whoever runs this finds the reason in the log")]
    AppsUnreadable,
    #[error(
        "the CDN does not answer; try again soon, or see whether it runs (the setting ui.cdn_url says where it is)"
    )]
    CdnAway,
    #[error("the CDN answers nonsense; whoever runs this has to look whether ui.cdn_url is its address")]
    CdnFailed,
    #[error("the CDN says that this is elsewhere; whoever runs this has to set ui.cdn_url to where it is")]
    CdnElsewhere,
    #[error("the address of the CDN leads back here; whoever runs this has to set ui.cdn_url to that of the CDN")]
    CdnLoop,
    #[error("too many are asking for what the CDN has; try again soon")]
    CdnBusy,
}

impl HttpError {
    /// Why there is nothing from the CDN.
    pub(crate) const CDN: [Self; 5] =
        [Self::CdnAway, Self::CdnFailed, Self::CdnElsewhere, Self::CdnLoop, Self::CdnBusy];

    /// The word for programs, and the status.
    fn code(&self) -> (&'static str, StatusCode) {
        match self {
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED),
            Self::NoApp => ("no_app", StatusCode::NOT_FOUND),
            Self::NoIndex => ("no_index", StatusCode::NOT_FOUND),
            Self::PreconditionFailed => ("precondition_failed", StatusCode::PRECONDITION_FAILED),
            Self::NoSuchRange(_) => ("no_such_range", StatusCode::RANGE_NOT_SATISFIABLE),
            Self::AppsUnreadable => ("apps_unreadable", StatusCode::SERVICE_UNAVAILABLE),
            Self::CdnAway => ("cdn_away", StatusCode::SERVICE_UNAVAILABLE),
            Self::CdnFailed => ("cdn_failed", StatusCode::BAD_GATEWAY),
            Self::CdnElsewhere => ("cdn_elsewhere", StatusCode::BAD_GATEWAY),
            Self::CdnLoop => ("cdn_loop", StatusCode::LOOP_DETECTED),
            Self::CdnBusy => ("cdn_busy", StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    /// The word for programs and metrics.
    pub(crate) fn word(&self) -> &'static str {
        self.code().0
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let (word, status) = self.code();
        let body = json!({"error": word, "message": self.to_string()});
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(NO_STORE));
        match self {
            Self::MethodNotAllowed => {
                headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
            }
            Self::NoSuchRange(size) => {
                if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            Self::AppsUnreadable | Self::CdnAway | Self::CdnBusy => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grouploop_testkit::docs;

    #[test]
    fn every_error_is_in_the_documentation() {
        use HttpError as E;
        let all = [
            E::NotFound,
            E::MethodNotAllowed,
            E::NoApp,
            E::NoIndex,
            E::PreconditionFailed,
            E::NoSuchRange(0),
            E::AppsUnreadable,
            E::CdnAway,
            E::CdnFailed,
            E::CdnElsewhere,
            E::CdnLoop,
            E::CdnBusy,
        ];
        docs::every_variant(include_str!("error.rs"), "HttpError", &all);
        let code = all.iter().map(E::code).map(|(word, status)| [word.to_owned(), status.as_u16().to_string()]);
        docs::same_rows("docs/reference/errors.md", "HTTP of the pages", code);
    }
}
