//! Firmware on its way to devices, announced on the bus while it goes, so that a rollout can show each device.
//!
//! ```text
//!  body of an answer ──bytes──▶ Transfer ◀── report, four times a second ──▶ gl.cdn.firmware
//! ```
//!
//! A report names what moved since the last one, at most 200 downloads in a message and [`MAX_TRANSFERS`] in all, so the bus hears a bounded
//! number of messages however many devices fetch.

use crate::metrics::{Downloaded, Metrics};
use crate::path::AssetPath;
use crate::store::StoreError;
use axum::http::HeaderMap;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use grouploop_bridge::{Bus, DeviceId, Download, FIRMWARE_REPORT_DOWNLOADS, FirmwareReport, NodeId, Subject, json};
use hyper::body::{Body, Frame, SizeHint};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Time between two reports.
const REPORT_INTERVAL: Duration = Duration::from_millis(250);
/// Downloads that are announced at a time.
const MAX_TRANSFERS: usize = 4096;
/// Bytes handed to the connection at a time.
const PIECE_BYTES: usize = 64 << 10;

/// The downloads under way, and those that ended since the last report.
#[derive(Debug)]
pub(crate) struct Downloads {
    metrics: Arc<Metrics>,
    next_id: AtomicU64,
    transfers: Mutex<BTreeMap<u64, Arc<Transfer>>>,
}

#[derive(Debug)]
struct Transfer {
    path: AssetPath,
    size: u64,
    status: u16,
    remote: SocketAddr,
    device: Option<DeviceId>,
    rollout: Option<Arc<str>>,
    runs: Option<Arc<str>>,
    check: bool,
    bytes: AtomicU64,
    reported: AtomicU64,
    ended: AtomicBool,
    /// It ended while there was no bus.
    late: AtomicBool,
}

/// Longest id of a rollout that is repeated.
const MAX_ROLLOUT: usize = 64;
/// Characters that are repeated of what a device says that it runs: an MD5 fits.
pub(crate) const MAX_RUNS: usize = 32;

/// Who asked.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) remote: SocketAddr,
    pub(crate) device: Option<DeviceId>,
    pub(crate) rollout: Option<Arc<str>>,
    /// What it says that it runs.
    pub(crate) runs: Option<Arc<str>>,
    /// A rollout asks what it runs, and nothing else.
    pub(crate) check: bool,
}

impl Client {
    /// A rollout gives each device a URL that names both. Any other device says its MAC address, whose last two bytes are its id.
    pub(crate) fn new(remote: SocketAddr, headers: &HeaderMap, query: Option<&str>) -> Self {
        let given = |name: &str| {
            let pairs = query.into_iter().flat_map(|query| query.split('&'));
            pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let plain = |text: &&str| {
            text.len() <= MAX_ROLLOUT && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let rollout = given("rollout").filter(plain);
        let checked = rollout.and_then(|_| DeviceId::parse(given("check")?));
        let named = checked.or_else(|| rollout.and_then(|_| DeviceId::parse(given("device")?)));
        let mac = headers.get("x-esp32-sta-mac").and_then(|value| value.to_str().ok());
        Self {
            remote,
            device: named.or_else(|| mac.and_then(device_of)),
            rollout: rollout.map(Arc::from),
            runs: said(headers, SKETCH_MD5).or_else(|| said(headers, VERSION)).map(shortened),
            check: checked.is_some(),
        }
    }
}

/// The headers in which a device says what it runs.
pub(crate) const SKETCH_MD5: &str = "x-esp32-sketch-md5";
pub(crate) const VERSION: &str = "x-esp32-version";

/// What a device says in a header.
pub(crate) fn said<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}

/// In small letters, as hashes are compared. A header that is a text is ASCII.
fn shortened(text: &str) -> Arc<str> {
    text.get(..MAX_RUNS).unwrap_or(text).to_ascii_lowercase().into()
}

fn device_of(mac: &str) -> Option<DeviceId> {
    let parts: Vec<&str> = mac.trim().split(':').collect();
    let fine = parts.len() == 6 && parts.iter().all(|part| part.len() == 2);
    let [.., high, low] = parts.as_slice() else { return None };
    if fine { DeviceId::parse(&format!("{high}{low}").to_ascii_lowercase()) } else { None }
}

impl Downloads {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, next_id: AtomicU64::new(1), transfers: Mutex::default() }
    }

    /// The body of an answer with an image, counted while it goes out.
    pub(crate) fn follow(
        self: &Arc<Self>,
        path: &AssetPath,
        client: Client,
        status: u16,
        size: u64,
        source: Source,
    ) -> Counted {
        let transfer = self.begin(path, client, status, size);
        Counted { source, left: size, transfer, downloads: self.clone() }
    }

    /// A device was told that there is nothing to do: it runs this image already, or was only asked what it runs.
    pub(crate) fn nothing_to_do(&self, path: &AssetPath, client: Client) {
        self.metrics.downloaded(if client.check { Downloaded::Checked } else { Downloaded::UpToDate });
        self.begin(path, client, 304, 0).ended.store(true, Ordering::Release);
    }

    fn begin(&self, path: &AssetPath, client: Client, status: u16, size: u64) -> Arc<Transfer> {
        let transfer = Arc::new(Transfer {
            path: path.clone(),
            size,
            status,
            remote: client.remote,
            device: client.device,
            rollout: client.rollout,
            runs: client.runs,
            check: client.check,
            bytes: AtomicU64::new(0),
            reported: AtomicU64::new(u64::MAX),
            ended: AtomicBool::new(false),
            late: AtomicBool::new(false),
        });
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut transfers = self.transfers.lock().unwrap_or_else(PoisonError::into_inner);
        if transfers.len() >= MAX_TRANSFERS {
            self.metrics.downloads_unannounced.inc();
            // What goes on says more than what has ended.
            let ended =
                transfers.iter().find(|(_, transfer)| transfer.ended.load(Ordering::Acquire)).map(|(id, _)| *id);
            let Some(ended) = ended else { return transfer };
            transfers.remove(&ended);
        }
        transfers.insert(id, transfer.clone());
        transfer
    }

    /// What moved since the last time. What ended is named once more and forgotten.
    fn news(&self) -> Vec<Download> {
        let mut news = Vec::new();
        let mut transfers = self.transfers.lock().unwrap_or_else(PoisonError::into_inner);
        transfers.retain(|id, transfer| {
            // In this order, so that the last bytes are seen with the end.
            let ended = transfer.ended.load(Ordering::Acquire);
            let bytes = transfer.bytes.load(Ordering::Relaxed);
            if ended || transfer.reported.swap(bytes, Ordering::Relaxed) != bytes {
                let done = ended && bytes >= transfer.size;
                news.push(Download {
                    id: *id,
                    path: transfer.path.to_string(),
                    bytes,
                    size: transfer.size,
                    done,
                    aborted: ended && !done,
                    status: transfer.status,
                    remote: transfer.remote.to_string(),
                    device: transfer.device,
                    rollout: transfer.rollout.as_deref().map(str::to_owned),
                    runs: transfer.runs.as_deref().map(str::to_owned),
                    check: transfer.check,
                    late: transfer.late.load(Ordering::Relaxed),
                });
            }
            !ended
        });
        news
    }

    /// There is no bus: of what ends, images that devices of a rollout have whole are told when it is back, and nothing else.
    fn keep(&self) {
        let mut transfers = self.transfers.lock().unwrap_or_else(PoisonError::into_inner);
        transfers.retain(|_, transfer| {
            let ended = transfer.ended.load(Ordering::Acquire);
            let is_whole = transfer.bytes.load(Ordering::Relaxed) >= transfer.size;
            transfer.late.fetch_or(ended, Ordering::Relaxed);
            !ended || (transfer.rollout.is_some() && is_whole)
        });
    }

    /// Reports until `stop`, and a last time then.
    pub(crate) async fn run(self: Arc<Self>, bus: Bus, node: NodeId, stop: CancellationToken) {
        let mut ticker = tokio::time::interval(REPORT_INTERVAL);
        loop {
            let stopped = tokio::select! {
                biased;
                () = stop.cancelled() => true,
                _ = ticker.tick() => false,
            };
            // Who runs a rollout may have a bus all the time.
            if !stopped && !bus.is_up() {
                self.keep();
                continue;
            }
            for downloads in self.news().chunks(FIRMWARE_REPORT_DOWNLOADS) {
                let report = FirmwareReport { node: node.clone(), downloads: downloads.to_vec() };
                if bus.publish(&Subject::Firmware, json(&report)).is_err() {
                    self.metrics.firmware_reports_lost.inc();
                }
            }
            if stopped {
                return;
            }
        }
    }
}

/// Where the bytes of an image come from.
pub(crate) enum Source {
    /// Memory.
    Memory(Bytes),
    /// The store, piece by piece.
    Store(BoxStream<'static, Result<Bytes, StoreError>>),
}

/// The body of an answer that counts what it hands out. Dropped early it was aborted.
pub(crate) struct Counted {
    source: Source,
    left: u64,
    transfer: Arc<Transfer>,
    downloads: Arc<Downloads>,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        let this = &mut *self;
        let piece = match &mut this.source {
            Source::Memory(bytes) if bytes.is_empty() => return Poll::Ready(None),
            Source::Memory(bytes) => bytes.split_to(bytes.len().min(PIECE_BYTES)),
            Source::Store(pieces) => match std::task::ready!(pieces.poll_next_unpin(cx)) {
                Some(Ok(piece)) => piece,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            },
        };
        this.left = this.left.saturating_sub(piece.len() as u64);
        this.transfer.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.downloads.metrics.downloaded(if self.left == 0 { Downloaded::Done } else { Downloaded::Aborted });
        self.transfer.ended.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    fn client_headers() -> HeaderMap {
        HeaderMap::from_iter([("x-esp32-sta-mac".parse().unwrap(), "A0:B1:C2:D3:1A:2B".parse().unwrap())])
    }

    fn client() -> Client {
        let headers = client_headers();
        Client::new("10.0.0.7:4711".parse().unwrap(), &headers, None)
    }

    fn downloads() -> (Arc<Downloads>, AssetPath) {
        (Arc::new(Downloads::new(Arc::default())), AssetPath::parse("firmware/x.bin").unwrap())
    }

    #[tokio::test]
    async fn each_piece_is_counted_and_the_end_said_once() {
        let (downloads, path) = downloads();
        let bytes = Bytes::from(vec![7; PIECE_BYTES + 1]);
        let mut body = downloads.follow(&path, client(), 200, bytes.len() as u64, Source::Memory(bytes));
        assert_eq!(downloads.news()[0].bytes, 0, "that it began is news");
        assert!(downloads.news().is_empty());
        body.frame().await.unwrap().unwrap();
        let first = downloads.news();
        assert_eq!((first[0].bytes, first[0].done), (PIECE_BYTES as u64, false));
        assert_eq!(first[0].device, Some(DeviceId(0x1a2b)));
        assert!(downloads.news().is_empty());
        body.frame().await.unwrap().unwrap();
        assert!(body.frame().await.is_none());
        drop(body);
        let last = downloads.news();
        assert_eq!((last[0].bytes, last[0].done, last[0].aborted), (PIECE_BYTES as u64 + 1, true, false));
        assert!(downloads.news().is_empty());
    }

    #[tokio::test]
    async fn of_what_ends_without_a_bus_whole_images_of_a_rollout_are_told_later() {
        let (downloads, path) = downloads();
        let bytes = Bytes::from(vec![7; PIECE_BYTES]);
        let of_rollout = || Client { rollout: Some("r-1".into()), ..client() };
        let follow = |client| downloads.follow(&path, client, 200, bytes.len() as u64, Source::Memory(bytes.clone()));
        let (mut whole, cut, mut of_none, goes_on) =
            (follow(of_rollout()), follow(of_rollout()), follow(client()), follow(client()));
        for body in [&mut whole, &mut of_none] {
            body.frame().await.unwrap().unwrap();
        }
        drop((whole, cut, of_none));
        downloads.keep();
        let told: Vec<_> = downloads.news().iter().map(|one| (one.id, one.done, one.late)).collect();
        assert_eq!(told, [(1, true, true), (4, false, false)]);
        drop(goes_on);
        assert!(!downloads.news()[0].late);
    }

    #[tokio::test]
    async fn a_client_that_goes_away_has_aborted() {
        let (downloads, path) = downloads();
        let bytes = Bytes::from(vec![7; PIECE_BYTES * 2]);
        let mut body = downloads.follow(&path, client(), 200, bytes.len() as u64, Source::Memory(bytes));
        body.frame().await.unwrap().unwrap();
        drop(body);
        let last = downloads.news();
        assert_eq!((last[0].done, last[0].aborted), (false, true));
    }

    #[test]
    fn there_is_a_bound() {
        let (downloads, path) = downloads();
        for _ in 0..MAX_TRANSFERS + 5 {
            downloads.nothing_to_do(&path, client());
        }
        let news = downloads.news();
        assert_eq!(news.len(), MAX_TRANSFERS);
        assert_eq!((news[0].status, news[0].done), (304, true));
        assert_eq!(downloads.metrics.downloads_unannounced.get(), 5);
    }

    #[test]
    fn a_device_of_a_rollout_is_known_by_its_url() {
        let known = |query: &str| {
            let Client { device, rollout, .. } = Client::new(client().remote, &client_headers(), Some(query));
            (device.unwrap().0, rollout)
        };
        assert_eq!(known("rollout=r-1&device=00ff"), (0x00ff, Some("r-1".into())));
        assert_eq!(known("rollout=r-1"), (0x1a2b, Some("r-1".into())));
        let long = format!("rollout={}&device=00ff", "x".repeat(65));
        for none in ["device=00ff", "rollout=a.b&device=00ff", "", "rollout", &long] {
            assert_eq!(known(none), (0x1a2b, None), "{none}");
        }
    }

    #[test]
    fn what_a_device_says_that_it_runs_is_repeated_shortened() {
        let says = |headers: &[(&'static str, &str)], query: &str| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let client = Client::new(client().remote, &HeaderMap::from_iter(headers), Some(query));
            (client.runs.as_deref().map(str::to_owned), client.check, client.device)
        };
        let (md5, long) = ("AB".repeat(16), "x".repeat(80));
        let (md5, version) = ((SKETCH_MD5, md5.as_str()), (VERSION, "1.4.0"));
        assert_eq!(says(&[md5, version], ""), (Some("ab".repeat(16)), false, None));
        assert_eq!(says(&[version], "check=00ff"), (Some("1.4.0".into()), false, None), "only a rollout asks");
        assert_eq!(says(&[(VERSION, &long)], "").0, Some("x".repeat(MAX_RUNS)));
        assert_eq!(says(&[(SKETCH_MD5, " ")], "rollout=r-1&check=00ff"), (None, true, Some(DeviceId(0x00ff))));
    }

    #[test]
    fn a_device_is_known_by_its_mac_address() {
        assert_eq!(device_of("A0:B1:C2:D3:1A:2B"), Some(DeviceId(0x1a2b)));
        for none in ["", "1a2b", "A0:B1:C2:D3:1A", "A0:B1:C2:D3:1A:2", "A0:B1:C2:D3:XX:YY", "A0:B1:C2:D3:+1:2B"] {
            assert_eq!(device_of(none), None, "{none}");
        }
    }
}
