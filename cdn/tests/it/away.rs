//! Stores that go away, stay away, hang, and come back.

use crate::stage::{Folder, Node, REGISTRY, Stage, noise, registry};
use futures_util::StreamExt;
use grouploop_bridge::Subject;
use grouploop_testkit::{Proxy, eventually, within};
use std::time::{Duration, Instant};

/// A store with one object that is in memory, and one that is not.
async fn begin(cdn: &Node) {
    assert!(cdn.is_ready().await);
    cdn.put("/js/known.js", b"known").await;
    cdn.put("/js/unknown.js", b"unknown").await;
    assert_eq!(cdn.get("/js/known.js").await.text(), "known");
}

/// What holds while the store is away.
async fn lives_on(cdn: &Node) {
    assert_eq!(cdn.get("/js/known.js").await.text(), "known");
    assert_eq!(cdn.now("/js/known.js").await.text(), "known", "the best that there is");
    let unknown = cdn.get("/js/unknown.js").await;
    assert_eq!((unknown.status, unknown.header("retry-after")), (503, Some("1")));
    assert_eq!(unknown.json()["error"], "store_away");
    assert_eq!(cdn.write("PUT", "/js/known.js", &[], b"lost?").await.status, 503);
    assert_eq!(cdn.write("DELETE", "/js/known.js", &[], b"").await.status, 503);
    assert_eq!(cdn.get("/livez").await.status, 200);
    assert_eq!(cdn.get("/health").await.json()["status"], "degraded");
    assert!(cdn.get("/metrics").await.text().contains("grouploop_cdn_store_up 0"));
}

async fn is_back(cdn: &Node) {
    eventually!(cdn.is_ready().await);
    assert_eq!(cdn.get("/js/unknown.js").await.text(), "unknown");
    cdn.put("/js/known.js", b"newer").await;
    assert_eq!(cdn.get("/js/known.js").await.text(), "newer");
}

#[tokio::test]
async fn a_server_that_dies_and_comes_back() {
    let mut stage = Stage::s3().await;
    let cdn = stage.cdn().await;
    begin(&cdn).await;
    stage.server().kill().await;
    // Before the probe finds out as well.
    assert_eq!(cdn.now("/js/known.js").await.text(), "known");
    let reason = cdn.unready().await;
    assert!(reason.starts_with("object store away: "), "{reason}");
    assert!(!reason.contains(stage.server().secret_key()));
    lives_on(&cdn).await;
    stage.server().restart().await;
    is_back(&cdn).await;
}

#[tokio::test]
async fn a_server_that_comes_after_the_cdn() {
    let mut stage = Stage::s3().await;
    stage.server().kill().await;
    let mut changes = stage.bus().subscribe(Subject::Registry).await.unwrap();
    let cdn = stage.cdn_with(|settings| settings.store_timeout_ms = 500).await;
    assert_eq!(cdn.get("/readyz").await.status, 503);
    assert_eq!(cdn.get(REGISTRY).await.status, 503);
    stage.server().restart().await;
    eventually!(cdn.is_ready().await);
    // What the program brings along is put there now, and edges hear of it.
    eventually!(cdn.get(REGISTRY).await.status == 200);
    within("the registry to be announced", changes.next()).await.unwrap();
}

#[tokio::test]
async fn a_server_that_hangs() {
    let mut stage = Stage::s3().await;
    let proxy = Proxy::start(stage.server().addr()).await;
    let mut variables = stage.server().env();
    variables[0].1 = proxy.url("http");
    let url = format!("s3://{}", stage.server().bucket());
    let cdn = stage.cdn_at(url, variables, |settings| settings.store_timeout_ms = 300).await;
    begin(&cdn).await;
    cdn.put("/static/large.bin", noise(1, crate::stage::LARGE)).await;
    assert_eq!(cdn.head_with("/static/large.bin", &[]).await.status, 200);
    proxy.stall();
    let start = Instant::now();
    assert_eq!(cdn.now("/js/known.js").await.text(), "known");
    assert_eq!(cdn.get("/static/large.bin").await.status, 503, "its bytes are at the store alone");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let reason = cdn.unready().await;
    assert!(reason.contains("does not answer in time"), "{reason}");
    lives_on(&cdn).await;
    proxy.resume();
    is_back(&cdn).await;
    assert_eq!(cdn.get("/static/large.bin").await.status, 200);
}

#[tokio::test]
async fn credentials_that_are_wrong_are_named_and_not_shown() {
    let mut stage = Stage::s3().await;
    let mut variables = stage.server().env();
    for (name, value) in &mut variables {
        if name == "AWS_SECRET_ACCESS_KEY" {
            "not-the-secret".clone_into(value);
        }
    }
    let url = format!("s3://{}", stage.server().bucket());
    let cdn = stage.cdn_at(url, variables, |_| {}).await;
    let reason = cdn.unready().await;
    assert!(reason.contains("403") && !reason.contains("not-the-secret"), "{reason}");
}

#[tokio::test]
async fn a_folder_that_is_removed_and_made_again() {
    let stage = Stage::folder().await;
    let cdn = stage.cdn().await;
    begin(&cdn).await;
    let elsewhere = Folder::new();
    let aside = elsewhere.0.join("aside");
    std::fs::rename(stage.path(), &aside).unwrap();
    // Before the probe finds out as well: that the folder is gone is no news of the file.
    assert_eq!(cdn.now("/js/known.js").await.text(), "known");
    assert_eq!(cdn.get("/js/unknown.js").await.status, 503);
    let reason = cdn.unready().await;
    assert!(reason.contains(stage.path().to_str().unwrap()), "{reason}");
    lives_on(&cdn).await;
    std::fs::rename(&aside, stage.path()).unwrap();
    is_back(&cdn).await;
}

#[tokio::test]
async fn an_empty_folder_in_its_place_is_filled_again() {
    let stage = Stage::folder().await;
    let mut changes = stage.bus().subscribe(Subject::Registry).await.unwrap();
    let cdn = stage.cdn().await;
    within("the built-in registry to be announced", changes.next()).await.unwrap();
    cdn.put("/js/known.js", b"known").await;
    cdn.put(REGISTRY, registry("wink")).await;
    within("another one to be announced", changes.next()).await.unwrap();
    std::fs::remove_dir_all(stage.path()).unwrap();
    cdn.unready().await;
    std::fs::create_dir(stage.path()).unwrap();
    eventually!(cdn.is_ready().await);
    eventually!(cdn.now("/js/known.js").await.status == 404);
    eventually!(cdn.now("/js/p5.min.js").await.status == 200);
    eventually!({
        let now = cdn.now(REGISTRY).await;
        now.status == 200 && now.text() != registry("wink")
    });
    within("the built-in one to be announced again", changes.next()).await.unwrap();
}

/// Whoever asks for names that are not there keeps nobody from what is.
#[tokio::test]
async fn a_server_that_hangs_while_many_ask_for_what_is_not_there() {
    let mut stage = Stage::s3().await;
    let proxy = Proxy::start(stage.server().addr()).await;
    let mut variables = stage.server().env();
    variables[0].1 = proxy.url("http");
    let url = format!("s3://{}", stage.server().bucket());
    let cdn = stage.cdn_at(url, variables, |settings| settings.store_timeout_ms = 1_000).await;
    begin(&cdn).await;
    proxy.stall();
    let start = Instant::now();
    let missing = (0..300).map(|number| {
        let cdn = &cdn;
        async move { cdn.get(&format!("/js/none-{number}.js")).await.status }
    });
    let missing = futures_util::future::join_all(missing);
    let known = async { (cdn.now("/js/known.js").await.text().to_owned(), start.elapsed()) };
    let (missing, (known, after)) = futures_util::future::join(missing, known).await;
    assert!(missing.iter().all(|status| *status == 503), "{missing:?}");
    assert_eq!(known, "known");
    // Two looks at a store of a second, rather than five rounds of sixty-four.
    assert!(after < Duration::from_millis(4_000), "{after:?}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// Somebody else holds the folder: it opens all the same, and says what is missing.
#[tokio::test]
async fn a_folder_that_is_locked_does_not_hold_up_the_start() {
    let stage = Stage::folder().await;
    let lock = std::fs::File::create(stage.path().join(".lock")).unwrap();
    lock.lock().unwrap();
    let start = Instant::now();
    let cdn = stage.cdn_with(|settings| settings.store_timeout_ms = 300).await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let health = cdn.get("/health").await.json();
    assert_eq!(health["status"], "degraded");
    assert!(health["store"]["built_in_files"].as_str().unwrap().starts_with("missing: "), "{health}");
}
