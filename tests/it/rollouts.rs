//! Rollouts over whole systems: CDNs, simulated devices and NATS as processes of their own, and what goes wrong between them.

use crate::stage::builder;
use grouploop_testkit::{Edge, NatsServer, PATIENCE, Proxy, Response, eventually, http, http_get};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub(crate) const TOKEN: &str = "0123456789-token-of-the-tests";
pub(crate) const BOARD: &str = "seeed_xiao_esp32c3";
const PATH: &str = "/firmware/c3-1.4.0.bin";
const SPACE: &str = "/api/spaces/lab/rollouts";

/// A folder of its own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("grouploop-rollouts-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A CDN over the folder, from which devices fetch at `device_url`, or at itself.
async fn cdn(nats: &NatsServer, folder: &Folder, device_url: &str) -> Edge {
    cdn_at(nats.url(), folder, device_url).await
}

/// The same, with another way to NATS.
async fn cdn_at(nats_url: String, folder: &Folder, device_url: &str) -> Edge {
    let started = builder()
        .role("cdn")
        .nats_url(nats_url)
        .env("GROUPLOOP_CDN__STORE", format!("file://{}", folder.0.display()))
        .env("GROUPLOOP_CDN__TOKEN", TOKEN)
        .env("GROUPLOOP_CDN__DEVICE_URL", device_url)
        .start()
        .await;
    eventually!(http_get(started.addr(), "/health").await.json()["status"] == "ok");
    started
}

/// An image of version 1.4.0, large enough to be on its way for a moment.
fn image() -> Vec<u8> {
    let mut data: Vec<u8> = (0..400_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    // The application's description: its magic and, at 16, its version.
    data[..4].copy_from_slice(&0xabcd_5432_u32.to_le_bytes());
    data[16..48].fill(0);
    data[16..21].copy_from_slice(b"1.4.0");
    let mut bytes = vec![0; 24];
    bytes[..2].copy_from_slice(&[0xe9, 1]);
    bytes[12] = 5;
    bytes.extend(0x3c00_0020_u32.to_le_bytes());
    bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    bytes.extend(&data);
    bytes.resize((bytes.len() + 1).next_multiple_of(16), 0);
    *bytes.last_mut().unwrap() = data.iter().fold(0xef, |sum, byte| sum ^ byte);
    bytes
}

pub(crate) async fn publish(cdn: &Edge) {
    let authorization = format!("Bearer {TOKEN}");
    let manifest = json!({"version": "1.4.0", "build_date": "2025-01-31", "boards": {BOARD: &PATH[1..]}}).to_string();
    for (path, body) in [(PATH, image()), ("/firmware/manifest.json", manifest.into_bytes())] {
        let written = http("PUT", cdn.addr(), path, &[("Authorization", &authorization)], body).await;
        assert!(matches!(written.status, 200 | 201), "{}", written.text());
    }
}

pub(crate) async fn swarm(simulator: &Edge, name: &str, first: u16, devices: usize, faults: Value) {
    let definition = json!({
        "name": name, "space": "lab", "first_id": format!("{first:04x}"), "devices": devices, "rate_hz": 5, "faults": faults,
    });
    let json = ("Content-Type", "application/json");
    let started = http("POST", simulator.addr(), "/api/swarms", &[json], definition.to_string()).await;
    assert_eq!(started.status, 201, "{}", started.text());
}

fn ids(first: u16, count: u16) -> Vec<String> {
    (first..first + count).map(|id| format!("{id:04x}")).collect()
}

/// What each device of a swarm runs; nothing when it was never updated.
async fn versions(simulator: &Edge, name: &str) -> BTreeMap<String, Value> {
    let devices = http_get(simulator.addr(), &format!("/api/swarms/{name}/devices?limit=2000")).await.json();
    let one =
        |device: &Value| (device["body"]["device"].as_str().unwrap().to_owned(), device["wearable"]["version"].clone());
    devices["seen"].as_array().unwrap_or_else(|| panic!("devices in {devices}")).iter().map(one).collect()
}

async fn post(cdn: &Edge, path: &str, body: &Value) -> Response {
    http("POST", cdn.addr(), path, &[], body.to_string()).await
}

pub(crate) async fn make(cdn: &Edge, definition: &Value) -> String {
    let made = post(cdn, SPACE, definition).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.header("location").unwrap().to_owned()
}

/// Looks at the record until it is as wanted: for longer than other waits, because restarts of devices take their time.
async fn until(cdn: &Edge, path: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + 5 * PATIENCE;
    loop {
        let answer = http_get(cdn.addr(), path).await;
        if answer.status == 200 && holds(&answer.json()) {
            return answer.json();
        }
        assert!(Instant::now() < end, "waited in vain for {what}: {}", answer.text());
        sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn until_state(cdn: &Edge, path: &str, state: &str) -> Value {
    until(cdn, path, state, |record| record["state"] == state).await
}

/// The ids of the devices in this state.
fn in_state(record: &Value, state: &str) -> Vec<String> {
    let devices = record["devices"].as_array().unwrap().iter().filter(|device| device["state"] == state);
    devices.map(|device| device["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn two_hundred_devices_of_which_ten_fail_in_the_second_wave() {
    let (nats, folder) = (NatsServer::start().await, Folder::new("stopped"));
    let cdn = cdn(&nats, &folder, "").await;
    let simulator = builder().role("simulator").nats(&nats).start().await;
    publish(&cdn).await;
    swarm(&simulator, "good", 0x1000, 190, json!({})).await;
    swarm(&simulator, "bad", 0x2000, 10, json!({"failing_updates": 10})).await;
    // A canary of 5 and waves of 65, with the ten in the middle of the second.
    let (canary, first, second) = (ids(0x1000, 5), ids(0x1005, 65), ids(0x1046, 55));
    let (failing, rest) = (ids(0x2000, 10), ids(0x107d, 65));
    let told = [&canary[..], &first, &second[..30], &failing, &second[30..]].concat();
    let devices = [&told[..], &rest].concat();
    assert_eq!(devices.len(), 200);
    let definition = json!({
        "firmware": {"board": BOARD, "version": "1.4.0"}, "devices": devices, "canary": 5, "wave": 65, "max_failed": "5%",
        "timeouts": {"settle_s": 6},
    });
    let path = make(&cdn, &definition).await;
    let record = until_state(&cdn, &path, "stopped").await;

    let mut done = told.clone();
    done.retain(|id| !failing.contains(id));
    assert_eq!(in_state(&record, "failed"), failing);
    assert_eq!(in_state(&record, "done"), done);
    assert_eq!(in_state(&record, "skipped"), rest);
    let stages: Vec<_> = record["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| {
            (stage["name"].as_str().unwrap(), ["done", "failed", "skipped"].map(|key| stage[key].as_u64().unwrap()))
        })
        .collect();
    assert_eq!(
        stages,
        [("canary", [5, 0, 0]), ("wave 1", [65, 0, 0]), ("wave 2", [55, 10, 0]), ("wave 3", [0, 0, 65])]
    );
    assert!(record["note"].as_str().unwrap().contains("of wave 2 failed, and at most 3 may"), "{}", record["note"]);
    for device in record["devices"].as_array().unwrap() {
        let expected = if device["state"] == "done" { "new" } else { "old" };
        assert_eq!(device["runs"], expected, "{device}");
    }
    // The devices themselves say the same.
    let mut versions = versions(&simulator, "good").await;
    versions.extend(self::versions(&simulator, "bad").await);
    for (id, version) in versions {
        let expected = if done.contains(&id) { json!("1.4.0") } else { Value::Null };
        assert_eq!(version, expected, "{id}");
    }
}

#[tokio::test]
async fn devices_that_lose_their_connections_count_by_what_they_run() {
    let (nats, folder) = (NatsServer::start().await, Folder::new("flapping"));
    let cdn = cdn(&nats, &folder, "").await;
    let simulator = builder().role("simulator").nats(&nats).start().await;
    publish(&cdn).await;
    // Both lose their connections every 5 s, whatever happens; the ones do not take what they download.
    swarm(&simulator, "good", 0x1000, 6, json!({"flapping": 6})).await;
    swarm(&simulator, "bad", 0x2000, 6, json!({"flapping": 6, "failing_updates": 6})).await;
    let (good, bad) = (ids(0x1000, 6), ids(0x2000, 6));
    let all = [&good[..], &bad].concat();
    let definition = json!({
        "firmware": {"board": BOARD}, "devices": all, "canary": 0, "wave": 12, "max_failed": 12,
        "timeouts": {"settle_s": 8},
    });
    let path = make(&cdn, &definition).await;
    let record = until_state(&cdn, &path, "done").await;
    assert_eq!((in_state(&record, "done"), in_state(&record, "failed")), (good, bad), "{record}");
    for device in record["devices"].as_array().unwrap() {
        let (runs, reason) = (&device["runs"], device["reason"].as_str().unwrap_or_default());
        match device["state"] == "done" {
            true => assert!(runs == "new" && reason.is_empty(), "{device}"),
            false => assert!(runs == "old" && reason.contains("did not take"), "{device}"),
        }
    }
    let versions = versions(&simulator, "bad").await;
    assert!(versions.values().all(Value::is_null), "nobody was made to flash it twice: {versions:?}");
}

#[tokio::test]
async fn a_cdn_that_is_killed_in_the_middle_is_followed_by_another_one() {
    let (nats, folder) = (NatsServer::start().await, Folder::new("killed"));
    let two = cdn(&nats, &folder, "").await;
    let one = cdn(&nats, &folder, &two.http("")).await;
    let simulator = builder().role("simulator").nats(&nats).start().await;
    publish(&one).await;
    swarm(&simulator, "swarm", 0x1000, 40, json!({})).await;
    // While the second one stands still the first one has the lease.
    two.stop();
    let definition = json!({
        "firmware": {"board": BOARD}, "devices": ids(0x1000, 40), "canary": 5, "wave": 35, "timeouts": {"start_s": 20, "stall_s": 20},
    });
    let path = make(&one, &definition).await;
    let node = http_get(one.addr(), "/health").await.json()["node"].clone();
    until(&one, &path, "its runner", |record| record["runner"]["node"] == node).await;
    two.cont();
    until(&two, &path, "the canary on its way", |record| {
        ["rebooting", "back"].iter().any(|state| record["counts"][state].as_u64() > Some(0))
    })
    .await;
    one.kill().await;
    let record = until_state(&two, &path, "done").await;
    assert_eq!(in_state(&record, "done").len(), 40);
    assert!(record["runner"]["term"] == 2 && record["runner"]["node"] != node, "{}", record["runner"]);
    let versions = versions(&simulator, "swarm").await;
    assert!(versions.values().all(|version| version == "1.4.0"), "{versions:?}");
    let metrics = http_get(simulator.addr(), "/metrics").await;
    let updated = "updates_total{kind=\"succeeded\"} 40";
    assert!(metrics.text().contains(updated), "nobody flashed it twice: {}", metrics.text());
}

#[tokio::test]
async fn a_cdn_that_is_cut_off_from_the_bus_is_followed_by_one_that_has_it() {
    let (nats, folder) = (NatsServer::start().await, Folder::new("cut-off"));
    let link = Proxy::start(nats.addr()).await;
    let two = cdn(&nats, &folder, "").await;
    let one = cdn_at(link.url("nats"), &folder, &two.http("")).await;
    let simulator = builder().role("simulator").nats(&nats).start().await;
    publish(&one).await;
    swarm(&simulator, "swarm", 0x1000, 6, json!({})).await;
    two.stop();
    let definition = json!({"firmware": {"board": BOARD}, "devices": ids(0x1000, 6), "canary": 3, "wave": 3, "timeouts": {"start_s": 60}});
    let path = make(&one, &definition).await;
    let node = http_get(one.addr(), "/health").await.json()["node"].clone();
    until(&one, &path, "its runner", |record| record["runner"]["node"] == node).await;
    link.refuse();
    two.cont();
    let record = until_state(&two, &path, "done").await;
    assert_eq!(in_state(&record, "done").len(), 6);
    assert!(record["runner"]["node"] != node, "{}", record["runner"]);
    let health = http_get(one.addr(), "/health").await.json();
    assert_eq!(health["bus"]["state"], "away", "it still lives, and has no bus: {health}");
}

#[tokio::test]
async fn aborted_while_nobody_runs_it_the_record_still_says_what_each_device_runs() {
    let (nats, folder) = (NatsServer::start().await, Folder::new("orphan"));
    let two = cdn(&nats, &folder, "").await;
    let one = cdn(&nats, &folder, &two.http("")).await;
    let simulator = builder().role("simulator").nats(&nats).start().await;
    publish(&one).await;
    swarm(&simulator, "swarm", 0x1000, 12, json!({})).await;
    // While the second one stands still the first one has the lease.
    two.stop();
    let definition = json!({
        "firmware": {"board": BOARD}, "devices": ids(0x1000, 12), "canary": 0, "wave": 12, "timeouts": {"start_s": 2, "stall_s": 2},
    });
    let path = make(&one, &definition).await;
    // It dies when they are told, and hears of no download.
    until(&one, &path, "all of them told", |record| record["counts"]["asked"] == 12).await;
    one.kill().await;
    two.cont();
    assert_eq!(post(&two, &format!("{path}/abort"), &json!({})).await.status, 200);
    let record = until_state(&two, &path, "aborted").await;
    let versions = versions(&simulator, "swarm").await;
    assert_eq!(versions.len(), 12);
    for device in record["devices"].as_array().unwrap() {
        let version = &versions[device["id"].as_str().unwrap()];
        let has_it = version == "1.4.0";
        assert_eq!(device["runs"], if has_it { "new" } else { "old" }, "{version}: {device}");
        assert_eq!(device["state"] == "done", has_it, "{device}");
    }
}

#[tokio::test]
async fn it_is_paused_and_waits_for_the_bus_and_is_aborted() {
    let (mut nats, folder) = (NatsServer::start().await, Folder::new("aborted"));
    let cdn = cdn(&nats, &folder, "").await;
    let simulator = builder().role("simulator").nats(&nats).start().await;
    publish(&cdn).await;
    swarm(&simulator, "swarm", 0x1000, 12, json!({})).await;
    let devices = ids(0x1000, 12);
    let definition = json!({"firmware": {"board": BOARD}, "devices": devices, "canary": 2, "wave": 5});
    let path = make(&cdn, &definition).await;
    let is_on_its_way =
        |record: &Value| ["downloading", "rebooting"].iter().any(|state| !in_state(record, state).is_empty());
    until(&cdn, &path, "the canary on its way", is_on_its_way).await;
    assert_eq!(post(&cdn, &format!("{path}/pause"), &json!({})).await.status, 200);
    let paused = until_state(&cdn, &path, "paused").await;
    let told = 12 - in_state(&paused, "waiting").len();
    let record = until(&cdn, &path, "nobody under way", |record| {
        in_state(record, "done").len() + in_state(record, "waiting").len() == 12
    })
    .await;
    assert_eq!(in_state(&record, "done").len(), told, "who was told when it was paused has it, and nobody else");

    nats.kill().await;
    let record = until(&cdn, &path, "a note", |record| !record["note"].is_null()).await;
    assert_eq!(record["note"], "the bus is away: nobody is told until it is back");
    assert_eq!(post(&cdn, &format!("{path}/resume"), &json!({})).await.status, 200);
    nats.restart().await;
    let goes_on = |record: &Value| record["note"].is_null() && is_on_its_way(record);
    until(&cdn, &path, "the first wave on its way", goes_on).await;
    assert_eq!(post(&cdn, &format!("{path}/abort"), &json!({})).await.status, 200);
    let record = until_state(&cdn, &path, "aborted").await;
    let (done, skipped) = (in_state(&record, "done"), in_state(&record, "skipped"));
    assert!(done.len() >= told && done.len() < 12, "{record}");
    assert_eq!([done.clone(), skipped].concat(), devices, "no device is without firmware, nor in between");
    for (id, version) in versions(&simulator, "swarm").await {
        assert_eq!(version == "1.4.0", done.contains(&id), "{id}: {version}");
    }
}
