//! What a GET or HEAD is answered with: conditions first, then the range, as HTTP has them.

use super::range::Wanted;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use headers::{ETag, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince};
use std::ops::Range;
use std::time::SystemTime;

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// 412: `If-Match` or `If-Unmodified-Since` does not hold.
    PreconditionFailed,
    /// 304: the client has it.
    NotModified,
    /// 416: there is no such range.
    NoSuchRange,
    /// 200: all of it.
    All,
    /// 206: these bytes of it, at least one.
    Part(Range<u64>),
}

/// Whether the request may be answered with a part.
pub(super) fn asks_for_part(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::GET && headers.contains_key(header::RANGE)
}

impl Delivery {
    /// Decides for content of this size; `tag` is that of the form that would be sent, and `modified` has whole seconds.
    #[must_use]
    pub fn decide(
        method: &Method,
        headers: &HeaderMap,
        tag: Option<&ETag>,
        modified: Option<SystemTime>,
        size: u64,
    ) -> Self {
        if !precondition_holds(headers, tag, modified) {
            return Self::PreconditionFailed;
        }
        if has_it(headers, tag, modified) {
            return Self::NotModified;
        }
        if !asks_for_part(method, headers) || !same_as_before(headers, tag, modified) {
            return Self::All;
        }
        match Wanted::parse(headers.get(header::RANGE), size) {
            Wanted::All => Self::All,
            Wanted::Part(part) => Self::Part(part),
            Wanted::Nothing => Self::NoSuchRange,
        }
    }

    /// 200, 206…
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::NotModified => StatusCode::NOT_MODIFIED,
            Self::NoSuchRange => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::All => StatusCode::OK,
            Self::Part(_) => StatusCode::PARTIAL_CONTENT,
        }
    }

    /// The bytes to be sent, of content of this size; none for what is no content.
    #[must_use]
    pub fn bytes(&self, size: u64) -> Range<u64> {
        match self {
            Self::All => 0..size,
            Self::Part(part) => part.clone(),
            _ => 0..0,
        }
    }

    /// Says which bytes are sent, of content of this size: `Content-Length`, `Accept-Ranges` and, for a part, `Content-Range`.
    pub fn describe(&self, size: u64, headers: &mut HeaderMap) {
        let bytes = self.bytes(size);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.end.saturating_sub(bytes.start)));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Self::Part(part) = self {
            let last = part.end.saturating_sub(1);
            if let Ok(value) = HeaderValue::try_from(format!("bytes {}-{last}/{size}", part.start)) {
                headers.insert(header::CONTENT_RANGE, value);
            }
        }
    }
}

/// `If-Match` and, without it, `If-Unmodified-Since`.
fn precondition_holds(headers: &HeaderMap, tag: Option<&ETag>, modified: Option<SystemTime>) -> bool {
    if headers.contains_key(header::IF_MATCH) {
        let condition = headers.typed_get::<IfMatch>();
        condition.zip(tag).is_some_and(|(condition, tag)| condition.precondition_passes(tag))
    } else if headers.contains_key(header::IF_UNMODIFIED_SINCE) {
        let condition = headers.typed_get::<IfUnmodifiedSince>();
        condition.zip(modified).is_none_or(|(condition, modified)| condition.precondition_passes(modified))
    } else {
        true
    }
}

/// `If-None-Match` and, without it, `If-Modified-Since`.
fn has_it(headers: &HeaderMap, tag: Option<&ETag>, modified: Option<SystemTime>) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        let condition = headers.typed_get::<IfNoneMatch>();
        condition.zip(tag).is_some_and(|(condition, tag)| !condition.precondition_passes(tag))
    } else if headers.contains_key(header::IF_MODIFIED_SINCE) {
        let condition = headers.typed_get::<IfModifiedSince>();
        condition.zip(modified).is_some_and(|(condition, modified)| !condition.is_modified(modified))
    } else {
        false
    }
}

/// `If-Range`: whether the content is the one that the client has a part of.
fn same_as_before(headers: &HeaderMap, tag: Option<&ETag>, modified: Option<SystemTime>) -> bool {
    if !headers.contains_key(header::IF_RANGE) {
        return true;
    }
    let Some(condition) = headers.typed_get::<IfRange>() else { return false };
    // The very date: who has a part of a newer one has a part of another one as well.
    if let Some(modified) = modified
        && condition == IfRange::date(modified)
    {
        return true;
    }
    !condition.is_modified(tag, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    /// Of 100 bytes with the tag `"a"`, last changed at ten o'clock.
    fn decide(headers: &[(&str, &str)]) -> Delivery {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse::<header::HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect();
        let ten = UNIX_EPOCH + Duration::from_secs(10 * 3600);
        Delivery::decide(&Method::GET, &headers, Some(&"\"a\"".parse().unwrap()), Some(ten), 100)
    }

    const NINE: &str = "Thu, 01 Jan 1970 09:00:00 GMT";
    const TEN: &str = "Thu, 01 Jan 1970 10:00:00 GMT";

    #[test]
    fn a_tag_goes_before_a_date() {
        assert_eq!(decide(&[]), Delivery::All);
        assert_eq!(decide(&[("if-none-match", "\"a\"")]), Delivery::NotModified);
        assert_eq!(decide(&[("if-none-match", "\"b\""), ("if-modified-since", TEN)]), Delivery::All);
        assert_eq!(decide(&[("if-modified-since", TEN)]), Delivery::NotModified);
        assert_eq!(decide(&[("if-modified-since", NINE)]), Delivery::All);
        assert_eq!(decide(&[("if-match", "\"b\""), ("if-none-match", "\"a\"")]), Delivery::PreconditionFailed);
        assert_eq!(decide(&[("if-unmodified-since", NINE)]), Delivery::PreconditionFailed);
    }

    #[test]
    fn a_part_is_one_of_what_the_client_knows() {
        let part = ("range", "bytes=10-19");
        assert_eq!(decide(&[part]), Delivery::Part(10..20));
        assert_eq!(decide(&[part, ("if-range", "\"a\"")]), Delivery::Part(10..20));
        assert_eq!(decide(&[part, ("if-range", TEN)]), Delivery::Part(10..20));
        for other in ["\"b\"", NINE, "Thu, 01 Jan 1970 11:00:00 GMT", "nonsense"] {
            assert_eq!(decide(&[part, ("if-range", other)]), Delivery::All, "{other}");
        }
        assert_eq!(decide(&[("range", "bytes=100-")]), Delivery::NoSuchRange);
        assert_eq!(decide(&[part, ("if-none-match", "\"a\"")]), Delivery::NotModified);
        let head = Delivery::decide(
            &Method::HEAD,
            &HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=1-2"))]),
            None,
            None,
            100,
        );
        assert_eq!(head, Delivery::All);
    }

    #[test]
    fn the_bytes_are_described() {
        let mut headers = HeaderMap::new();
        Delivery::Part(10..20).describe(100, &mut headers);
        assert_eq!(headers["content-length"], "10");
        assert_eq!(headers["content-range"], "bytes 10-19/100");
    }
}
