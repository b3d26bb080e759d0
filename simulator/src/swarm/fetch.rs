//! Updates as the stock firmware makes them: an image over HTTP, checked, or a reason why not.

use futures_util::StreamExt;
use grouploop_bridge::DeviceId;
use md5::{Digest, Md5};
use reqwest::header::{CONTENT_LENGTH, HeaderValue, USER_AGENT};
use reqwest::{Client, StatusCode};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Images that are fetched at the same time; others wait for their turn.
const AT_ONCE: usize = 256;
/// Bytes of the largest image that a device of ours has room for.
const MAX_IMAGE_BYTES: u64 = 16 * 1024 * 1024;
/// Time for a whole image.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where the application's description begins in an image: behind the header and the first segment's. 4 bytes of magic, then at 16 the version,
/// 32 bytes, ended by a zero.
const DESCRIPTION_AT: usize = 32;
const DESCRIPTION_MAGIC: [u8; 4] = 0xabcd_5432u32.to_le_bytes();
const VERSION_AT: usize = DESCRIPTION_AT + 16;
const VERSION_BYTES: usize = 32;
/// What every image starts with.
const IMAGE_MAGIC: u8 = 0xe9;
/// Bytes that are kept of an image: up to the end of its version.
const HEAD_BYTES: usize = VERSION_AT + VERSION_BYTES;

/// The MD5 of what a device comes with: an image that nobody publishes.
const FACTORY_MD5: &str = "00000000000000000000000000000000";

/// What a device runs, as it tells whoever it fetches from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Running {
    /// Its version; empty when it was never updated.
    pub(crate) version: String,
    /// The MD5 of its image, 32 hex digits.
    pub(crate) md5: String,
}

impl Default for Running {
    fn default() -> Self {
        Self { version: String::new(), md5: FACTORY_MD5.into() }
    }
}

/// Why an update came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("the server answers {0}")]
    Status(StatusCode),
    #[error("it runs that image already")]
    Same,
    #[error("the answer has no Content-Length")]
    NoLength,
    #[error("the image has {0} bytes, a device has room for {MAX_IMAGE_BYTES}")]
    TooLarge(u64),
    #[error("the image is not as long as its Content-Length says")]
    Cut,
    #[error("the image does not start as one does")]
    NoImage,
    #[error("the image is not the one that its x-MD5 names")]
    Damaged,
}

/// What came of a download.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// An image that the device will run.
    Image(Running),
    /// The device runs it already.
    Same,
    /// Nothing that it could use.
    Nothing,
}

/// Fetches images for the devices of a process.
#[derive(Debug)]
pub(crate) struct Fetcher {
    client: Option<Client>,
    permits: Semaphore,
}

impl Fetcher {
    pub(crate) fn new() -> Self {
        // rustls takes its cryptography from whoever is first to say so; the others in the process are content with it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A device has no proxy and follows no redirects unless it is told to.
        let builder = || Client::builder().no_proxy().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        // On a machine that trusts nobody, as in a small container, there is no such client; plain HTTP needs none.
        let client = builder().build().or_else(|_| builder().tls_certs_only([]).build());
        let client = client.inspect_err(|error| tracing::error!(%error, "simulated devices cannot be updated"));
        Self { client: client.ok(), permits: Semaphore::new(AT_ONCE) }
    }

    /// Fetches what a device should run next.
    ///
    /// # Cancel safety
    /// Dropped, the download ends.
    pub(crate) async fn fetch(&self, url: &str, device: DeviceId, running: &Running) -> Result<Running, FetchError> {
        let (Some(client), Ok(_permit)) = (&self.client, self.permits.acquire().await) else {
            return Err(FetchError::NoImage);
        };
        let mut request = client.get(url).header(USER_AGENT, "ESP32-http-Update");
        // A made-up address whose last two bytes are the id, as everywhere.
        let [high, low] = device.0.to_be_bytes();
        request = request
            .header("x-ESP32-STA-MAC", format!("02:00:00:00:{high:02X}:{low:02X}"))
            .header("x-ESP32-mode", "sketch")
            // Which image it runs stock firmware always says; its version only where it was given one.
            .header("x-ESP32-sketch-md5", &running.md5);
        if let Ok(version) = HeaderValue::from_str(&running.version)
            && !running.version.is_empty()
        {
            request = request.header("x-ESP32-version", version);
        }
        let answer = request.send().await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Err(FetchError::Same),
            other => return Err(FetchError::Status(other)),
        }
        let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let length =
            text(CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok()).ok_or(FetchError::NoLength)?;
        if length > MAX_IMAGE_BYTES {
            return Err(FetchError::TooLarge(length));
        }
        let named = text("x-MD5");
        let (mut digest, mut head, mut got) = (Md5::new(), Vec::with_capacity(HEAD_BYTES), 0u64);
        let mut body = answer.bytes_stream();
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            let missing = HEAD_BYTES - head.len();
            head.extend(chunk.iter().take(missing));
            digest.update(&chunk);
            got += chunk.len() as u64;
        }
        if got != length {
            return Err(FetchError::Cut);
        }
        if head.first() != Some(&IMAGE_MAGIC) {
            return Err(FetchError::NoImage);
        }
        let md5: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if named.is_some_and(|named| !named.eq_ignore_ascii_case(&md5)) {
            return Err(FetchError::Damaged);
        }
        let version = version_in(&head).unwrap_or_else(|| md5.get(..8).unwrap_or_default().to_owned());
        Ok(Running { version, md5 })
    }
}

/// The version in an application's description.
fn version_in(head: &[u8]) -> Option<String> {
    let magic = head.get(DESCRIPTION_AT..DESCRIPTION_AT + DESCRIPTION_MAGIC.len())?;
    let version = head.get(VERSION_AT..VERSION_AT + VERSION_BYTES)?;
    let text: String =
        version.iter().take_while(|byte| byte.is_ascii_graphic()).map(|byte| char::from(*byte)).collect();
    (magic == DESCRIPTION_MAGIC && !text.is_empty()).then_some(text)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use grouploop_testkit::HttpStub;

    const DEVICE: DeviceId = DeviceId(0x1a2b);

    /// An image of an application with this version in its description.
    pub(crate) fn image(version: &str) -> Vec<u8> {
        let mut image = vec![0; 5000];
        image[0] = 0xe9;
        // 24 bytes of header, 8 of the first segment's, then `esp_app_desc_t`.
        image[32..36].copy_from_slice(&[0x32, 0x54, 0xcd, 0xab]);
        image[48..][..version.len()].copy_from_slice(version.as_bytes());
        image
    }

    fn md5(bytes: &[u8]) -> String {
        Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Path, status, header lines, body, and a part of the reason; no reason when it is fine.
    type Case<'c> = (&'c str, u16, &'c [&'c str], &'c [u8], &'c str);

    async fn fetch(stub: &HttpStub, path: &str) -> Result<Running, String> {
        let fetched = Fetcher::new().fetch(&format!("{}{path}", stub.url()), DEVICE, &Running::default()).await;
        fetched.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn an_image_has_the_version_of_its_description_or_one_made_of_its_bytes() {
        let stub = HttpStub::start().await;
        let app = image("1.4.0-rc.2");
        stub.serve("/app.bin", app.clone());
        assert_eq!(fetch(&stub, "/app.bin").await, Ok(Running { version: "1.4.0-rc.2".into(), md5: md5(&app) }));
        let mut without = app.clone();
        without[DESCRIPTION_AT] ^= 1;
        for plain in [without, image(""), vec![IMAGE_MAGIC]] {
            stub.serve("/app.bin", plain.clone());
            let sum = md5(&plain);
            assert_eq!(fetch(&stub, "/app.bin").await, Ok(Running { version: sum[..8].to_owned(), md5: sum }));
        }
    }

    #[tokio::test]
    async fn a_device_says_who_it_is_and_what_it_runs() {
        let stub = HttpStub::start().await;
        stub.answer("/app.bin", 304, &[], b"");
        let running = Running { version: "1.4.0".into(), md5: "ab".repeat(16) };
        let url = format!("{}/app.bin?board=x", stub.url());
        let fetched = Fetcher::new().fetch(&url, DEVICE, &running).await;
        assert!(matches!(fetched, Err(FetchError::Same)), "{fetched:?}");
        fetch(&stub, "/app.bin").await.unwrap_err();
        let requests = stub.requests();
        let said = |header: &str| requests.iter().map(|request| request.header(header)).collect::<Vec<_>>();
        assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("GET", "/app.bin?board=x"));
        assert_eq!(said("user-agent"), [Some("ESP32-http-Update"); 2]);
        assert_eq!(said("x-ESP32-STA-MAC"), [Some("02:00:00:00:1A:2B"); 2]);
        assert_eq!(said("x-ESP32-mode"), [Some("sketch"); 2]);
        assert_eq!(said("x-ESP32-version"), [Some("1.4.0"), None], "one that was never updated has none");
        assert_eq!(said("x-ESP32-sketch-md5"), [Some(running.md5.as_str()), Some(FACTORY_MD5)]);
    }

    #[tokio::test]
    async fn what_a_device_could_not_flash_is_refused_with_the_reason() {
        let stub = HttpStub::start().await;
        let app = image("1.4.0");
        let length = format!("Content-Length: {}", app.len());
        let chunked = [format!("{:x}\r\n", app.len()).as_bytes(), &app, b"\r\n0\r\n\r\n"].concat();
        let too_large = format!("Content-Length: {}", MAX_IMAGE_BYTES + 1);
        let wrong = format!("x-MD5: {}", md5(b"another"));
        let right = format!("x-MD5: {}", md5(&app).to_uppercase());
        let cases: [Case<'_>; 9] = [
            ("/fine", 200, &[&length, &right], &app, ""),
            ("/chunked", 200, &["Transfer-Encoding: chunked"], &chunked, "no Content-Length"),
            ("/until-the-end", 200, &[], &app, "no Content-Length"),
            ("/too-large", 200, &[&too_large], &app, "has room for 16777216"),
            ("/damaged", 200, &[&length, &wrong], &app, "not the one that its x-MD5 names"),
            ("/cut", 200, &[&length], &app[..4000], "error decoding response body"),
            ("/empty", 200, &["Content-Length: 0"], b"", "does not start as one does"),
            ("/page", 200, &["Content-Length: 6"], b"<html>", "does not start as one does"),
            ("/moved", 302, &["Location: /fine", "Content-Length: 0"], b"", "answers 302"),
        ];
        for (path, status, headers, body, reason) in cases {
            stub.answer(path, status, headers, body);
            match fetch(&stub, path).await {
                Ok(running) => assert!(reason.is_empty() && running.version == "1.4.0", "{path}"),
                Err(error) => assert!(!reason.is_empty() && error.contains(reason), "{path}: {error}"),
            }
        }
        assert!(fetch(&stub, "/nothing-here").await.unwrap_err().contains("404"));
        for url in ["", "no url", "ftp://127.0.0.1/x", "http://"] {
            assert!(Fetcher::new().fetch(url, DEVICE, &Running::default()).await.is_err(), "{url}");
        }
    }
}
