//! A body in memory, in the forms that clients take.

use super::Encoding;
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt, Shared};
use std::sync::OnceLock;

/// A smaller form that is made, or was: once, for all who wait for it, and to its end whether they wait or go.
type Making = Shared<BoxFuture<'static, Option<Bytes>>>;

/// A body with its smaller forms, each made when it is first asked for, and kept.
#[derive(Debug)]
pub struct Forms {
    body: Bytes,
    compressible: bool,
    gzip: OnceLock<Making>,
    brotli: OnceLock<Making>,
}

impl Forms {
    /// Those of a body; one that is not compressible has no other than itself.
    #[must_use]
    pub fn new(body: Bytes, compressible: bool) -> Self {
        Self { body, compressible, gzip: OnceLock::new(), brotli: OnceLock::new() }
    }

    /// As it is.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The form that was asked for, or the body as it is when it has no smaller one.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn get(&self, wanted: Encoding) -> (Encoding, Bytes) {
        let making = match wanted {
            Encoding::Gzip if self.compressible => Some(&self.gzip),
            Encoding::Brotli if self.compressible => Some(&self.brotli),
            _ => None,
        };
        let smaller = match making {
            Some(making) => making.get_or_init(|| make(wanted, self.body.clone())).clone().await,
            None => None,
        };
        match smaller {
            Some(smaller) => (wanted, smaller),
            None => (Encoding::Identity, self.body.clone()),
        }
    }
}

fn make(encoding: Encoding, body: Bytes) -> Making {
    // Up to a second of work, which would hold up other requests on this thread.
    let work = tokio::task::spawn_blocking(move || encoding.encode(&body));
    work.map(|done| done.ok().flatten()).boxed().shared()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = &[b'a'; 1 << 20];

    fn forms(body: &'static [u8], compressible: bool) -> Forms {
        Forms::new(Bytes::from_static(body), compressible)
    }

    #[tokio::test]
    async fn who_goes_away_does_not_have_a_form_made_again() {
        let text = forms(TEXT, true);
        assert!(text.get(Encoding::Brotli).now_or_never().is_none(), "it takes a while");
        let begun = text.brotli.get().unwrap().clone();
        text.get(Encoding::Brotli).await;
        assert!(begun.ptr_eq(text.brotli.get().unwrap()), "the one that was begun is the one that is kept");
    }

    #[tokio::test]
    async fn only_text_gets_smaller_and_stays_so() {
        let text = forms(TEXT, true);
        let (encoding, first) = text.get(Encoding::Brotli).await;
        let (_, second) = text.get(Encoding::Brotli).await;
        assert_eq!(encoding, Encoding::Brotli);
        assert_eq!(first.as_ptr(), second.as_ptr(), "made once");
        assert_eq!(forms(TEXT, false).get(Encoding::Gzip).await.0, Encoding::Identity);
        assert_eq!(forms(b"tiny", true).get(Encoding::Gzip).await.0, Encoding::Identity);
    }
}
