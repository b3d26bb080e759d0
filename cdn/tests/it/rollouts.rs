//! Rollouts, with devices that are made up on the bus and fetch over HTTP.

use crate::on_all_stages;
use crate::stage::{Node, Stage};
use crate::wearables::{Habit, Wearables};
use futures_util::future::join_all;
use grouploop_bridge::{Kept, Pattern, Space};
use grouploop_testkit::{Response, eventually, http, within};
use serde_json::{Value, json};

const ROLLOUTS: &str = "/api/spaces/lab/rollouts";
const BOARD: &str = "seeed_xiao_esp32c3";
const PATH: &str = "/firmware/c3-1.4.0.bin";

on_all_stages!(
    a_canary_then_waves_until_all_have_it,
    it_stops_by_its_rule_within_the_wave,
    who_comes_back_with_what_it_had_has_failed,
    it_is_paused_resumed_and_aborted,
    what_cannot_be_rolled_out_is_refused,
);

/// A whole image for a chip.
pub(crate) fn image(chip: u8) -> Vec<u8> {
    let data = [7; 8192];
    let mut bytes = vec![0; 24];
    bytes[..2].copy_from_slice(&[0xe9, 1]);
    bytes[12] = chip;
    bytes.extend(0x3c00_0020_u32.to_le_bytes());
    bytes.extend(8192_u32.to_le_bytes());
    bytes.extend(data);
    bytes.resize((bytes.len() + 1).next_multiple_of(16), 0);
    *bytes.last_mut().unwrap() = data.iter().fold(0xef, |sum, byte| sum ^ byte);
    bytes
}

async fn publish(cdn: &Node) {
    cdn.put(PATH, image(5)).await;
    let manifest = json!({"version": "1.4.0", "build_date": "2025-01-31", "boards": {BOARD: &PATH[1..]}});
    cdn.put("/firmware/manifest.json", manifest.to_string()).await;
}

fn ids(ids: std::ops::Range<u16>) -> Vec<String> {
    ids.map(|id| format!("{id:04x}")).collect()
}

/// As short as it goes without being false on a machine that is busy.
fn definition(devices: std::ops::Range<u16>, more: Value) -> Value {
    let mut definition = json!({
        "firmware": {"board": BOARD}, "devices": ids(devices), "canary": 1, "wave": 3, "max_failed": 0,
        "timeouts": {"start_s": 10, "stall_s": 10, "settle_s": 2, "restart_s": 15},
    });
    definition.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    definition
}

async fn post(cdn: &Node, path: &str, body: &Value) -> Response {
    http("POST", cdn.addr, path, &[], body.to_string()).await
}

/// Makes one; returns its path.
async fn make(cdn: &Node, definition: &Value) -> String {
    let made = post(cdn, ROLLOUTS, definition).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.header("location").unwrap().to_owned()
}

async fn wish(cdn: &Node, path: &str, verb: &str) -> Response {
    http("POST", cdn.addr, &format!("{path}/{verb}"), &[], b"").await
}

async fn until(cdn: &Node, path: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let look = async {
        loop {
            let answer = cdn.get(path).await;
            if answer.status == 200 && holds(&answer.json()) {
                return answer.json();
            }
            tokio::time::sleep(grouploop_testkit::POLL * 10).await;
        }
    };
    match tokio::time::timeout(grouploop_testkit::PATIENCE * 2, look).await {
        Ok(record) => record,
        Err(_) => panic!("waited in vain for {what}: {}", cdn.get(path).await.text()),
    }
}

async fn until_state(cdn: &Node, path: &str, state: &str) -> Value {
    until(cdn, path, state, |record| record["state"] == state).await
}

/// The states of the devices, in the order of their turn.
fn steps(record: &Value) -> Vec<&str> {
    record["devices"].as_array().unwrap().iter().map(|device| device["state"].as_str().unwrap()).collect()
}

async fn a_canary_then_waves_until_all_have_it(stage: Stage) {
    let cdn = stage.cdn().await;
    publish(&cdn).await;
    let wearables = Wearables::start(&stage, "lab", 0..7, |_| Habit::Good).await;
    let mut news = stage.bus().subscribe(Pattern::AllKept).await.unwrap();
    let path = make(&cdn, &definition(0..7, json!({}))).await;
    let record = until_state(&cdn, &path, "done").await;
    assert_eq!(steps(&record), ["done"; 7]);
    let stages: Vec<_> = record["stages"].as_array().unwrap().iter().map(|one| (&one["name"], &one["done"])).collect();
    assert_eq!(stages, [(&json!("canary"), &json!(1)), (&json!("wave 1"), &json!(3)), (&json!("wave 2"), &json!(3))]);
    assert_eq!(record["devices"][0]["runs"], "new");
    assert_eq!(wearables.fetches(), (0..7).map(|id| (id, 1)).collect(), "each of them once");
    let order = wearables.order();
    assert_eq!(order[0], 0, "the canary is the first");
    assert!(order[1..4].iter().all(|id| (1..4).contains(id)), "{order:?}");
    let told = within("news", futures_util::StreamExt::next(&mut news)).await.unwrap();
    let told: Kept = serde_json::from_slice(&told.payload).unwrap();
    assert!(told.kind == "rollouts" && path.ends_with(&told.id), "{told:?}");

    // What runs it already says so, and is done.
    let again = make(&cdn, &definition(0..2, json!({}))).await;
    let record = until_state(&cdn, &again, "done").await;
    assert_eq!(record["devices"][1]["reason"], "it ran this image already");
    let list = cdn.get(ROLLOUTS).await.json();
    let listed: Vec<_> = list["rollouts"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert!(listed.len() == 2 && again.ends_with(listed[0].as_str().unwrap()), "the newest first: {list}");
    assert_eq!(list["rollouts"][0].get("devices"), None);
    let tag = cdn.get(&path).await.header("etag").unwrap().to_owned();
    assert_eq!(cdn.get_with(&path, &[("If-None-Match", &tag)]).await.status, 304);
    eventually!(cdn.get("/metrics").await.text().contains("rollouts_ended_total{outcome=\"done\"} 2"));
    assert!(cdn.get("/metrics").await.text().contains("rollout_devices_total{outcome=\"done\"} 9"));
}

async fn it_stops_by_its_rule_within_the_wave(stage: Stage) {
    let cdn = stage.cdn().await;
    publish(&cdn).await;
    let habit = |id| match id {
        5 => Habit::TakesNothing,
        6 => Habit::Deaf,
        _ => Habit::Good,
    };
    let wearables = Wearables::start(&stage, "lab", 0..10, habit).await;
    let timeouts = json!({"start_s": 5, "stall_s": 10, "settle_s": 2, "restart_s": 15});
    let more = json!({"wave": 4, "max_failed": 1, "timeouts": timeouts});
    let path = make(&cdn, &definition(0..10, more)).await;
    let record = until_state(&cdn, &path, "stopped").await;
    let mut expected = vec!["done"; 5];
    expected.extend(["failed", "failed", "done", "done", "skipped"]);
    assert_eq!(steps(&record), expected);
    assert_eq!(record["note"], "stopped by its rule: 2 of wave 2 failed, and at most 1 may");
    let reason = |id: usize| record["devices"][id]["reason"].as_str().unwrap();
    assert!(
        reason(5).contains("goes on without a restart") && reason(6).contains("did not begin to download within 5 s"),
        "{record}"
    );
    assert_eq!(reason(9), "the rollout stopped before its turn");
    let runs: Vec<_> = [4, 5, 6, 9].map(|id: usize| record["devices"][id]["runs"].as_str().unwrap()).into();
    assert_eq!(runs, ["new", "old", "old", "old"]);
    assert!(!wearables.fetches().contains_key(&9));
    assert_eq!(wish(&cdn, &path, "pause").await.status, 409);

    wearables.mend();
    let retry = wish(&cdn, &path, "retry").await;
    assert_eq!((retry.status, &retry.json()["retry_of"]), (201, &record["id"]), "{}", retry.text());
    let record = until_state(&cdn, retry.header("location").unwrap(), "done").await;
    assert_eq!(steps(&record), ["done"; 3]);
    assert_eq!(wish(&cdn, retry.header("location").unwrap(), "retry").await.status, 400, "nothing is left");
}

async fn who_comes_back_with_what_it_had_has_failed(stage: Stage) {
    let cdn = stage.cdn().await;
    publish(&cdn).await;
    let habit = |id| if id == 1 { Habit::LosesConnection } else { Habit::Good };
    let wearables = Wearables::start(&stage, "lab", 0..4, habit).await;
    let path = make(&cdn, &definition(0..4, json!({"max_failed": 1}))).await;
    let record = until_state(&cdn, &path, "done").await;
    assert_eq!(steps(&record), ["done", "failed", "done", "done"]);
    let runs: Vec<_> = record["devices"].as_array().unwrap().iter().map(|device| &device["runs"]).collect();
    assert_eq!(runs, ["new", "old", "new", "new"]);
    let reason = record["devices"][1]["reason"].as_str().unwrap();
    assert!(reason.ends_with("did not take it") || reason.ends_with("did not take the image"), "{reason}");
    assert_eq!(wearables.fetches(), (0..4).map(|id| (id, 1)).collect(), "who is asked flashes nothing");
}

async fn it_is_paused_resumed_and_aborted(stage: Stage) {
    let cdn = stage.cdn().await;
    publish(&cdn).await;
    let wearables = Wearables::start(&stage, "lab", 0..4, |_| Habit::Held).await;
    let path = make(&cdn, &definition(0..4, json!({"wave": 1}))).await;
    wearables.asked(0).await;
    assert_eq!(wish(&cdn, &path, "pause").await.json()["wanted"], "pause");
    until_state(&cdn, &path, "paused").await;
    wearables.let_go(0);
    let record = until(&cdn, &path, "the canary", |record| record["counts"]["done"] == 1).await;
    assert_eq!((&record["state"], steps(&record)[1]), (&json!("paused"), "waiting"));
    wish(&cdn, &path, "resume").await;
    wearables.asked(1).await;
    let taken = post(&cdn, ROLLOUTS, &definition(1..3, json!({}))).await;
    assert_eq!((taken.status, &taken.json()["devices"]), (409, &json!(["0001", "0002"])), "{}", taken.text());
    assert!(path.ends_with(taken.json()["rollout"].as_str().unwrap()));
    assert_eq!(wish(&cdn, &path, "abort").await.status, 200);
    until_state(&cdn, &path, "aborting").await;
    assert_eq!(wish(&cdn, &path, "resume").await.status, 409, "there is no way back");
    wearables.let_go(1);
    let record = until_state(&cdn, &path, "aborted").await;
    assert_eq!(steps(&record), ["done", "done", "skipped", "skipped"], "who downloads ends naturally");
    // And nothing is in the way of the next one.
    wearables.mend();
    let next = make(&cdn, &definition(1..3, json!({}))).await;
    until_state(&cdn, &next, "done").await;
}

async fn what_cannot_be_rolled_out_is_refused(stage: Stage) {
    let cdn = stage.cdn().await;
    publish(&cdn).await;
    let refused = post(&cdn, ROLLOUTS, &json!({"firmware": {"board": "toaster"}, "devices": []})).await;
    assert_eq!((refused.status, refused.json()["mistakes"].as_array().unwrap().len()), (422, 2), "{}", refused.text());
    // An image for another chip than its board has.
    cdn.put(PATH, image(9)).await;
    let refused = post(&cdn, ROLLOUTS, &definition(0..2, json!({}))).await;
    assert_eq!(refused.status, 422);
    let why = refused.json()["mistakes"][0].as_str().unwrap().to_owned();
    assert!(why.contains("it is for the ESP32-S3 (chip 9), the board seeed_xiao_esp32c3 has an ESP32-C3"), "{why}");
    assert_eq!(cdn.get(ROLLOUTS).await.json()["rollouts"], json!([]), "nothing of it is left");
    for (status, method, path) in [
        (404, "POST", "/api/spaces/lab/rollouts/none/abort"),
        (404, "POST", "/api/spaces/lab/rollouts/none/explode"),
        (405, "GET", "/api/spaces/lab/rollouts/none/abort"),
        (404, "GET", "/api/spaces/lab/rollouts/none"),
        (404, "GET", "/api/spaces/No/rollouts"),
        (400, "GET", "/api/spaces/lab/rollouts/No"),
        (405, "PUT", ROLLOUTS),
    ] {
        assert_eq!(http(method, cdn.addr, path, &[], b"").await.status, status, "{method} {path}");
    }
    let large = vec![b' '; 300 << 10];
    assert_eq!(http("POST", cdn.addr, ROLLOUTS, &[], large).await.status, 413);
    let stranger = http("POST", cdn.addr, ROLLOUTS, &[("Origin", "http://evil.example")], b"{}").await;
    assert_eq!(stranger.status, 403);
}

#[tokio::test]
async fn a_device_of_another_board_is_left_alone_unless_somebody_says_so() {
    let stage = Stage::memory().await;
    let cdn = stage.cdn().await;
    publish(&cdn).await;
    let _wearables = Wearables::start(&stage, "lab", 0..1, |_| Habit::Good).await;
    let path = make(&cdn, &definition(0..1, json!({}))).await;
    until_state(&cdn, &path, "done").await;
    let other = "esp32-c3-devkitm-1";
    cdn.put("/firmware/devkit.bin", [image(5), vec![1; 16]].concat()).await;
    let boards = json!({BOARD: &PATH[1..], other: "firmware/devkit.bin"});
    cdn.put("/firmware/manifest.json", json!({"version": "1", "build_date": "x", "boards": boards}).to_string()).await;
    let refused = post(&cdn, ROLLOUTS, &definition(0..1, json!({"firmware": {"board": other}}))).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("0000 runs the image of seeed_xiao_esp32c3 since rollout"), "{}", refused.text());
    let path = make(&cdn, &definition(0..1, json!({"firmware": {"board": other}, "any_board": true}))).await;
    until_state(&cdn, &path, "done").await;
}

#[tokio::test]
async fn who_tries_again_has_the_board_looked_at_again() {
    let stage = Stage::memory().await;
    let cdn = stage.cdn().await;
    publish(&cdn).await;
    let other = "esp32-c3-devkitm-1";
    cdn.put("/firmware/devkit.bin", [image(5), vec![1; 16]].concat()).await;
    let boards = json!({BOARD: &PATH[1..], other: "firmware/devkit.bin"});
    cdn.put("/firmware/manifest.json", json!({"version": "1", "build_date": "x", "boards": boards}).to_string()).await;
    let [over, any] = [false, true].map(|any| definition(0..1, json!({"any_board": any})));
    let mut aborted = Vec::new();
    for body in [over, any] {
        let path = make(&cdn, &body).await;
        wish(&cdn, &path, "abort").await;
        until_state(&cdn, &path, "aborted").await;
        aborted.push(path);
    }
    let _wearables = Wearables::start(&stage, "lab", 0..1, |_| Habit::Good).await;
    let path = make(&cdn, &definition(0..1, json!({"firmware": {"board": other}}))).await;
    until_state(&cdn, &path, "done").await;
    let retry = wish(&cdn, &aborted[0], "retry").await;
    assert_eq!(retry.status, 422, "{}", retry.text());
    assert!(retry.text().contains("0000 runs the image of esp32-c3-devkitm-1 since rollout"), "{}", retry.text());
    let retry = wish(&cdn, &aborted[1], "retry").await;
    assert_eq!((retry.status, &retry.json()["any_board"]), (201, &json!(true)), "{}", retry.text());
}

#[tokio::test]
async fn of_two_rollouts_for_a_device_at_the_same_time_one_is_made() {
    let stage = Stage::folder().await;
    let (one, two) = (stage.cdn().await, stage.cdn().await);
    publish(&one).await;
    let wearables = Wearables::start(&stage, "lab", 0..2, |_| Habit::Held).await;
    let body = definition(0..2, json!({}));
    let made = join_all([&one, &two, &one, &two].map(|cdn| post(cdn, ROLLOUTS, &body))).await;
    let mut statuses: Vec<u16> = made.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    assert_eq!(two.get(ROLLOUTS).await.json()["rollouts"].as_array().unwrap().len(), 1);
    // In another space the same ids are other devices.
    let elsewhere = post(&two, "/api/spaces/hall/rollouts", &body).await;
    assert_eq!(elsewhere.status, 201, "{}", elsewhere.text());
    let space: Space = "lab".parse().unwrap();
    wearables.asked(0).await;
    assert!(wearables.urls().iter().all(|url| url.contains("rollout=") && url.ends_with("=0000")), "{space}");
}

#[tokio::test]
async fn another_cdn_goes_on_where_one_was_ended() {
    for stage in [Stage::folder().await, Stage::s3_in_turn().await] {
        let (one, two) = (stage.cdn().await, stage.cdn().await);
        publish(&one).await;
        let url = format!("http://{}", two.addr);
        let one_more = stage.cdn_with(|settings| settings.device_url = url.clone()).await;
        let wearables =
            Wearables::start(&stage, "lab", 0..6, |id| if id == 0 { Habit::Held } else { Habit::Good }).await;
        let path = make(&one_more, &definition(0..6, json!({"wave": 5}))).await;
        wearables.asked(0).await;
        let record = until(&two, &path, "a runner", |record| !record["runner"].is_null()).await;
        let runner = record["runner"]["node"].clone();
        // Whichever runs it goes, unless devices fetch from it; then it stays, and there is nothing to see.
        let mut left = Vec::new();
        for node in [one, one_more, two] {
            let runs = node.get("/health").await.json()["node"] == runner;
            if runs && !url.ends_with(&node.addr.to_string()) {
                assert!(within("a drain", node.cdn.drain()).await);
            } else {
                left.push(node);
            }
        }
        wearables.let_go(0);
        let last = left.last().unwrap();
        let record = until_state(last, &path, "done").await;
        assert_eq!(wearables.fetches(), (0..6).map(|id| (id, 1)).collect(), "nobody was sent a second image");
        assert!(left.len() == 3 || record["runner"]["node"] != runner, "{}", record["runner"]);
    }
}

#[tokio::test]
async fn while_the_store_is_away_it_waits_and_then_goes_on_with_what_was_heard_meanwhile() {
    let mut stage = Stage::s3().await;
    let cdn = stage.cdn_with(|settings| settings.store_timeout_ms = 500).await;
    publish(&cdn).await;
    let wearables = Wearables::start(&stage, "lab", 0..4, |id| if id == 0 { Habit::Held } else { Habit::Good }).await;
    assert_eq!(cdn.get(PATH).await.status, 200, "in memory from here on");
    let path = make(&cdn, &definition(0..4, json!({}))).await;
    wearables.asked(0).await;
    stage.server().kill().await;
    cdn.unready().await;
    let away = cdn.get(&path).await;
    assert_eq!((away.status, &away.json()["error"]), (503, &json!("store_away")));
    assert_eq!(cdn.get("/api/spaces/lab/groups").await.status, 503);
    assert_eq!(wish(&cdn, &path, "abort").await.status, 503);
    wearables.let_go(0);
    eventually!(wearables.fetches().contains_key(&0));
    assert_eq!(wearables.order(), [0], "nobody else is told");
    stage.server().restart().await;
    let record = until_state(&cdn, &path, "done").await;
    assert_eq!(record["note"], json!(null));
    assert_eq!(wearables.fetches(), (0..4).map(|id| (id, 1)).collect());
}

#[tokio::test]
async fn old_rollouts_are_forgotten_and_those_under_way_are_not() {
    let stage = Stage::folder().await;
    let cdn = stage.cdn().await;
    publish(&cdn).await;
    let _held = Wearables::start(&stage, "lab", 0..1, |_| Habit::Held).await;
    let first = make(&cdn, &definition(0..1, json!({}))).await;
    let over = make(&cdn, &definition(7..8, json!({}))).await;
    assert_eq!(wish(&cdn, &over, "abort").await.status, 200);
    let record = until_state(&cdn, &over, "aborted").await;
    // The same 48 times more, as if it were long ago.
    for number in 0..48 {
        let mut old = record.clone();
        old["id"] = json!(format!("0000000000000-{number:06}"));
        let path = stage.path().join(format!("spaces/lab/rollouts/{}.json", old["id"].as_str().unwrap()));
        std::fs::write(path, old.to_string()).unwrap();
    }
    let count = async || cdn.get(ROLLOUTS).await.json()["rollouts"].as_array().unwrap().len();
    assert_eq!(count().await, 50);
    let last = make(&cdn, &definition(8..9, json!({}))).await;
    assert_eq!(count().await, 50);
    let oldest = format!("{ROLLOUTS}/0000000000000-000000");
    let statuses = [&first, &over, &last, &oldest].map(|path| cdn.get(path));
    let statuses: Vec<u16> = join_all(statuses).await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 200, 404]);
}

#[tokio::test]
async fn a_term_that_is_behind_the_record_is_made_up_for() {
    let stage = Stage::folder().await;
    let cdn = stage.cdn().await;
    publish(&cdn).await;
    let wearables = Wearables::start(&stage, "lab", 0..2, |_| Habit::Held).await;
    let path = make(&cdn, &definition(0..2, json!({}))).await;
    wearables.asked(0).await;
    let mut record = until(&cdn, &path, "one who was asked", |record| record["counts"]["asked"] == 1).await;
    // As if somebody had removed the lease, and its terms had begun anew.
    record["runner"]["term"] = json!(50);
    let file = stage.path().join(format!("spaces/lab/rollouts/{}.json", record["id"].as_str().unwrap()));
    let beside = stage.path().join("beside");
    std::fs::write(&beside, record.to_string()).unwrap();
    std::fs::rename(beside, file).unwrap();
    until(&cdn, &path, "a later term", |record| record["runner"]["term"] == 51).await;
    wearables.mend();
    wearables.let_go(0);
    until_state(&cdn, &path, "done").await;
    assert_eq!(wearables.fetches(), (0..2).map(|id| (id, 1)).collect());
}

#[tokio::test]
async fn nobody_is_told_to_fetch_another_image_than_the_canary_got() {
    let stage = Stage::memory().await;
    let cdn = stage.cdn().await;
    publish(&cdn).await;
    let wearables = Wearables::start(&stage, "lab", 0..3, |id| if id == 0 { Habit::Held } else { Habit::Good }).await;
    let path = make(&cdn, &definition(0..3, json!({}))).await;
    wearables.asked(0).await;
    wish(&cdn, &path, "pause").await;
    until_state(&cdn, &path, "paused").await;
    wearables.let_go(0);
    until(&cdn, &path, "the canary", |record| record["counts"]["done"] == 1).await;
    let over = make(&cdn, &definition(7..8, json!({}))).await;
    wish(&cdn, &over, "abort").await;
    until_state(&cdn, &over, "aborted").await;
    cdn.put(PATH, [image(5), vec![1; 16]].concat()).await;
    wish(&cdn, &path, "resume").await;
    let record = until(&cdn, &path, "a note", |record| !record["note"].is_null()).await;
    let why = "firmware/c3-1.4.0.bin is another image by now: nobody is told until the one of this rollout is back";
    assert_eq!((record["note"].as_str().unwrap(), wearables.order()), (why, vec![0]));
    let retry = wish(&cdn, &over, "retry").await;
    assert_eq!(retry.status, 422, "{}", retry.text());
    assert!(retry.text().contains("it is another image by now"), "{}", retry.text());
    cdn.put(PATH, image(5)).await;
    let record = until_state(&cdn, &path, "done").await;
    assert_eq!((&record["note"], wearables.fetches()), (&Value::Null, (0..3).map(|id| (id, 1)).collect()));
}

#[tokio::test]
async fn as_many_large_rollouts_are_under_way_as_fit_when_they_have_grown() {
    let stage = Stage::memory().await;
    let cdn = stage.cdn().await;
    publish(&cdn).await;
    let many = |number: u16| definition(number * 4096..(number + 1) * 4096, json!({"wave": 4096}));
    let over = make(&cdn, &definition(60_000..60_001, json!({}))).await;
    wish(&cdn, &over, "abort").await;
    until_state(&cdn, &over, "aborted").await;
    for number in 0..3 {
        make(&cdn, &many(number)).await;
    }
    let refused = post(&cdn, ROLLOUTS, &many(3)).await;
    assert_eq!((refused.status, &refused.json()["error"]), (409, &json!("full")), "{}", refused.text());
    let left = cdn.get(ROLLOUTS).await.json()["rollouts"].as_array().unwrap().len();
    assert_eq!(left, 4, "who is refused forgets nothing");
}

#[tokio::test]
async fn a_list_of_those_under_way_that_somebody_broke_or_removed_is_made_anew() {
    for broken in [Some("{\"active\": ["), None] {
        let stage = Stage::folder().await;
        let cdn = stage.cdn().await;
        publish(&cdn).await;
        let wearables = Wearables::start(&stage, "lab", 0..3, |_| Habit::Held).await;
        let path = make(&cdn, &definition(0..3, json!({}))).await;
        wearables.asked(0).await;
        let list = stage.path().join(".grouploop/rollouts.json");
        match broken {
            Some(text) => std::fs::write(&list, text).unwrap(),
            None => std::fs::remove_file(&list).unwrap(),
        }
        let taken = post(&cdn, ROLLOUTS, &definition(2..4, json!({}))).await;
        assert_eq!((taken.status, &taken.json()["devices"]), (409, &json!(["0002"])), "{broken:?}");
        let id = path.rsplit('/').next().unwrap();
        eventually!(std::fs::read_to_string(&list).is_ok_and(|list| list.contains(id)));
        wearables.mend();
        wearables.let_go(0);
        until_state(&cdn, &path, "done").await;
        eventually!(std::fs::read_to_string(&list).is_ok_and(|list| list == "{\"active\":[]}"));
    }
}
