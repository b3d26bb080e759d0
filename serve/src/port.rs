//! The port that a URL names.

use axum::http::uri::Authority;

/// The port of a URL, or this one when it names none; `None` for a number that is no port, which a `Uri` takes for none at all.
#[must_use]
pub fn port_of(authority: &Authority, usual: u16) -> Option<u16> {
    let named_none = || authority.as_str().trim_end_matches(':').ends_with(authority.host());
    authority.port_u16().or_else(|| named_none().then_some(usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_named_or_usual_or_wrong() {
        let port = |text: &'static str| port_of(&Authority::from_static(text), 80);
        assert_eq!(["hub", "hub:", "[::1]", "me@hub"].map(port), [Some(80); 4]);
        assert_eq!(["hub:5003", "[::1]:5003"].map(port), [Some(5003); 2]);
        assert_eq!(["hub:65536", "[::1]:70000"].map(port), [None; 2]);
    }
}
