//! Firmware as devices fetch it, and what the bus hears of it.

use crate::on_all_stages;
use crate::raw::{Raw, exchange};
use crate::stage::{HUGE, Node, Stage, noise, report_where};
use grouploop_bridge::Subject;
use std::time::Duration;

const IMAGE: &str = "/firmware/1.2.0/c3.bin";

on_all_stages!(a_device_gets_its_image_or_hears_that_it_has_it, http_1_0_is_served, downloads_are_announced);

async fn publish(cdn: &Node, image: &[u8]) {
    cdn.put(IMAGE, image).await;
    let manifest =
        br#"{"version": "1.2.0", "build_date": "2025-01-31", "boards": {"esp32-c3": "firmware/1.2.0/c3.bin"}}"#;
    cdn.put("/firmware/manifest.json", manifest).await;
}

async fn a_device_gets_its_image_or_hears_that_it_has_it(stage: Stage) {
    let (cdn, image) = (stage.cdn().await, noise(1, 70_000));
    publish(&cdn, &image).await;
    let whole = cdn.get_with(IMAGE, &[("Accept-Encoding", "br, gzip")]).await;
    let md5 = whole.header("x-md5").unwrap();
    assert_eq!((&whole.body, whole.header("content-length")), (&image, Some("70000")));
    assert_eq!((whole.header("content-encoding"), whole.header("vary")), (None, None));
    let said = cdn.get("/firmware/manifest.json").await.json()["images"]["esp32-c3"][0].clone();
    assert_eq!((said["md5"].as_str(), said["size"].as_u64()), (Some(md5), Some(70_000)));
    assert_eq!(cdn.head_with(IMAGE, &[]).await.header("x-md5"), Some(md5));
    let upper = md5.to_ascii_uppercase();
    for (status, headers) in [
        (304, &[("x-ESP32-sketch-md5", md5)][..]),
        (304, &[("x-ESP32-sketch-md5", &upper)]),
        (200, &[("x-ESP32-sketch-md5", "00112233445566778899aabbccddeeff")]),
        (304, &[("x-ESP32-version", "1.2.0")]),
        (200, &[("x-ESP32-version", "1.1.0")]),
        (200, &[("x-ESP32-version", "")]),
        // Who says both is believed in what it is, not in what it is called.
        (200, &[("x-ESP32-sketch-md5", "00112233445566778899aabbccddeeff"), ("x-ESP32-version", "1.2.0")]),
        (304, &[("x-ESP32-sketch-md5", md5), ("x-ESP32-version", "1.1.0")]),
    ] {
        let answer = cdn.get_with(IMAGE, headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert_eq!(answer.body.len(), if status == 200 { 70_000 } else { 0 });
    }
    // Who is asked what it runs gets nothing, whatever that is; but only a rollout asks.
    for (status, query) in [(304, "rollout=r-1&check=1a2b"), (200, "check=1a2b"), (200, "rollout=r-1&check=x")] {
        assert_eq!(cdn.get(&format!("{IMAGE}?{query}")).await.status, status, "{query}");
    }
    // An image that the manifest does not name has no version.
    cdn.put("/firmware/loose.bin", &image).await;
    assert_eq!(cdn.get_with("/firmware/loose.bin", &[("x-ESP32-version", "1.2.0")]).await.status, 200);
    // Only the whole has the sum of the whole.
    let part = cdn.get_with(IMAGE, &[("Range", "bytes=0-9")]).await;
    assert_eq!((part.status, part.header("x-md5")), (206, None));
    assert_eq!(cdn.get("/static/commands.json").await.header("x-md5"), None);
}

async fn http_1_0_is_served(stage: Stage) {
    let cdn = stage.cdn().await;
    for size in [1000, crate::stage::LARGE] {
        let image = noise(1, size);
        cdn.put(IMAGE, &image).await;
        let mut client = Raw::connect(cdn.addr).await;
        client.send(format!("GET {IMAGE} HTTP/1.0\r\nUser-Agent: ESP32-http-Update\r\n\r\n")).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.0 200 "), "{head}");
        let head = head.to_ascii_lowercase();
        assert!(head.contains(&format!("\r\ncontent-length: {size}\r\n")), "{head}");
        assert!(head.contains("\r\nx-md5: ") && !head.contains("transfer-encoding"), "{head}");
        assert!(client.rest().await == image, "and the connection ends");
    }
    let kept = format!("GET {IMAGE} HTTP/1.0\r\nConnection: keep-alive\r\nRange: bytes=0-1\r\n\r\n");
    let mut client = Raw::connect(cdn.addr).await;
    for _ in 0..2 {
        client.send(&kept).await;
        assert!(client.head().await.starts_with("HTTP/1.0 206 "));
        client.exactly(2).await;
    }
    let text = exchange(cdn.addr, "GET /firmware/manifest.json HTTP/1.0\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.0 200 ") && text.contains("\"boards\""), "{text}");
}

async fn downloads_are_announced(stage: Stage) {
    let mut reports = stage.bus().subscribe(Subject::Firmware).await.unwrap();
    let (cdn, image) = (stage.cdn().await, noise(1, 70_000));
    cdn.put(IMAGE, &image).await;
    let path = &IMAGE[1..];
    let whole = cdn.get_with(IMAGE, &[("x-ESP32-STA-MAC", "A0:B1:C2:D3:1A:2B")]).await;
    let done = report_where(&mut reports, "the whole", |download| download.done).await;
    assert_eq!((&*done.path, done.bytes, done.size, done.status), (path, 70_000, 70_000, 200));
    assert!(!done.aborted && done.remote.starts_with("127.0.0.1:"), "{done:?}");
    assert_eq!(done.device.map(|device| device.0), Some(0x1a2b));

    cdn.get_with(IMAGE, &[("x-ESP32-sketch-md5", whole.header("x-md5").unwrap())]).await;
    let known = report_where(&mut reports, "a 304", |download| download.status == 304).await;
    assert_eq!((known.bytes, known.size, known.done, known.aborted), (0, 0, true, false));
    cdn.get_with(IMAGE, &[("Range", "bytes=10-19")]).await;
    let part = report_where(&mut reports, "a part", |download| download.status == 206 && download.done).await;
    assert_eq!((part.bytes, part.size), (10, 10));
    assert!(known.id != done.id && part.id != known.id);
    cdn.get_with(&format!("{IMAGE}?rollout=r-1&check=00ff"), &[("x-ESP32-sketch-md5", "00AA")]).await;
    let asked = report_where(&mut reports, "an answer", |download| download.check).await;
    assert_eq!((asked.status, asked.runs.as_deref()), (304, Some("00aa")));
    assert_eq!((asked.device.map(|device| device.0), asked.rollout.as_deref()), (Some(0x00ff), Some("r-1")));
}

#[tokio::test]
async fn a_slow_device_is_seen_on_its_way_and_one_that_leaves_too() {
    let stage = Stage::folder().await;
    let mut reports = stage.bus().subscribe(Subject::Firmware).await.unwrap();
    let cdn = stage.cdn().await;
    cdn.put(IMAGE, noise(1, HUGE)).await;
    let mut slow = Raw::narrow(cdn.addr).await;
    slow.send(format!("GET {IMAGE} HTTP/1.1\r\nHost: cdn\r\n\r\n")).await;
    slow.head().await;
    let first = report_where(&mut reports, "its beginning", |download| download.bytes > 0).await;
    assert!(!first.done && !first.aborted && first.bytes < HUGE as u64, "{first:?}");
    assert_eq!(first.remote, slow.0.local_addr().unwrap().to_string());
    // Each report of it is further on, until it ends.
    slow.exactly(HUGE / 2).await;
    let later = report_where(&mut reports, "it further on", |download| download.bytes > HUGE as u64 / 2).await;
    assert!(later.id == first.id && !later.done, "{later:?}");
    drop(slow);
    let end = report_where(&mut reports, "its end", |download| download.aborted).await;
    assert!(end.id == first.id && !end.done && end.bytes < HUGE as u64, "{end:?}");
    let metrics = cdn.get("/metrics").await;
    assert!(metrics.text().contains("outcome=\"aborted\"} 1"), "{}", metrics.text());
}

#[tokio::test]
async fn many_downloads_are_few_reports() {
    use futures_util::StreamExt;
    let stage = Stage::memory().await;
    let mut reports = stage.bus().subscribe(Subject::Firmware).await.unwrap();
    let cdn = stage.cdn().await;
    cdn.put(IMAGE, noise(1, 1000)).await;
    let start = std::time::Instant::now();
    futures_util::future::join_all((0..150).map(|_| cdn.get(IMAGE))).await;
    let (mut done, mut count) = (0, 0);
    while done < 150 {
        let report = grouploop_testkit::within("all of them", reports.next()).await.unwrap();
        let report: grouploop_bridge::FirmwareReport = serde_json::from_slice(&report.payload).unwrap();
        done += report.downloads.iter().filter(|download| download.done).count();
        count += 1;
    }
    // Four a second, and one more for each end of the time.
    let most = start.elapsed().div_duration_f64(Duration::from_millis(250)) + 2.0;
    assert!(f64::from(count) <= most, "{count} reports in {:?}", start.elapsed());
}
