//! Who may write: whoever knows the token.

use crate::error::HttpError;
use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What is known of the token: its hash, so that a comparison always looks at as many bytes, whatever was sent.
#[derive(Debug)]
pub(crate) struct Token(Option<[u8; 32]>);

impl Token {
    /// An empty token turns writing off.
    pub(crate) fn new(token: &str) -> Self {
        Self((!token.is_empty()).then(|| Sha256::digest(token).into()))
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the request may write.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), HttpError> {
        let expected = self.0.as_ref().ok_or(HttpError::WritingOff)?;
        let given = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes()).unwrap_or_default();
        // The scheme is no secret.
        let (scheme, token) = given.split_at_checked(7).unwrap_or_default();
        let known: [u8; 32] = Sha256::digest(token.trim_ascii()).into();
        let fits: bool = known.ct_eq(expected).into();
        if fits && scheme.eq_ignore_ascii_case(b"Bearer ") { Ok(()) } else { Err(HttpError::Unauthorized) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: &str, header: Option<&str>) -> Result<(), HttpError> {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(header::AUTHORIZATION, header.parse().unwrap());
        }
        Token::new(token).check(&headers)
    }

    #[test]
    fn only_the_token_opens() {
        let token = "0123456789abcdef";
        assert_eq!(check(token, Some("Bearer 0123456789abcdef")), Ok(()));
        assert_eq!(check(token, Some("bearer 0123456789abcdef ")), Ok(()));
        for wrong in [
            None,
            Some(""),
            Some("Bearer"),
            Some("Bearer "),
            Some("Bearer 0123456789abcde"),
            Some("Bearer 0123456789abcdef0"),
            Some("Bearer 0123456789ABCDEF"),
            Some("Basic 0123456789abcdef"),
            Some("0123456789abcdef"),
        ] {
            assert_eq!(check(token, wrong), Err(HttpError::Unauthorized), "{wrong:?}");
        }
        assert_eq!(check("", Some("Bearer ")), Err(HttpError::WritingOff));
    }
}
