//! `grouploop record`, `replay` and `recording` as people run them: over NATS and from an edge, killed in the middle, into and out of the
//! CDN and S3.

use crate::stage::{builder, edges};
use grouploop_testkit::{
    Edge, NatsServer, Peer, Process, S3Server, eventually, frame, frame_id, http, http_get, within,
};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const TOKEN: &str = "a-token-for-the-recordings";

/// A folder of its own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("grouploop-recordings-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn files(&self) -> Vec<String> {
        let paths = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        paths.map(|path| path.to_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn start(args: &[&str], env: &[(String, String)]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grouploop"));
    command.env_clear().current_dir(std::env::temp_dir()).args(args).envs(env.iter().cloned());
    Process::spawn(format!("grouploop {}", args[0]), command)
}

/// Exit code and all that it said.
async fn run(args: &[&str], env: &[(String, String)]) -> (i32, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_grouploop"));
    command.env_clear().current_dir(std::env::temp_dir()).args(args).envs(env.iter().cloned()).kill_on_drop(true);
    let output = within(format!("grouploop {args:?} to end"), command.output()).await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

/// Waits until it says this.
async fn says(process: &Process, text: &str) {
    process.find_in_log(text, |line| line.contains(text).then_some(())).await;
}

/// Ends a recorder as Ctrl-C does, and hears what it says of its recording.
async fn end(recorder: &Process, text: &str) {
    recorder.signal("INT");
    assert_eq!(recorder.ended().await.code(), Some(0), "{:?}", recorder.log());
    says(recorder, text).await;
}

/// A recorder that hears frames from now on.
async fn recorder(args: &[&str], env: &[(String, String)]) -> Process {
    let recorder = start(&[&["record"], args].concat(), env);
    says(&recorder, "connected to ").await;
    recorder
}

/// Frames in a recording, told by the program.
async fn frames_in(place: &str) -> Option<u64> {
    let (code, said) = run(&["recording", place], &[]).await;
    let number = said.lines().find_map(|line| line.strip_prefix("frames"))?.trim().parse().unwrap();
    assert_eq!(code, 0, "{said}");
    Some(number)
}

/// Sends numbered frames of two devices, of each one every 20 ms.
async fn send(device: &mut Peer, numbers: std::ops::Range<u64>) {
    for number in numbers {
        device.send(format!("{}\n{}", frame(0x1a2b, number), frame(0x3c4d, number))).await;
        device.barrier().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Frames that a viewer gets, up to this one.
async fn watch(viewer: &mut Peer, last: &str) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.last().is_none_or(|line| line != last) {
        seen.push(within(format!("{last} after {seen:?}"), viewer.next_frame()).await);
    }
    seen
}

async fn hub() -> (NatsServer, Edge) {
    let nats = NatsServer::start().await;
    let [edge] = edges(&nats).await;
    (nats, edge)
}

#[tokio::test]
async fn a_recorder_that_is_killed_leaves_what_it_had_and_is_gone_on_with() {
    let ((nats, edge), folder) = (hub().await, Folder::new("killed"));
    let (file, url) = (folder.path("night.glrec"), nats.url());
    let args = ["--space", "lab", "--nats", &url, &file];
    let recorder_one = recorder(&args, &[]).await;
    let mut device = Peer::connect(edge.ws_url("/spaces/lab")).await;
    let mut elsewhere = Peer::connect(edge.ws_url("/")).await;
    send(&mut elsewhere, 0..1).await;
    send(&mut device, 0..10).await;
    eventually!(frames_in(&file).await == Some(20));
    send(&mut device, 10..15).await;
    recorder_one.kill().await;
    let kept = frames_in(&file).await.unwrap();
    assert!((20..=30).contains(&kept), "{kept}");

    let recorder_two = recorder(&args, &[]).await;
    says(&recorder_two, "is gone on with").await;
    send(&mut device, 15..20).await;
    eventually!(frames_in(&file).await == Some(kept + 10));
    end(&recorder_two, "recorded  10 frames of 2 devices, space lab").await;
    assert_eq!(frames_in(&file).await, Some(kept + 10));

    let (code, said) = run(&["record", "--space", "other", "--nats", &url, &file], &[]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("is a recording of the space lab, not of other"), "{said}");
}

#[tokio::test]
async fn a_night_goes_into_the_cdn_and_comes_back_out_of_it() {
    let ((nats, edge), spool) = (hub().await, Folder::new("cdn"));
    let cdn =
        builder().role("cdn").env("GROUPLOOP_CDN__STORE", "memory://").env("GROUPLOOP_CDN__TOKEN", TOKEN).start().await;
    let (place, url) = (cdn.http("/static/night.glrec"), nats.url());
    let args = ["--space", "lab", "--nats", &url, &place, "--spool", spool.0.to_str().unwrap()];
    let mut device = Peer::connect(edge.ws_url("/spaces/lab")).await;

    let wrong = recorder(&[&args[..], &["--token", "another-token-than-theirs"]].concat(), &[]).await;
    send(&mut device, 0..3).await;
    assert_eq!(wrong.terminate().await.code(), Some(1));
    says(&wrong, "refuses the token").await;
    says(&wrong, "The recording is kept in ").await;
    assert!(!wrong.log().iter().any(|line| line.contains("another-token")), "{:?}", wrong.log());
    assert_eq!((spool.files().len(), http_get(cdn.addr(), "/static/night.glrec").await.status), (1, 404));

    // A token of the settings is for the CDN of the settings.
    let token = ("GROUPLOOP_CDN__TOKEN".to_owned(), TOKEN.to_owned());
    spool.files().iter().for_each(|kept| std::fs::remove_file(kept).unwrap());
    let stranger = recorder(&args, std::slice::from_ref(&token)).await;
    assert_eq!(stranger.terminate().await.code(), Some(1));
    says(&stranger, "Set cdn.base_url to this one's URL").await;

    let env = [token, ("GROUPLOOP_CDN__BASE_URL".to_owned(), cdn.http(""))];
    spool.files().iter().for_each(|kept| std::fs::remove_file(kept).unwrap());
    let right = recorder(&args, &env).await;
    send(&mut device, 0..10).await;
    eventually!(frames_in(&spool.files()[0]).await == Some(20));
    end(&right, "recorded  20 frames of 2 devices").await;
    assert!(spool.files().is_empty(), "{:?}", spool.files());
    assert_eq!(frames_in(&place).await, Some(20));
    let (code, text) = run(&[&["record"], &args[..]].concat(), &env).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("and it is not overwritten"), "{text}");

    drop(device);
    let mut viewer = Peer::viewer(edge.ws_url("/spaces/lab")).await;
    let replay = start(&["replay", &place, "--nats", &url], &[]);
    let seen = watch(&mut viewer, &frame(0x3c4d, 9)).await;
    let expected: Vec<_> = (0..10).flat_map(|number| [frame(0x1a2b, number), frame(0x3c4d, number)]).collect();
    assert_eq!(seen, expected);
    assert_eq!(replay.ended().await.code(), Some(0));
    says(&replay, "played    20 frames of 2 devices at speed 1").await;
}

#[tokio::test]
async fn s3_takes_a_recording_and_gives_it_back() {
    let ((nats, edge), s3, spool) = (hub().await, S3Server::start().await, Folder::new("s3"));
    let (place, url) = (format!("s3://{}/nights/one.glrec", s3.bucket()), nats.url());
    let args = ["--space", "lab", "--nats", &url, &place, "--spool", spool.0.to_str().unwrap()];
    let recorder = recorder(&args, &s3.env()).await;
    let mut device = Peer::connect(edge.ws_url("/spaces/lab")).await;
    send(&mut device, 0..10).await;
    eventually!(frames_in(&spool.files()[0]).await == Some(20));
    end(&recorder, "recorded  20 frames of 2 devices").await;
    assert!(spool.files().is_empty(), "{:?}", spool.files());
    let (code, text) = run(&["recording", &place], &s3.env()).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("frames    20\ndevices   2\n"), "{text}");
    let (code, text) = run(&["recording", &place.replace("one", "two")], &s3.env()).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("there is nothing at s3://grouploop/nights/two.glrec"), "{text}");
}

#[tokio::test]
async fn without_a_bus_an_edge_is_recorded_from_and_played_to() {
    let (edge, folder) = (builder().start().await, Folder::new("edge"));
    let (file, url) = (folder.path("a.glrec"), edge.ws_url("/"));
    let recorder = recorder(&["--space", "lab", "--url", &url, &file], &[]).await;
    let mut device = Peer::connect(edge.ws_url("/spaces/lab")).await;
    send(&mut device, 0..5).await;
    eventually!(frames_in(&file).await == Some(10));
    assert_eq!(recorder.terminate().await.code(), Some(0));
    let (code, text) = run(&["record", "--space", "lab", "--url", &url, &file, "--duration", "200ms"], &[]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("recorded  0 frames") && text.contains("(--duration)"), "{text}");
    drop(device);

    let mut viewer = Peer::viewer(edge.ws_url("/spaces/other")).await;
    let mut controller = Peer::connect(edge.ws_url("/spaces/other")).await;
    let replay = start(&["replay", &file, "--url", &url, "--space", "other", "--loop"], &[]);
    let expected: Vec<String> = (0..5).flat_map(|number| [frame(0x1a2b, number), frame(0x3c4d, number)]).collect();
    let last = expected.last().unwrap();
    // Twice: the second round is that of --loop.
    for round in 0..2 {
        assert_eq!(watch(&mut viewer, last).await, expected, "round {round}");
    }
    assert_eq!(controller.ask("cmd:3c4d:status").await, "cmd:result:success");
    end(&replay, "played").await;
    eventually!(controller.ask("cmd:3c4d:status").await == "cmd:result:failed");
    let closed = run(&["replay", &file, "--url", "ws://127.0.0.1:9/"], &[]).await;
    assert!(closed.0 == 3 && closed.1.contains("the edge"), "{}", closed.1);
}

#[tokio::test]
async fn a_gap_is_said() {
    let ((mut nats, edge), folder) = (hub().await, Folder::new("gap"));
    let (file, url) = (folder.path("a.glrec"), nats.url());
    let recorder = recorder(&["--space", "lab", "--nats", &url, &file], &[]).await;
    nats.kill().await;
    says(&recorder, "no connection to NATS").await;
    nats.restart().await;
    says(&recorder, "the recording has a gap of ").await;
    end(&recorder, "gaps      1, ").await;
    drop(edge);
}

#[tokio::test]
async fn a_gap_begins_with_the_last_frame_and_not_when_the_loss_is_noticed() {
    let ((nats, edge), folder) = (hub().await, Folder::new("frozen"));
    let (file, url) = (folder.path("a.glrec"), nats.url());
    let recorder = recorder(&["--space", "lab", "--nats", &url, &file], &[]).await;
    let mut device = Peer::connect(edge.ws_url("/spaces/lab")).await;
    send(&mut device, 0..3).await;
    eventually!(frames_in(&file).await == Some(6));
    send(&mut device, 3..6).await;
    nats.stop();
    let frozen = Instant::now();
    says(&recorder, "no connection to NATS").await;
    let least = frozen.elapsed().as_secs_f64();
    nats.cont();
    let again = "again; the recording has a gap of ";
    let gap = recorder.find_in_log(again, |line| line.split_once(again)?.1.strip_suffix(" s")?.parse::<f64>().ok());
    let gap = gap.await;
    // Both are told or measured in tenths.
    assert!(gap >= least - 0.1, "{gap} s of {least} s");
    end(&recorder, "gaps      1, ").await;
}

#[tokio::test]
async fn a_recording_that_nobody_answered_is_none() {
    let folder = Folder::new("nobody");
    let (file, duration) = (folder.path("a.glrec"), ["--duration", "200ms"]);
    for source in [["--nats", "nats://127.0.0.1:1"], ["--url", "ws://127.0.0.1:9/"]] {
        let (code, text) = run(&[&["record", &file][..], &duration, &source].concat(), &[]).await;
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("nobody answered") && !text.contains("gaps"), "{text}");
    }
}

#[tokio::test]
async fn a_pipe_is_refused_and_not_waited_for() {
    let folder = Folder::new("pipe");
    let pipe = folder.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for args in [&["replay", &pipe][..], &["recording", &pipe], &["record", &pipe]] {
        let (code, text) = run(&[args, &["--nats", "nats://127.0.0.1:1"]].concat(), &[]).await;
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("is no regular file"), "{text}");
    }
}

#[tokio::test]
async fn speed_devices_and_space_are_chosen_and_a_cut_is_said() {
    let ((nats, edge), folder) = (hub().await, Folder::new("chosen"));
    let (file, url) = (folder.path("a.glrec"), nats.url());
    let recorder = recorder(&["--space", "lab", "--nats", &url, &file], &[]).await;
    let mut device = Peer::connect(edge.ws_url("/spaces/lab")).await;
    send(&mut device, 0..30).await;
    eventually!(frames_in(&file).await == Some(60));
    end(&recorder, "recorded  60 frames").await;
    drop(device);

    let mut viewer = Peer::viewer(edge.ws_url("/spaces/other")).await;
    let begin = Instant::now();
    let args = ["replay", &file, "--nats", &url, "--space", "other", "--devices", "1a2b", "--speed", "0.5"];
    let replay = start(&args, &[]);
    let seen = watch(&mut viewer, &frame(0x1a2b, 29)).await;
    assert!(begin.elapsed() > Duration::from_millis(29 * 20 * 3 / 2), "{:?}", begin.elapsed());
    assert_eq!(seen, (0..30).map(|number| frame(0x1a2b, number)).collect::<Vec<_>>());
    assert_eq!(replay.ended().await.code(), Some(0));

    let looped = start(&["replay", &file, "--nats", &url, "--space", "other", "--loop", "--speed", "20"], &[]);
    for _ in 0..2 {
        let seen = watch(&mut viewer, &frame(0x3c4d, 29)).await;
        assert_eq!(seen.iter().filter(|line| frame_id(line) == 0x1a2b).count(), 30);
    }
    looped.signal("INT");
    assert_eq!(looped.ended().await.code(), Some(0));

    let (code, text) = run(&["replay", &file, "--nats", &url, "--devices", "ffff"], &[]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("has no frame of these devices"), "{text}");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let (code, text) = run(&["replay", &file, "--nats", &url, "--speed", "100"], &[]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("the recording is cut short at byte "), "{text}");
}

#[tokio::test]
async fn a_disk_that_is_full_ends_a_recording_that_stays_whole_and_leaves_nothing_of_one_that_cannot_begin() {
    let folder = Folder::new("full");
    // What a file may hold is what the disk has left: 16 blocks of 512 bytes, and none.
    for (blocks, is_begun) in [(16, true), (0, false)] {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" simulator --listen 127.0.0.1:0");
        let mut command = Command::new("sh");
        command.env_clear().current_dir(&folder.0).args(["-c", &script, env!("CARGO_BIN_EXE_grouploop")]);
        command.envs([("GROUPLOOP_SIMULATOR__RECORDINGS", "tapes"), ("GROUPLOOP_LOG__FORMAT", "json")]);
        let simulator = Process::spawn("grouploop simulator", command);
        let at = simulator.find_in_log("its address", |line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            line["fields"]["simulator.address"].as_str()?.parse().ok()
        });
        let at: std::net::SocketAddr = at.await;
        let post =
            async |path: &str, body: &str| http("POST", at, path, &[("Content-Type", "application/json")], body).await;
        assert_eq!(post("/api/swarms", r#"{"devices": 200, "rate_hz": 100}"#).await.status, 201);
        let begun = post("/api/recordings", r#"{"name": "night"}"#).await;
        if is_begun {
            assert_eq!(begun.status, 201, "{}", begun.text());
            let recording = async || http_get(at, "/api/recordings/night").await.json();
            eventually!(recording().await["status"] == "kept");
            let kept = recording().await;
            assert_eq!(kept["ended_by"], "failure", "{kept}");
            assert!(
                kept["problem"].as_str().unwrap().contains("the disk is full. What is in the file is whole"),
                "{kept}"
            );
            assert_eq!(http("DELETE", at, "/api/recordings/night", &[], "").await.status, 204);
        } else {
            assert!(begun.status == 409 && begun.text().contains("night.glrec: File too large"), "{}", begun.text());
            assert_eq!(
                std::fs::read_dir(folder.path("tapes")).unwrap().count(),
                0,
                "an empty file would keep the name"
            );
        }
        assert_eq!(simulator.terminate().await.code(), Some(0));
    }
}

#[tokio::test]
async fn what_cannot_be_is_said_at_once() {
    let (code, text) = run(&["record", "--space", "lab", "--nats", "nats://127.0.0.1:1", "/dev/full"], &[]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("/dev/full is no regular file"), "{text}");
    let (code, text) = run(&["replay", "/nonexistent/night.glrec", "--nats", "nats://127.0.0.1:1"], &[]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("/nonexistent/night.glrec: "), "{text}");
    let (code, text) = run(&["record", "--space", "lab", "memory://night"], &[]).await;
    assert_eq!(code, 64, "{text}");
    assert!(text.contains("would be gone at the end"), "{text}");
}
