//! Whose page is asking. Browsers say in `Origin` where a page is from, and nobody else says anything: pages of this very host, on any
//! port, may do everything, and so may those of the origins in the settings. A page from elsewhere may change nothing, and its browser is
//! not allowed to show it any answer.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, uri::Authority};

/// How long a browser may rely on a preflight, in seconds.
const PREFLIGHT_SECONDS: &str = "3600";

/// The origins of the settings.
#[derive(Debug, Clone, Default)]
pub struct Origins(Vec<String>);

/// Whose request it is.
#[derive(Debug, PartialEq, Eq)]
pub enum Asker {
    /// No page: a script, or a page of this very port that only looks.
    NoPage,
    /// A page that may do everything; the origin to tell its browser.
    Ours(HeaderValue),
    /// A page of somebody else.
    Stranger,
}

impl Origins {
    /// Reads origins that are separated by commas.
    ///
    /// # Errors
    /// The first that is none.
    pub fn parse(list: &str) -> Result<Self, String> {
        let given = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let read = |origin: &str| {
            let origin = origin.strip_suffix('/').unwrap_or(origin);
            host_of(origin).map(|_| origin.to_ascii_lowercase()).ok_or_else(|| origin.to_owned())
        };
        given.map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whose request has these headers.
    #[must_use]
    pub fn judge(&self, headers: &HeaderMap) -> Asker {
        let Some(origin) = headers.get(header::ORIGIN) else { return Asker::NoPage };
        let is_ours = || {
            let text = origin.to_str().ok()?.to_ascii_lowercase();
            let host: Authority = headers.get(header::HOST)?.to_str().ok()?.parse().ok()?;
            let same_host = host_of(&text)? == host.host().to_ascii_lowercase();
            (same_host || self.0.contains(&text)).then_some(())
        };
        if is_ours().is_some() { Asker::Ours(origin.clone()) } else { Asker::Stranger }
    }
}

/// What browsers are told that pages may do at an API, as lists separated by commas.
#[derive(Debug, Clone, Copy)]
pub struct Cors {
    /// Methods.
    pub methods: &'static str,
    /// Headers of requests.
    pub request_headers: &'static str,
    /// Headers of answers that pages may read.
    pub response_headers: &'static str,
}

impl Asker {
    /// Whether it may have this done. Strangers may look, which shows them nothing: their browsers keep the answer from them. But not
    /// open what stays open: browsers let pages of any origin open a WebSocket and read what it brings.
    #[must_use]
    pub fn may(&self, method: &Method, headers: &HeaderMap) -> bool {
        let only_reads = [Method::GET, Method::HEAD].contains(method) && !headers.contains_key(header::UPGRADE);
        only_reads || *self != Self::Stranger
    }

    /// Writes into the headers of an answer what the browser has to know.
    pub fn tell(self, cors: Cors, preflight: bool, headers: &mut HeaderMap) {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
        if preflight {
            set(header::ALLOW, cors.methods);
        }
        let Self::Ours(origin) = self else { return };
        set(header::ACCESS_CONTROL_EXPOSE_HEADERS, cors.response_headers);
        if preflight {
            set(header::ACCESS_CONTROL_ALLOW_METHODS, cors.methods);
            set(header::ACCESS_CONTROL_ALLOW_HEADERS, cors.request_headers);
            set(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
}

/// The name of the host in `scheme://host:port`; `None` when it is anything else, such as the `null` of a page without an origin.
fn host_of(origin: &str) -> Option<String> {
    let uri: Uri = origin.parse().ok()?;
    let scheme = uri.scheme_str()?;
    let authority = uri.authority()?;
    // Nothing but these two: no path, no name of a user.
    let is_all = origin.len() == scheme.len() + 3 + authority.as_str().len() && !authority.as_str().contains('@');
    (is_all && !authority.host().is_empty()).then(|| authority.host().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(origins: &str, host: &str, origin: &str) -> bool {
        let pair = |name, value: &str| (name, HeaderValue::from_str(value).unwrap());
        let headers = HeaderMap::from_iter([pair(header::HOST, host), pair(header::ORIGIN, origin)]);
        matches!(Origins::parse(origins).unwrap().judge(&headers), Asker::Ours(_))
    }

    #[test]
    fn pages_of_the_same_host_are_ours_on_any_port() {
        for (host, origin) in [
            ("10.0.0.7:5005", "http://10.0.0.7:5004"),
            ("hub.example:5005", "https://HUB.example"),
            ("[::1]:5005", "http://[::1]:5004"),
            ("localhost", "http://localhost:1"),
        ] {
            assert!(asks("", host, origin), "{origin} asks {host}");
        }
        for origin in [
            "http://evil.example:5005",
            "null",
            "",
            "http://10.0.0.7.evil.example",
            "http://10.0.0.7@evil.example",
            "10.0.0.7",
        ] {
            assert!(!asks("", "10.0.0.7:5005", origin), "{origin}");
        }
        assert_eq!(Origins::default().judge(&HeaderMap::new()), Asker::NoPage);
        let no_host = HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static("http://a"))]);
        assert_eq!(Origins::default().judge(&no_host), Asker::Stranger);
    }

    #[test]
    fn others_are_ours_when_the_settings_say_so() {
        let list = "https://stage.example/, http://b:8080";
        assert!(asks(list, "hub:5005", "https://stage.example") && asks(list, "hub:5005", "http://B:8080"));
        assert!(!asks(list, "hub:5005", "http://stage.example") && !asks(list, "hub:5005", "http://b"));
        assert_eq!(Origins::parse("*").unwrap_err(), "*");
    }
}
