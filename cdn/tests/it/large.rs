//! Objects that are too large for the memory of a CDN: the same rules, streamed.

use crate::on_all_stages;
use crate::raw::{Raw, put_anyway};
use crate::stage::{HUGE, LARGE, Node, Stage, noise};
use std::io::Write as _;

on_all_stages!(
    large_objects_follow_the_same_rules,
    one_in_parts_arrives_whole,
    replaced_while_it_is_read_it_is_never_a_mixture,
    a_range_of_one_that_was_replaced_elsewhere_is_one_of_the_new,
);

async fn large_objects_follow_the_same_rules(stage: Stage) {
    let (cdn, bytes) = (stage.cdn().await, noise(1, LARGE));
    let tag = cdn.put("/js/large.js", &bytes).await;
    // Not compressed: that would need it whole in memory.
    let whole = cdn.get_with("/js/large.js", &[("Accept-Encoding", "br")]).await;
    assert!(whole.body == bytes);
    assert_eq!((whole.header("etag"), whole.header("content-encoding")), (Some(&*tag), None));
    assert_eq!(whole.header("content-length"), Some(&*LARGE.to_string()));
    let head = cdn.head_with("/js/large.js", &[]).await;
    assert_eq!((head.header("etag"), head.header("content-length")), (Some(&*tag), Some(&*LARGE.to_string())));
    assert_eq!(cdn.get_with("/js/large.js", &[("If-None-Match", &tag)]).await.status, 304);
    for (range, part) in [
        ("bytes=0-0", 0..1),
        ("bytes=1000000-1000009", 1_000_000..1_000_010),
        ("bytes=4000000-", 4_000_000..LARGE),
        ("bytes=-5", LARGE - 5..LARGE),
        ("bytes=-99999999", 0..LARGE),
        ("bytes=0-99999999", 0..LARGE),
    ] {
        let answer = cdn.get_with("/js/large.js", &[("Range", range), ("If-Range", &tag)]).await;
        assert_eq!(answer.status, 206, "{range}");
        assert!(answer.body == bytes[part.clone()], "{range}: {} bytes", answer.body.len());
        let expected = format!("bytes {}-{}/{LARGE}", part.start, part.end - 1);
        assert_eq!(answer.header("content-range"), Some(&*expected));
    }
    let beyond = cdn.get_with("/js/large.js", &[("Range", &format!("bytes={LARGE}-"))]).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some(&*format!("bytes */{LARGE}"))));
    let other = cdn.get_with("/js/large.js", &[("Range", "bytes=0-0"), ("If-Range", "\"other\"")]).await;
    assert_eq!((other.status, other.body.len()), (200, LARGE));
    // They are in nobody's memory.
    let kept = cdn.get("/health").await.json()["cache_bytes"].as_u64().unwrap();
    assert!(kept < 4 << 20, "{kept}");
}

async fn one_in_parts_arrives_whole(stage: Stage) {
    let (cdn, bytes) = (stage.cdn().await, noise(2, HUGE));
    let tag = cdn.put("/static/huge.bin", &bytes).await;
    let whole = cdn.get("/static/huge.bin").await;
    assert!(whole.body == bytes && whole.header("etag") == Some(&*tag));
    for condition in ["If-None-Match: *\r\n", "If-Match: \"other\"\r\n"] {
        let refused = put_anyway(cdn.addr, "/static/huge.bin", condition, &bytes).await;
        assert!(refused.starts_with("HTTP/1.1 412 "), "{condition}: {refused}");
    }
    let other = noise(3, HUGE);
    let answer = cdn.write("PUT", "/static/huge.bin", &[("If-Match", &tag)], &other).await;
    assert_eq!((answer.status, answer.json()["size"].as_u64()), (200, Some(HUGE as u64)));
    assert!(cdn.get("/static/huge.bin").await.body == other);
    assert_eq!(cdn.write("DELETE", "/static/huge.bin", &[], b"").await.status, 204);
    assert_eq!(cdn.get("/static/huge.bin").await.status, 404);
}

/// Begins to read an object, and holds on in the middle.
async fn begin(cdn: &Node, path: &str) -> (Raw, Vec<u8>) {
    let mut reader = Raw::narrow(cdn.addr).await;
    reader.send(format!("GET {path} HTTP/1.1\r\nHost: cdn\r\nConnection: close\r\n\r\n")).await;
    let head = reader.head().await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let first = reader.exactly(1000).await;
    (reader, first)
}

async fn replaced_while_it_is_read_it_is_never_a_mixture(stage: Stage) {
    let (cdn, old, new) = (stage.cdn().await, noise(4, HUGE), noise(5, HUGE));
    cdn.put("/static/huge.bin", &old).await;
    let (mut reader, mut seen) = begin(&cdn, "/static/huge.bin").await;
    cdn.put("/static/huge.bin", &new).await;
    seen.extend(reader.rest().await);
    assert!(old.starts_with(&seen), "{} bytes, not all of them of the old one", seen.len());
    assert!(cdn.get("/static/huge.bin").await.body == new);

    let (mut reader, mut seen) = begin(&cdn, "/static/huge.bin").await;
    assert_eq!(cdn.write("DELETE", "/static/huge.bin", &[], b"").await.status, 204);
    seen.extend(reader.rest().await);
    assert!(new.starts_with(&seen), "{} bytes, not all of them of the old one", seen.len());
}

async fn a_range_of_one_that_was_replaced_elsewhere_is_one_of_the_new(stage: Stage) {
    if !stage.is_shared() {
        return;
    }
    let patient = stage.cdn_with(|settings| settings.revalidate_ms = 3_600_000).await;
    let other = stage.cdn().await;
    let (old, new) = (noise(6, LARGE), noise(7, LARGE));
    let tag = other.put("/static/large.bin", &old).await;
    assert_eq!(patient.get("/static/large.bin").await.header("etag"), Some(&*tag));
    let new_tag = other.put("/static/large.bin", &new).await;
    // It still believes to have the old one, and finds out at the store.
    let part = patient.get_with("/static/large.bin", &[("Range", "bytes=7-16")]).await;
    assert_eq!((part.status, part.header("etag"), &part.body[..]), (206, Some(&*new_tag), &new[7..17]));
    let newest = other.put("/static/large.bin", &old[1..]).await;
    let whole = patient.get_with("/static/large.bin", &[("Range", "bytes=7-16"), ("If-Range", &new_tag)]).await;
    assert_eq!((whole.status, whole.header("etag")), (200, Some(&*newest)));
    assert!(whole.body == old[1..]);
    assert_eq!(other.write("DELETE", "/static/large.bin", &[], b"").await.status, 204);
    assert_eq!(patient.get("/static/large.bin").await.status, 404);
}

#[tokio::test]
async fn a_file_that_becomes_shorter_while_it_is_read_ends_the_answer() {
    let stage = Stage::folder().await;
    let (cdn, old) = (stage.cdn().await, noise(8, HUGE));
    cdn.put("/static/huge.bin", &old).await;
    let (mut reader, mut seen) = begin(&cdn, "/static/huge.bin").await;
    let mut file = std::fs::File::create(stage.path().join("static/huge.bin")).unwrap();
    file.write_all(b"somebody with an editor").unwrap();
    seen.extend(reader.rest().await);
    assert!(old.starts_with(&seen) && seen.len() < HUGE, "{} bytes", seen.len());
    assert_eq!(cdn.now("/static/huge.bin").await.text(), "somebody with an editor");
}
