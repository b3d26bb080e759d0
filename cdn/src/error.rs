//! Everything that a CDN answers beside an object: one enum, and one shape, `{"error": …, "message": …}`.

use crate::store::StoreError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grouploop_serve::content::NO_STORE;
use grouploop_serve::words;
use serde_json::json;

/// Why a request is not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("there is nothing here; see / for what this is")]
    NotFound,
    #[error("only {0} here")]
    MethodNotAllowed(&'static str),
    #[error(
        "a name is js, firmware or static, then one or more names of letters, digits and . _ + @ -, none of which starts with a dot, separated \
         by slashes"
    )]
    BadName,
    #[error("{0}")]
    BadRequest(&'static str),
    #[error("writing is off here; set cdn.token (GROUPLOOP_CDN__TOKEN) to turn it on")]
    WritingOff,
    #[error("writing needs the header `Authorization: Bearer <token>` with the token of this CDN")]
    Unauthorized,
    #[error("the object is not the one that the condition names")]
    PreconditionFailed,
    #[error(
        "no object can be above or below another one: a part of the name is an object, or the name is a part of one"
    )]
    InTheWay,
    #[error("at most {0} bytes can be written (cdn.max_upload_bytes)")]
    TooLarge(u64),
    #[error("there is no such range in {0} bytes")]
    NoSuchRange(u64),
    #[error("the content is refused, and what was there stays; each mistake is in `mistakes`")]
    Refused(Vec<String>),
    #[error("the body did not arrive whole, and what was there stays")]
    Cut,
    #[error("others are writing just now; try again soon")]
    Busy,
    #[error("a space is 1 to 32 of a-z, 0-9 and -")]
    BadSpace,
    #[error("an id is 1 to 64 of a-z, 0-9 and -; what people call it is its `title`")]
    BadId,
    #[error(
        "say what you have seen: `If-Match: <its ETag>` to change or remove it, `If-None-Match: *` to make it, so that nobody writes over \
         what another one has just written"
    )]
    NoCondition,
    #[error("at most {0} bytes fit")]
    TooLong(usize),
    #[error("there is no room: {0}")]
    Full(String),
    #[error(
        "this page is from another host, and may change nothing here; whoever runs this CDN can allow its origin with cdn.allow_origins"
    )]
    Stranger,
    #[error("{0} are listening already (cdn.max_event_streams); try again later")]
    TooManyStreams(u32),
    #[error("{} of the devices are in rollout {rollout}, which is under way; they are in `devices`", devices.len())]
    DevicesTaken { rollout: String, devices: Vec<String> },
    #[error("the rollout is {0}, and nothing of that can be changed")]
    Over(&'static str),
    #[error("the rollout is under way; wait for its end, or abort it first")]
    NotOver,
    #[error("the object store does not allow it; whoever runs this CDN has to look at its rights there")]
    StoreDenied,
    #[error("the object store does not answer; try again soon")]
    StoreAway,
}

words! {
    /// What an error is called for programs and in metrics.
    pub(crate) enum Word {
        NotFound = "not_found",
        MethodNotAllowed = "method_not_allowed",
        BadName = "bad_name",
        BadRequest = "bad_request",
        WritingOff = "writing_off",
        Unauthorized = "unauthorized",
        PreconditionFailed = "precondition_failed",
        InTheWay = "in_the_way",
        TooLarge = "too_large",
        NoSuchRange = "no_such_range",
        Refused = "refused",
        Cut = "cut",
        Busy = "busy",
        InvalidSpace = "invalid_space",
        BadId = "bad_id",
        NoCondition = "no_condition",
        Full = "full",
        Stranger = "stranger",
        TooManyStreams = "too_many_streams",
        DevicesTaken = "devices_taken",
        Over = "over",
        NotOver = "not_over",
        StoreDenied = "store_denied",
        StoreAway = "store_away",
    }
}

impl HttpError {
    /// The word for programs, and the status.
    fn code(&self) -> (Word, StatusCode) {
        match self {
            Self::NotFound => (Word::NotFound, StatusCode::NOT_FOUND),
            Self::MethodNotAllowed(_) => (Word::MethodNotAllowed, StatusCode::METHOD_NOT_ALLOWED),
            Self::BadName => (Word::BadName, StatusCode::BAD_REQUEST),
            Self::BadRequest(_) => (Word::BadRequest, StatusCode::BAD_REQUEST),
            Self::WritingOff => (Word::WritingOff, StatusCode::FORBIDDEN),
            Self::Unauthorized => (Word::Unauthorized, StatusCode::UNAUTHORIZED),
            Self::PreconditionFailed => (Word::PreconditionFailed, StatusCode::PRECONDITION_FAILED),
            Self::InTheWay => (Word::InTheWay, StatusCode::CONFLICT),
            Self::TooLarge(_) => (Word::TooLarge, StatusCode::PAYLOAD_TOO_LARGE),
            Self::NoSuchRange(_) => (Word::NoSuchRange, StatusCode::RANGE_NOT_SATISFIABLE),
            Self::Refused(_) => (Word::Refused, StatusCode::UNPROCESSABLE_ENTITY),
            Self::Cut => (Word::Cut, StatusCode::BAD_REQUEST),
            Self::Busy => (Word::Busy, StatusCode::SERVICE_UNAVAILABLE),
            Self::BadSpace => (Word::InvalidSpace, StatusCode::NOT_FOUND),
            Self::BadId => (Word::BadId, StatusCode::BAD_REQUEST),
            Self::NoCondition => (Word::NoCondition, StatusCode::PRECONDITION_REQUIRED),
            Self::TooLong(_) => (Word::TooLarge, StatusCode::PAYLOAD_TOO_LARGE),
            Self::Full(_) => (Word::Full, StatusCode::CONFLICT),
            Self::Stranger => (Word::Stranger, StatusCode::FORBIDDEN),
            Self::TooManyStreams(_) => (Word::TooManyStreams, StatusCode::SERVICE_UNAVAILABLE),
            Self::DevicesTaken { .. } => (Word::DevicesTaken, StatusCode::CONFLICT),
            Self::Over(_) => (Word::Over, StatusCode::CONFLICT),
            Self::NotOver => (Word::NotOver, StatusCode::CONFLICT),
            Self::StoreDenied => (Word::StoreDenied, StatusCode::INTERNAL_SERVER_ERROR),
            Self::StoreAway => (Word::StoreAway, StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    /// The word for programs and metrics.
    pub(crate) fn word(&self) -> Word {
        self.code().0
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Conflict => Self::PreconditionFailed,
            StoreError::InTheWay => Self::InTheWay,
            // Four times in a row: whoever writes so often is asked to wait.
            StoreError::Changed => Self::Busy,
            StoreError::Denied(why) => {
                tracing::debug!(store.error = why, "the store does not allow it");
                Self::StoreDenied
            }
            StoreError::Away(why) => {
                tracing::debug!(store.error = why, "the store does not answer");
                Self::StoreAway
            }
        }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let (word, status) = self.code();
        let mut body = json!({"error": word.word(), "message": self.to_string()});
        if let (Self::Refused(mistakes), Some(object)) = (&self, body.as_object_mut()) {
            object.insert("mistakes".into(), json!(mistakes));
        }
        if let (Self::DevicesTaken { rollout, devices }, Some(object)) = (&self, body.as_object_mut()) {
            object.insert("rollout".into(), json!(rollout));
            object.insert("devices".into(), json!(devices));
        }
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(NO_STORE));
        match self {
            Self::MethodNotAllowed(allowed) => {
                headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
            }
            Self::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"grouploop-cdn\""));
            }
            Self::NoSuchRange(size) => {
                if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            Self::Busy | Self::TooManyStreams(_) | Self::StoreAway => {
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
            E::MethodNotAllowed("GET"),
            E::BadName,
            E::BadRequest(""),
            E::WritingOff,
            E::Unauthorized,
            E::PreconditionFailed,
            E::InTheWay,
            E::TooLarge(0),
            E::NoSuchRange(0),
            E::Refused(Vec::new()),
            E::Cut,
            E::Busy,
            E::BadSpace,
            E::BadId,
            E::NoCondition,
            E::TooLong(0),
            E::Full(String::new()),
            E::Stranger,
            E::TooManyStreams(0),
            E::DevicesTaken { rollout: String::new(), devices: Vec::new() },
            E::Over("done"),
            E::NotOver,
            E::StoreDenied,
            E::StoreAway,
        ];
        docs::every_variant(include_str!("error.rs"), "HttpError", &all);
        let code = all.iter().map(E::code).map(|(word, status)| [word.word().to_owned(), status.as_u16().to_string()]);
        docs::same_rows("docs/reference/errors.md", "HTTP of the CDN", code);
    }
}
