//! Several CDNs over one store.

use crate::stage::{REGISTRY, Stage, registry};
use crate::writing::add_one;
use futures_util::StreamExt;
use futures_util::future::join_all;
use grouploop_bridge::Subject;
use grouploop_testkit::{eventually, within};
use std::time::Duration;

macro_rules! on_shared_stages {
    ($($test:ident),* $(,)?) => {
        mod folder {
            $(#[tokio::test] async fn $test() { super::$test($crate::stage::Stage::folder().await).await; })*
        }
        mod s3 {
            $(#[tokio::test] async fn $test() { super::$test($crate::stage::Stage::s3_in_turn().await).await; })*
        }
    };
}

on_shared_stages!(they_agree_within_two_seconds, one_of_many_creates_it, no_update_is_lost, a_registry_is_news_to_all);

async fn they_agree_within_two_seconds(stage: Stage) {
    // As the defaults have it.
    let (one, two) = (
        stage.cdn_with(|settings| settings.revalidate_ms = 1000).await,
        stage.cdn_with(|settings| settings.revalidate_ms = 1000).await,
    );
    let first = one.put("/js/a.js", b"first").await;
    assert_eq!(two.get("/js/a.js").await.header("etag"), Some(&*first));
    let second = one.put("/js/a.js", b"other").await;
    assert_eq!(two.now("/js/a.js").await.header("etag"), Some(&*second), "who says no-cache need not wait");
    let third = one.put("/js/a.js", b"third").await;
    eventually!(Duration::from_secs(2), two.get("/js/a.js").await.header("etag") == Some(&*third));
    assert_eq!(two.get("/js/a.js").await.text(), "third");
    assert_eq!(two.write("DELETE", "/js/a.js", &[], b"").await.status, 204);
    eventually!(Duration::from_secs(2), one.get("/js/a.js").await.status == 404);
}

async fn one_of_many_creates_it(stage: Stage) {
    let (one, two) = (stage.cdn().await, stage.cdn().await);
    for round in 0..3 {
        let path = format!("/static/{round}.txt");
        let writes = [&one, &two, &one, &two].map(|cdn| cdn.write("PUT", &path, &[("If-None-Match", "*")], b"mine"));
        let mut statuses: Vec<u16> = join_all(writes).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 412, 412, 412]);
    }
}

async fn no_update_is_lost(stage: Stage) {
    let (one, two) = (stage.cdn().await, stage.cdn().await);
    one.put("/static/count.txt", b"100").await;
    let adder = async |cdn| {
        for _ in 0..5 {
            add_one(cdn, "/static/count.txt").await;
        }
    };
    join_all([&one, &two, &one, &two].map(adder)).await;
    assert_eq!(one.now("/static/count.txt").await.text(), "120");
    assert_eq!(two.now("/static/count.txt").await.text(), "120");
}

async fn a_registry_is_news_to_all(stage: Stage) {
    let (one, two) = (stage.cdn().await, stage.cdn().await);
    let mut changes = stage.bus().subscribe(Subject::Registry).await.unwrap();
    let sha256 = one.write("PUT", REGISTRY, &[], registry("wink").as_bytes()).await.json()["sha256"].clone();
    let mut nodes = Vec::new();
    while nodes.len() < 2 {
        let change = within("an announcement", changes.next()).await.unwrap();
        let change: serde_json::Value = serde_json::from_slice(&change.payload).unwrap();
        if change["sha256"] == sha256 && !nodes.contains(&change["node"]) {
            nodes.push(change["node"].clone());
        }
    }
    assert_eq!(two.get(REGISTRY).await.text(), registry("wink"), "who announces it serves it");
}

#[tokio::test]
async fn who_writes_into_a_folder_waits_for_other_processes() {
    let stage = Stage::folder().await;
    let cdn = stage.cdn().await;
    let tag = cdn.put("/js/a.js", b"first").await;
    let lock = std::fs::File::open(stage.path().join(".lock")).unwrap();
    lock.lock().unwrap();
    let condition = [("If-Match", &*tag)];
    let mut write = std::pin::pin!(cdn.write("PUT", "/js/a.js", &condition, b"late"));
    let others_are_served = async {
        for _ in 0..50 {
            assert_eq!(cdn.now("/js/a.js").await.text(), "first");
        }
    };
    tokio::select! {
        answer = &mut write => panic!("it did not wait: {answer:?}"),
        () = others_are_served => {}
    }
    std::fs::write(stage.path().join("js/a.js"), "other").unwrap();
    drop(lock);
    assert_eq!(within("its turn", write).await.status, 412);
    assert_eq!(cdn.now("/js/a.js").await.text(), "other");
}
