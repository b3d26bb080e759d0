//! Content that the kernel sends without copying it.
//!
//! ```text
//!  handler ──Bytes, and Sealed as an extension──▶ hyper ──slices──▶ guard ──▶ is it a part of the sealed bytes?
//!                                                                      yes: sendfile, the same range of the file
//!                                                                      no (heads, TLS, anything else): a write, as ever
//! ```
//!
//! hyper knows bytes alone. So a content is there twice, as bytes and as a file, and the guard finds out by its address that a slice is a
//! part of those bytes: they are alive and cannot change, so nothing else can be there. Whatever is not found goes out as it is.

use crate::kernel;
use hyper::body::Bytes;
use std::fs::File;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;

/// Bytes of which the kernel has a copy that it can send from. Among the extensions of an answer it makes the parts of these very bytes that
/// are in the body (clones and slices of them, not copies) leave without being copied, where they leave as they are: not through TLS.
///
/// Worth it from some 100 KB on. It takes as much memory again, outside of the heap, and an open file.
#[derive(Debug, Clone)]
pub struct Sealed(Arc<Content>);

#[derive(Debug)]
struct Content {
    bytes: Bytes,
    file: File,
}

impl Sealed {
    /// Has the kernel copy the bytes.
    ///
    /// # Errors
    /// When it cannot: on other systems than Linux, and when files or memory are short. The bytes can be served without.
    pub fn new(bytes: Bytes) -> io::Result<Self> {
        let file = kernel::sealed_file(&bytes)?;
        Ok(Self(Arc::new(Content { bytes, file })))
    }

    /// Where in the content this slice is, when it is a part of its very bytes.
    pub(crate) fn find(&self, slice: &[u8]) -> Option<u64> {
        let (whole, part) = (self.0.bytes.as_ptr_range(), slice.as_ptr_range());
        let inside = !slice.is_empty() && whole.start <= part.start && part.end <= whole.end;
        inside.then(|| (part.start.addr() - whole.start.addr()) as u64)
    }

    /// Sends a part of the content, as much of it as the socket takes.
    pub(crate) fn send(&self, socket: &TcpStream, offset: u64, length: usize) -> io::Result<usize> {
        kernel::send_file(socket, &self.0.file, offset, length)
    }
}

#[cfg(test)]
impl Sealed {
    /// A content whose file says something else than its bytes, to see which of them is sent.
    pub(crate) fn forged(bytes: Bytes, file: &[u8]) -> Self {
        Self(Arc::new(Content { bytes, file: kernel::sealed_file(file).unwrap() }))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::{ServeOptions, Server};
    use axum::Router;
    use axum::body::Body;
    use axum::http::Response;
    use axum::routing::get;
    use std::io::Write;
    use std::net::TcpListener;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn a_part_is_found_by_its_place_and_not_by_its_content() {
        let bytes = Bytes::from(vec![b'a'; 1000]);
        let sealed = Sealed::new(bytes.slice(100..900)).unwrap();
        assert_eq!(sealed.find(&bytes[100..900]), Some(0));
        assert_eq!(sealed.find(&bytes.slice(150..160)), Some(50));
        assert_eq!(sealed.find(&bytes[899..900]), Some(799));
        for outside in [&bytes[..], &bytes[99..101], &bytes[899..901], &bytes[..100], &bytes[900..], &bytes[150..150]] {
            assert_eq!(sealed.find(outside), None, "{} bytes", outside.len());
        }
        assert_eq!(sealed.find(&[b'a'; 800]), None, "the same content elsewhere");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_sealed_comes_from_the_kernel_and_nothing_else_does() {
        const BYTES: usize = 700_000;
        let bytes = Bytes::from(vec![b'a'; BYTES]);
        let sealed = Sealed::forged(bytes.clone(), &vec![b'f'; BYTES]);
        let with = move |body: Bytes, sealed: Option<Sealed>| {
            get(move || async move {
                let mut answer = Response::new(Body::from(body));
                if let Some(sealed) = sealed {
                    answer.extensions_mut().insert(sealed);
                }
                answer
            })
        };
        let router = Router::new()
            .route("/whole", with(bytes.clone(), Some(sealed.clone())))
            .route("/part", with(bytes.slice(1_000..601_000), Some(sealed.clone())))
            .route("/copy", with(Bytes::copy_from_slice(&bytes), Some(sealed)))
            .route("/unsealed", with(bytes, None));
        let options = ServeOptions {
            name: "test",
            max_connections: 10,
            header_timeout: Duration::from_secs(60),
            slow_client: Duration::from_secs(60),
            counts: Arc::default(),
            tls: None,
        };
        let server = Server::start(options, TcpListener::bind("127.0.0.1:0").unwrap(), router).unwrap();
        // One connection for all, so that nothing of an answer is left for the next.
        let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        for (path, letter, length) in [
            ("/whole", b'f', BYTES),
            ("/unsealed", b'a', BYTES),
            ("/part", b'f', 600_000),
            ("/copy", b'a', BYTES),
            ("/whole", b'f', BYTES),
        ] {
            stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            assert!(head.contains(&format!("\r\nContent-Length: {length}\r\n")), "{path}: {head}");
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            assert!(body.iter().all(|byte| *byte == letter), "{path} begins with {:?}", &body[..8]);
        }
    }

    #[test]
    fn nobody_can_change_it() {
        let sealed = Sealed::new(Bytes::from_static(b"abc")).unwrap();
        let mut file = &sealed.0.file;
        assert!(file.write(b"d").is_err());
        assert!(file.set_len(0).is_err());
    }
}
