//! Recordings and replays: made, listed, played, deleted, and refused.

use super::*;
use futures_util::StreamExt;
use grouploop_bridge::{DeviceId, Frame, Pattern};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A folder of its own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("grouploop-deck-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn stage(&self, change: impl FnOnce(&mut SimulatorSettings)) -> Stage {
        Stage::with(|settings| {
            settings.recordings = self.0.display().to_string();
            change(settings);
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn post(stage: &Stage, path: &str, body: Value) -> Response {
    stage.send("POST", path, JSON, body).await
}

/// The recording of this name, as the list has it.
async fn listed(stage: &Stage, name: &str) -> Value {
    let list = stage.get("/api/recordings").await.json();
    list["recordings"].as_array().unwrap().iter().find(|one| one["name"] == name).cloned().unwrap_or_default()
}

/// Records three devices of a space until there are some frames; then they are gone.
async fn record(stage: &Stage, name: &str, space: &str) -> Value {
    stage.start(json!({"name": "few", "space": space, "devices": 3, "rate_hz": 50})).await;
    let begun = post(stage, "/api/recordings", json!({"name": name, "space": space})).await;
    assert_eq!((begun.status, begun.header("location")), (201, Some(format!("/api/recordings/{name}").as_str())));
    assert_eq!(begun.json()["status"], "recording");
    eventually!(listed(stage, name).await["frames"].as_u64().unwrap_or_default() > 30);
    assert_eq!(stage.send("DELETE", "/api/swarms/few", JSON, "").await.status, 204);
    let ended = post(stage, &format!("/api/recordings/{name}/stop"), json!({})).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
    ended.json()
}

#[tokio::test]
async fn a_space_is_recorded_listed_played_into_another_and_deleted() {
    let folder = Folder::new("whole");
    let stage = folder.stage(|_| ());
    assert_eq!(stage.get("/api/recordings").await.json()["recordings"], json!([]));
    let kept = record(&stage, "night", "hall").await;
    assert_eq!((&kept["status"], &kept["space"], &kept["ended_by"]), (&"kept".into(), &"hall".into(), &Value::Null));
    assert_eq!((&kept["problem"], &kept["dropped"]), (&Value::Null, &0.into()));
    assert_eq!(listed(&stage, "night").await, kept);
    assert_eq!(stage.get("/api/recordings/night").await.json(), kept);
    let (frames, bytes) = (kept["frames"].as_u64().unwrap(), kept["bytes"].as_u64().unwrap());
    assert!(frames > 30 && kept["duration_ms"].as_u64().unwrap() > 100, "{kept}");
    assert_eq!(std::fs::metadata(folder.0.join("night.glrec")).unwrap().len(), bytes);

    let bus = stage.hub.attach();
    let mut telemetry = bus.subscribe(Pattern::Telemetry { space: "lab".parse().unwrap() }).await.unwrap();
    let begun = post(&stage, "/api/replays", json!({"recording": "night", "space": "lab", "speed": 4})).await;
    assert_eq!((begun.status, begun.header("location")), (201, Some("/api/replays/1")), "{}", begun.text());
    assert_eq!(begun.json()["duration_ms"], kept["duration_ms"]);
    let (mut heard, mut devices) = (0, BTreeSet::<DeviceId>::new());
    while heard < frames {
        let lines = within("a frame", telemetry.next()).await.unwrap().payload;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            heard += 1;
            devices.insert(Frame::parse(line).unwrap().device());
        }
    }
    assert_eq!((heard, devices.len()), (frames, 3));
    eventually!(stage.get("/api/replays/1").await.json()["status"] == "finished");
    let over = stage.get("/api/replays").await.json()["replays"][0].clone();
    assert_eq!(
        (&over["frames"], &over["dropped"], &over["devices"]),
        (&frames.into(), &json!({}), &3.into()),
        "{over}"
    );
    assert_eq!((&over["speed"], &over["loop"], &over["rounds"]), (&json!(4.0), &false.into(), &1.into()));

    assert_eq!(stage.send("DELETE", "/api/recordings/night", JSON, "").await.status, 204);
    assert!(!folder.0.join("night.glrec").exists());
    for path in ["/api/recordings/night", "/api/replays/7"] {
        assert_eq!(stage.get(path).await.status, 404);
    }
    assert_eq!(stage.send("DELETE", "/api/replays/1", JSON, "").await.status, 204);
    assert_eq!(stage.get("/api/replays").await.json(), json!({"replays": []}));
    stage.drain().await;
}

#[tokio::test]
async fn a_replay_goes_on_until_it_is_stopped_and_its_recording_stays_meanwhile() {
    let folder = Folder::new("loop");
    let stage = folder.stage(|settings| settings.max_replays = 1);
    record(&stage, "night", "hall").await;
    let play = json!({"recording": "night", "speed": 50, "loop": true});
    assert_eq!(post(&stage, "/api/replays", play.clone()).await.status, 201);
    eventually!(stage.get("/api/replays/1").await.json()["rounds"].as_u64().unwrap() > 2);
    let playing = stage.get("/api/replays/1").await.json();
    assert_eq!((&playing["status"], &playing["space"]), (&"playing".into(), &"hall".into()));
    assert_eq!(stage.get("/health").await.json()["replays"], 1);
    let another = post(&stage, "/api/replays", play).await;
    assert!(another.status == 422 && error(&another).contains("simulator.max_replays"), "{}", another.text());
    let deleted = stage.send("DELETE", "/api/recordings/night", JSON, "").await;
    assert!(deleted.status == 409 && error(&deleted).contains("is being played"), "{}", deleted.text());
    assert_eq!(stage.send("DELETE", "/api/replays/1", JSON, "").await.status, 204);
    assert_eq!(stage.get("/health").await.json()["replays"], 0);
    // One that plays on ends with the simulator.
    assert_eq!(post(&stage, "/api/replays", json!({"recording": "night", "loop": true})).await.status, 201);
    stage.drain().await;
}

#[tokio::test]
async fn a_recording_ends_by_itself_and_says_why() {
    let folder = Folder::new("ends");
    let stage = folder.stage(|settings| settings.max_recording_bytes = 65_536);
    stage.start(json!({"name": "many", "devices": 500, "rate_hz": 100})).await;
    assert_eq!(post(&stage, "/api/recordings", json!({"duration": "50ms"})).await.json()["name"], "main-1");
    eventually!(listed(&stage, "main-1").await["ended_by"] == "duration");
    assert_eq!(post(&stage, "/api/recordings", json!({})).await.json()["name"], "main-2");
    eventually!(listed(&stage, "main-2").await["ended_by"] == "max_bytes");
    assert!(listed(&stage, "main-2").await["bytes"].as_u64().unwrap() <= 65_536);
    let stopped = post(&stage, "/api/recordings/main-2/stop", json!({})).await;
    assert!(stopped.status == 409 && error(&stopped).contains("is not being recorded"), "{}", stopped.text());
    stage.drain().await;
}

#[tokio::test]
async fn one_that_is_under_way_is_whole_when_the_simulator_ends_and_is_there_for_the_next() {
    let folder = Folder::new("drain");
    let stage = folder.stage(|_| ());
    stage.start(json!({"devices": 5})).await;
    post(&stage, "/api/recordings", json!({"name": "on"})).await;
    eventually!(listed(&stage, "on").await["frames"].as_u64().unwrap_or_default() > 10);
    stage.drain().await;
    let next = folder.stage(|_| ());
    let kept = listed(&next, "on").await;
    assert_eq!((&kept["status"], &kept["problem"]), (&"kept".into(), &Value::Null));
    assert!(kept["frames"].as_u64().unwrap() > 10, "{kept}");
    next.drain().await;
}

#[tokio::test]
async fn what_cannot_be_is_said_and_nothing_leaves_the_folder() {
    let folder = Folder::new("refused");
    let stage = folder.stage(|settings| (settings.max_recordings, settings.max_recording_seconds) = (3, 60));
    let outside = folder.0.with_extension("outside.glrec");
    std::fs::write(&outside, "untouched").unwrap();
    let outside_name = outside.file_stem().unwrap().to_str().unwrap().to_owned();
    for name in ["../x", "..", "a/b", "", ".x", "x y", &format!("../{outside_name}"), &"x".repeat(65)] {
        for (path, body) in [("/api/recordings", json!({"name": name})), ("/api/replays", json!({"recording": name}))] {
            let answer = post(&stage, path, body).await;
            assert!(answer.status == 400 && error(&answer).contains("1 to 64 of"), "{name}: {}", answer.text());
        }
    }
    for path in [&format!("..%2f{outside_name}"), "%2e%2e", "a%00b", ".x"] {
        let answer = stage.send("DELETE", &format!("/api/recordings/{path}"), JSON, "").await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
    }
    for (path, body, status, words) in [
        ("/api/recordings", json!({"nane": "x"}), 400, "unknown field `nane`"),
        ("/api/recordings", json!([]), 400, "invalid length"),
        ("/api/recordings", json!({"space": "Hall"}), 400, "`space` is \"Hall\", it must be 1 to 32"),
        ("/api/recordings", json!({"duration": "soon"}), 400, "`duration` is \"soon\""),
        ("/api/recordings", json!({"duration": "0s"}), 400, "`duration` is \"0s\""),
        ("/api/recordings", json!({"duration": "2m"}), 422, "simulator.max_recording_seconds allows, which is 1m"),
        ("/api/recordings", json!({"max_bytes": 1_u64 << 41}), 422, "simulator.max_recording_bytes allows"),
        ("/api/replays", json!({"recording": "none"}), 404, "there is no recording `none`"),
        ("/api/replays", json!({"recording": "none", "speed": 0}), 400, "`speed` is 0"),
        ("/api/replays", json!({"speed": 1}), 400, "missing field `recording`"),
    ] {
        let answer = post(&stage, path, body.clone()).await;
        assert!(answer.status == status && error(&answer).contains(words), "{body}: {}", answer.text());
    }
    assert_eq!(stage.send("POST", "/api/recordings", TOML, "").await.status, 415);
    assert_eq!(post(&stage, "/api/recordings/none/stop", json!({})).await.status, 404);
    assert!(!folder.0.exists(), "nothing was made");

    assert_eq!(post(&stage, "/api/recordings", json!({"name": "a"})).await.status, 201);
    for (body, words) in [
        (json!({"name": "b"}), "the space `main` is being recorded already, as `a`"),
        (json!({"name": "a", "space": "x"}), "there is a recording `a` already"),
    ] {
        let answer = post(&stage, "/api/recordings", body).await;
        assert!(answer.status == 409 && error(&answer).contains(words), "{}", answer.text());
    }
    for (method, path, body) in [("DELETE", "/api/recordings/a", ""), ("POST", "/api/replays", r#"{"recording": "a"}"#)]
    {
        let answer = stage.send(method, path, JSON, body).await;
        assert!(answer.status == 409 && error(&answer).contains("`a` is being recorded"), "{}", answer.text());
    }
    std::fs::write(folder.0.join("text.glrec"), "no recording").unwrap();
    std::fs::create_dir(folder.0.join("folder.glrec")).unwrap();
    let unreadable = listed(&stage, "text").await;
    assert_eq!(unreadable["status"], "unreadable");
    assert!(unreadable["problem"].as_str().unwrap().contains("this is no recording"), "{unreadable}");
    let played = post(&stage, "/api/replays", json!({"recording": "text"})).await;
    assert!(played.status == 409 && error(&played).contains("this is no recording"), "{}", played.text());
    let full = post(&stage, "/api/recordings", json!({"space": "y"})).await;
    assert!(full.status == 422 && error(&full).contains("simulator.max_recordings"), "{}", full.text());
    assert_eq!(std::fs::read(&outside).unwrap(), b"untouched");
    std::fs::remove_file(&outside).unwrap();
    stage.drain().await;
}

#[tokio::test]
async fn what_is_played_counts_with_what_swarms_send() {
    let folder = Folder::new("counts");
    let stage = folder.stage(|settings| settings.max_frames_per_second = 400);
    // About 150 frames a second.
    record(&stage, "night", "hall").await;
    let play = |speed: u32| json!({"recording": "night", "loop": true, "speed": speed});
    let fast = post(&stage, "/api/replays", play(10)).await;
    assert!(
        fast.status == 422 && error(&fast).contains("max_frames_per_second allows 400 are left"),
        "{}",
        fast.text()
    );
    assert_eq!(post(&stage, "/api/replays", play(1)).await.status, 201);
    let swarm = json!({"name": "many", "devices": 3, "rate_hz": 100});
    let refused = stage.send("POST", "/api/swarms", JSON, &swarm).await;
    assert!(refused.status == 422 && error(&refused).contains("max_frames_per_second"), "{}", refused.text());
    assert_eq!(stage.send("DELETE", "/api/replays/1", JSON, "").await.status, 204);
    stage.start(swarm).await;
    let beside = post(&stage, "/api/replays", play(1)).await;
    assert!(beside.status == 422 && error(&beside).contains("allows 100 are left"), "{}", beside.text());
    stage.drain().await;
}

#[tokio::test]
async fn damage_inside_of_a_block_is_said_by_the_replay_that_meets_it() {
    let folder = Folder::new("damaged");
    let stage = folder.stage(|_| ());
    let whole = record(&stage, "night", "hall").await;
    let path = folder.0.join("night.glrec");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(listed(&stage, "night").await["frames"], whole["frames"], "heads tell nothing of it");
    assert_eq!(post(&stage, "/api/replays", json!({"recording": "night", "speed": 100})).await.status, 201);
    eventually!(stage.get("/api/replays/1").await.json()["status"] == "finished");
    let replay = stage.get("/api/replays/1").await.json();
    let problem = replay["problem"].as_str().unwrap();
    assert!(problem.starts_with("the recording is damaged at byte "), "{replay}");
    assert!(replay["frames"].as_u64() < whole["frames"].as_u64(), "{replay}");
    stage.drain().await;
}

#[tokio::test]
async fn one_that_another_program_writes_is_not_deleted() {
    let folder = Folder::new("theirs");
    let stage = folder.stage(|_| ());
    record(&stage, "night", "hall").await;
    let theirs = std::fs::File::open(folder.0.join("night.glrec")).unwrap();
    theirs.lock().unwrap();
    let refused = stage.send("DELETE", "/api/recordings/night", JSON, "").await;
    assert!(refused.status == 409 && error(&refused).contains("by another program"), "{}", refused.text());
    drop(theirs);
    assert_eq!(stage.send("DELETE", "/api/recordings/night", JSON, "").await.status, 204);
    assert_eq!(stage.send("DELETE", "/api/recordings/night", JSON, "").await.status, 404);
    stage.drain().await;
}

#[tokio::test]
async fn without_a_folder_there_are_none() {
    let stage = Stage::with(|settings| settings.recordings = String::new());
    let list = stage.get("/api/recordings").await.json();
    assert_eq!((&list["recordings"], &list["limits"]["recordings"]), (&json!([]), &0.into()));
    for (path, body) in [("/api/recordings", json!({})), ("/api/replays", json!({"recording": "a"}))] {
        let answer = post(&stage, path, body).await;
        assert!(answer.status == 409 && error(&answer).contains("simulator.recordings"), "{}", answer.text());
    }
    stage.drain().await;
}
