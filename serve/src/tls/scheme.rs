//! Whether a request came by TLS.

use axum::http::Extensions;

/// What a request came by, among its extensions. Behind a proxy it is what the proxy speaks to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// That of the request with these extensions.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self::Http)
    }

    /// Notes it for [`of`](Self::of). Plain is the case without a note, so that it costs nothing.
    pub fn note(self, extensions: &mut Extensions) {
        if self == Self::Https {
            extensions.insert(self);
        }
    }

    /// `http` or `https`, for the URL of a page.
    #[must_use]
    pub fn http(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// `ws` or `wss`, for the URL of a WebSocket that such a page may open.
    #[must_use]
    pub fn ws(self) -> &'static str {
        match self {
            Self::Http => "ws",
            Self::Https => "wss",
        }
    }
}
