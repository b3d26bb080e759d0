//! The program as people and containers run it: exit codes, what it says, `watch`, `send`, `health`, `config`.

use crate::stage::builder;
use grouploop_testkit::{Peer, frame, within};
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grouploop"));
    command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

pub(crate) async fn run(args: &[&str], env: &[(&str, &str)]) -> (i32, String, String) {
    let output = program().args(args).envs(env.iter().copied()).output();
    let Output { status, stdout, stderr } = within(format!("grouploop {args:?} to end"), output).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[tokio::test]
async fn wrong_settings_are_all_named_in_one_go() {
    let env = [
        ("GROUPLOOP_BUS__ENGINE", "pigeon"),
        ("GROUPLOOP_EDGE__COMAND_QUEUE", "5"),
        ("GROUPLOOP_EDGE__THREADS", "many"),
        ("GROUPLOOP_EDGE__VIEWER_INTERVAL_MS", "99999"),
    ];
    let (code, _, said) = run(&["edge"], &env).await;
    assert_eq!(code, 64, "{said}");
    for wrong in ["pigeon", "comand_queue", "GROUPLOOP_EDGE__COMMAND_QUEUE", "many", "99999"] {
        assert!(said.contains(wrong), "{wrong} in {said}");
    }
    let (code, _, said) = run(&["edge", "--no-such-flag"], &[]).await;
    assert_eq!(code, 64, "{said}");
}

#[tokio::test]
async fn wrong_variables_of_a_store_are_named_before_anything_starts() {
    let store = ("GROUPLOOP_CDN__STORE", "s3://bucket");
    for (name, value) in
        [("AWS_ENDPOINT_URL", "many!"), ("AWS_ENDPOINT_URL", "store:8333"), ("AWS_ALLOW_HTTP", "maybe")]
    {
        for args in [&["cdn", "--listen", "127.0.0.1:0"][..], &["config"], &["config", "--check"]] {
            let (code, out, said) = run(args, &[store, (name, value)]).await;
            assert_eq!((code, out.as_str()), (64, ""), "{said}");
            assert!(said.trim_end().lines().count() == 1 && said.contains(name), "{said}");
        }
    }
    let good = ("AWS_ENDPOINT_URL", "http://store:8333");
    let (code, out, said) = run(&["config", "--check"], &[store, good]).await;
    assert_eq!((code, out.as_str(), said.as_str()), (0, "", ""));
}

#[tokio::test]
async fn a_port_in_use_is_named_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for role in ["edge", "up"] {
        let (code, _, said) = run(&[role, "--listen", &address], &[]).await;
        assert_eq!(code, 69, "{said}");
        assert!(said.contains(&address) && said.contains("--listen"), "{said}");
    }
    let edge = builder().start().await;
    let (code, _, said) = run(&["edge", "--listen", &edge.addr().to_string()], &[]).await;
    assert_eq!(code, 69, "another edge holds it: {said}");
}

#[tokio::test]
async fn send_follows_the_answer() {
    let edge = builder().start().await;
    let url = edge.ws_url("/");
    let mut device = Peer::device(&url, 0x1a2b).await;
    let (code, said, _) = run(&["send", "--url", &url, "1a2b", "led_set", "0", "red"], &[]).await;
    assert_eq!((code, said.trim()), (0, "cmd:result:success"));
    device.expect("led_set:0:ff0000").await;
    let (code, said, _) = run(&["send", "--url", &url, "all", "status"], &[]).await;
    assert_eq!((code, said.trim()), (0, "cmd:result:sent_to_1_devices"));
    device.expect("status:").await;
    let (code, said, _) = run(&["send", "--url", &url, "ffff", "status"], &[]).await;
    assert_eq!((code, said.trim()), (1, "cmd:result:failed"));
    let (code, said, _) = run(&["send", "--url", &url, "--space", "empty", "all", "status"], &[]).await;
    assert_eq!((code, said.trim()), (1, "cmd:result:sent_to_0_devices"));
    let (code, said, _) = run(&["send", "--url", &url, "1a2b", "explode"], &[]).await;
    assert_eq!((code, said.trim()), (2, "cmd:error:unknown_command"));
    edge.kill().await;
    let (code, _, said) = run(&["send", "--url", &url, "1a2b", "status"], &[]).await;
    assert_eq!(code, 3, "{said}");
}

#[tokio::test]
async fn watch_prints_frames_for_other_programs() {
    let edge = builder().start().await;
    let mut device = Peer::connect(edge.ws_url("/spaces/lab")).await;
    let mut watch = program()
        .args(["watch", "--url", &edge.ws_url("/"), "--space", "lab", "--device", "1a2b"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut number = 0;
    let first = loop {
        device.send(format!("{}\n{}", frame(0x3c4d, number), frame(0x1a2b, number))).await;
        number += 1;
        let next = tokio::time::timeout(std::time::Duration::from_millis(50), lines.next_line()).await;
        if let Ok(line) = next {
            break line.unwrap().unwrap();
        }
    };
    assert!(first.starts_with("1a2b\t"), "{first}");
    assert_eq!(first.split('\t').count(), 9, "{first}");
}

#[tokio::test]
async fn health_is_for_containers() {
    let edge = builder().start().await;
    let (code, said, _) = run(&["health", &edge.http("/readyz")], &[]).await;
    assert_eq!(code, 0, "{said}");
    let (code, ..) = run(&["health", &edge.http("/")], &[]).await;
    assert_eq!(code, 0);
    edge.kill().await;
    let (code, _, said) = run(&["health", &edge.http("/readyz")], &[]).await;
    assert_eq!(code, 1, "{said}");
}

#[tokio::test]
async fn config_says_where_each_value_is_from() {
    let env = [("NATS_URL", "nats://me:secret@n1:4222"), ("WS_PORT", "6000"), ("GROUPLOOP_LOG__FILTER", "warn")];
    let (code, said, _) = run(&["config", "--set", "edge.threads=3"], &env).await;
    assert_eq!(code, 0);
    let edge_on = said.find("[edge]").unwrap_or_else(|| panic!("[edge] in {said}"));
    let line = |key: &str| {
        let found = |text: &str| text.lines().find(|line| line.trim_start().starts_with(key)).map(str::to_owned);
        // Several sections have a `listen`; that of the edge is meant.
        found(&said[edge_on..]).or_else(|| found(&said)).unwrap_or_else(|| panic!("{key} in {said}"))
    };
    assert!(line("threads").contains('3') && line("threads").contains("--set"), "{said}");
    assert!(line("listen").contains("6000") && line("listen").contains("WS_PORT"), "{said}");
    assert!(line("filter").contains("GROUPLOOP_LOG__FILTER"), "{said}");
    assert!(line("engine").contains("nats") && line("engine").contains("NATS_URL"), "{said}");
    assert!(!said.contains("secret"), "{said}");
    assert!(line("command_spacing_ms").contains("default"), "{said}");
}

#[tokio::test]
async fn up_says_where_to_connect() {
    let edge = builder().role("up").start().await;
    let port = edge.addr().port().to_string();
    edge.find_in_log("where the edge is", |line| (line.contains(&port) && line.contains("ws://")).then_some(())).await;
    let port = edge.simulator_addr().await.port().to_string();
    let is_row = |line: &str| line.trim_start().starts_with("simulator ") && line.contains(&port);
    edge.find_in_log("where the simulator is", |line| is_row(line).then_some(())).await;
    for page in ["dashboard", "emulator", "control", "docs"] {
        let url = format!("http://{}/", edge.page_addr(page).await);
        let is_row = |line: &str| line.trim_start().starts_with(&format!("{page} ")) && line.contains(&url);
        edge.find_in_log(&format!("where the {page} is"), |line| is_row(line).then_some(())).await;
    }
    let dashboard = format!("Open http://{}/ in a browser", edge.page_addr("dashboard").await);
    edge.find_in_log("what to do next", |line| line.contains(&dashboard).then_some(())).await;
    assert_eq!(edge.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn the_version_stands_in_one_place() {
    let version = env!("CARGO_PKG_VERSION");
    let (code, said, _) = run(&["--version"], &[]).await;
    assert_eq!(code, 0);
    assert!(said == format!("grouploop {version}\n") || said.starts_with(&format!("grouploop {version} (")), "{said}");
    let up = builder().role("up").start().await;
    for addr in [
        up.addr(),
        up.cdn_addr().await,
        up.simulator_addr().await,
        up.monitor_addr().await,
        up.page_addr("emulator").await,
    ] {
        assert_eq!(grouploop_testkit::http_get(addr, "/health").await.json()["version"], version, "{addr}");
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let changes = std::fs::read_to_string(root.join("CHANGELOG.md")).unwrap();
    let newest = changes.lines().find_map(|line| line.strip_prefix("## ")).unwrap();
    assert!(newest.split(',').next() == Some(version), "the newest changes are of {newest}");
    let named = format!("image: grouploop:{version}");
    for file in ["cdn", "edge", "monitor", "simulator", "ui"] {
        let text = std::fs::read_to_string(root.join(format!("deploy/kubernetes/{file}.yaml"))).unwrap();
        let images: Vec<&str> =
            text.lines().map(str::trim).filter(|line| line.starts_with("image: grouploop")).collect();
        assert!(!images.is_empty() && images.iter().all(|image| *image == named), "{file}: {images:?}");
    }
}

/// Whether a text has this word as a whole.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|other| other == word)
}

#[tokio::test]
async fn completions_and_pages_of_the_manual_know_every_command() {
    let (_, help, _) = run(&["--help"], &[]).await;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> =
        listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|name| !name.is_empty()).collect();
    assert!(commands.contains(&"edge") && commands.contains(&"man"), "{commands:?}");
    for shell in ["bash", "zsh", "fish"] {
        let (code, text, _) = run(&["completions", shell], &[]).await;
        assert_eq!(code, 0);
        assert!(commands.iter().all(|command| has_word(&text, command)), "{shell}");
    }
    let (code, page, _) = run(&["man"], &[]).await;
    assert_eq!(code, 0);
    assert!(page.contains(".TH grouploop 1") && commands.iter().all(|command| has_word(&page, command)), "{page}");
    let (code, page, _) = run(&["man", "simulate"], &[]).await;
    assert!(code == 0 && page.contains("grouploop\\-simulate") && page.contains("\\-\\-devices"), "{page}");
    let (code, _, said) = run(&["man", "nothing"], &[]).await;
    assert_eq!((code, said.trim()), (64, "grouploop: there is no command `nothing`; `grouploop --help` shows all"));
}
