//! Clients, and files, that mean harm.

use crate::stage::{Folder, Stage, error, noise};
use grouploop_testkit::{RawPeer, eventually, within};

async fn ask(addr: std::net::SocketAddr, target: &str) -> String {
    let mut raw = RawPeer::tcp(addr).await;
    raw.write(format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
    String::from_utf8_lossy(&raw.read_to_end().await).into_owned()
}

#[tokio::test]
async fn no_spelling_leaves_the_folder_of_an_app() {
    let outside = Folder::new();
    outside.write("secret.txt", "secret");
    let stage = Stage::with(|options| options.settings.apps = outside.path().join("apps").display().to_string()).await;
    outside.write("apps/mine/index.html", "mine");
    outside.write("apps/mine/.env", "secret");
    outside.write("apps/mine/.git/config", "secret");
    outside.write("apps/.hidden/index.html", "secret");
    outside.write("apps/secret.txt", "secret");
    assert_eq!(stage.get("/apps/mine/").await.text(), "mine");
    let mut targets: Vec<String> = [
        "/apps/mine/../secret.txt",
        "/apps/mine/../../secret.txt",
        "/apps/../secret.txt",
        "/apps/mine/%2e%2e/secret.txt",
        "/apps/mine/%2E%2E%2fsecret.txt",
        "/apps/mine/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/apps/mine/..%2f..%2fsecret.txt",
        "/apps/mine/%252e%252e/secret.txt",
        "/apps/mine/..\\secret.txt",
        "/apps/mine/..%5csecret.txt",
        "/apps/mine/%c0%ae%c0%ae/secret.txt",
        "/apps/mine/....//secret.txt",
        "/apps/mine//etc/passwd",
        "/apps/mine/%2fetc%2fpasswd",
        "/apps//etc/passwd",
        "/apps/%2e%2e/secret.txt",
        "/apps/..%2fsecret.txt/",
        "/apps/%2fetc/passwd",
        "/apps/mine%2f..%2f..%2fsecret.txt",
        "/apps/secret.txt/",
        "/apps/secret.txt/.",
        "/apps/mine/.env",
        "/apps/mine/%2eenv",
        "/apps/mine/.git/config",
        "/apps/.hidden/",
        "/apps/%2ehidden/",
        "/apps/./mine/../../secret.txt",
        "/apps/mine/index.html%00.txt",
        "/apps/mine/%00",
        "/apps/mine/C:%5cwindows%5cwin.ini",
        "/apps/mine/index.html::$DATA",
        "/apps/mine/%0d%0aX-Evil:%201",
        "/apps/mine/%ff",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/index.html",
        "/js/../secret.txt",
        "/static/vendor/js/../../../secret.txt",
        "//evil.example/apps",
        "http://evil.example/apps/mine/../secret.txt",
        "*",
        "secret.txt",
    ]
    .map(str::to_owned)
    .into();
    targets.push(format!("/apps/mine/{}secret.txt", "../".repeat(100)));
    targets.push(format!("/apps/mine/{}", "a/".repeat(100)));
    targets.push(format!("/apps/mine/{}", "a".repeat(4000)));
    targets.push(format!("/apps/{}/", "a".repeat(65)));
    for target in targets {
        for addr in [stage.hub, stage.emulator] {
            let answer = ask(addr, &target).await;
            assert!(matches!(&answer[9..12], "404" | "400"), "{target}: {answer}");
            assert!(!answer.contains("secret\r") && !answer.ends_with("secret"), "{target}: {answer}");
            assert!(!answer.contains("X-Evil"), "{target}: {answer}");
        }
    }
    // What leads somewhere leads to this host.
    let answer = ask(stage.hub, "//evil.example/apps/mine").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert_eq!(stage.get("/livez").await.status, 200);
}

#[cfg(unix)]
#[tokio::test]
async fn links_out_of_the_folder_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let outside = Folder::new();
    outside.write("secret.txt", "secret");
    outside.write("other/index.html", "secret");
    outside.write("other/README.md", "# secret");
    let stage = Stage::start().await;
    let apps = stage.folder.path();
    stage.write("mine/index.html", "mine");
    stage.write("mine/real.txt", "real");
    symlink(outside.path().join("secret.txt"), apps.join("mine/absolute.txt")).unwrap();
    symlink(
        format!("../../{}/secret.txt", outside.path().file_name().unwrap().to_str().unwrap()),
        apps.join("mine/relative.txt"),
    )
    .unwrap();
    symlink(outside.path(), apps.join("mine/folder")).unwrap();
    symlink(outside.path().join("other"), apps.join("linked")).unwrap();
    symlink("/etc/passwd", apps.join("mine/passwd")).unwrap();
    symlink("loop", apps.join("mine/loop")).unwrap();
    symlink("real.txt", apps.join("mine/inside.txt")).unwrap();
    symlink("../mine", apps.join("mine/itself")).unwrap();
    symlink("mine", apps.join("alias")).unwrap();
    stage.write("readme/index.html", "x");
    symlink(outside.path().join("other/README.md"), apps.join("readme/README.md")).unwrap();
    for path in [
        "mine/absolute.txt",
        "mine/relative.txt",
        "mine/folder/secret.txt",
        "mine/folder/other/",
        "mine/passwd",
        "mine/loop",
        "linked/",
        "linked/index.html",
    ] {
        let answer = stage.get(&format!("/apps/{path}")).await;
        assert_eq!((answer.status, answer.text().contains("secret\"")), (404, false), "{path}");
    }
    for path in ["mine/inside.txt", "mine/itself/real.txt", "alias/real.txt"] {
        assert_eq!(stage.get(&format!("/apps/{path}")).await.text(), "real", "{path}");
    }
    let list = stage.get("/api/apps").await;
    assert!(!list.text().contains("secret") && !list.text().contains("linked"), "{}", list.text());
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_holds_nobody_up() {
    let stage = Stage::start().await;
    stage.write("mine/index.html", "mine");
    let path = |name: &str| stage.folder.path().join("mine").join(name);
    for name in ["pipe", "README.md"] {
        let made = std::process::Command::new("mkfifo").arg(path(name)).status().unwrap();
        assert!(made.success());
    }
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    for name in ["pipe", "socket", "README.md"] {
        assert_eq!(stage.get(&format!("/apps/mine/{name}")).await.status, 404, "{name}");
    }
    let apps = stage.apps().await;
    assert_eq!((apps.len(), &apps[0]["title"]), (1, &"mine".into()));
}

#[tokio::test]
async fn who_is_too_slow_is_sent_away_and_nobody_else_notices() {
    let stage = Stage::with(|options| {
        options.settings.header_timeout_ms = 300;
        options.settings.slow_client_ms = 300;
    })
    .await;
    let large = noise(1, 11 << 20);
    stage.write("mine/song.wav", &large);
    let mut reader = RawPeer::tcp_with_receive_buffer(stage.hub, 4096).await;
    reader.write("GET /apps/mine/song.wav HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut headers = RawPeer::tcp(stage.emulator).await;
    let drip = async {
        for byte in "GET / HTTP/1.1\r\n".bytes().chain(std::iter::repeat(b'x')) {
            if headers.try_write([byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    within("the slow headers to be cut off", drip).await;
    eventually!({
        let metrics = stage.get("/metrics").await;
        ["dashboard", "emulator"]
            .iter()
            .all(|page| metrics.text().contains(&format!("grouploop_ui_connections_slow_total{{page=\"{page}\"}} 1\n")))
    });
    assert!(reader.read_to_end().await.len() < large.len());
    assert_eq!(stage.get("/").await.status, 200);
}

#[tokio::test]
async fn one_connection_too_many_is_closed() {
    let stage = Stage::with(|options| options.settings.max_connections = 2).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut peer = RawPeer::tcp(stage.hub).await;
        peer.write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
        peer.read_head().await;
        held.push(peer);
    }
    let mut third = RawPeer::tcp(stage.hub).await;
    let _ = third.try_write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(third.read_to_end().await, b"");
    // The other port has its own.
    assert_eq!(grouploop_testkit::http_get(stage.emulator, "/livez").await.status, 200);
    drop(held);
    let refused = "grouploop_ui_connections_refused_total{page=\"dashboard\",reason=\"overloaded\"} 1\n";
    let metrics = grouploop_testkit::http_get(stage.emulator, "/metrics").await;
    assert!(metrics.text().contains(refused), "{}", metrics.text());
}

#[tokio::test]
async fn an_answer_never_names_a_folder_of_this_machine() {
    let stage = Stage::start().await;
    stage.write("mine/index.html", "mine");
    let folder = stage.folder.path().display().to_string();
    for path in ["/health", "/metrics", "/config.js", "/api/apps", "/apps/none/", "/apps/mine/none", "/js/none.js"] {
        assert!(!stage.get(path).await.text().contains(&folder), "{path}");
    }
    assert_eq!(error(&stage.get("/apps/none/").await).0, 404);
}
