//! TLS beside plain connections on every port: certificates of one's own and made ones, in processes of their own.

use crate::program::{program, run};
use crate::stage::builder;
use grouploop_testkit::{
    Edge, EdgeBuilder, Peer, RawPeer, TestCertificate, TlsClient, WireFrame, eventually, frame, http_get, within,
};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

type SecurePeer = RawPeer<TlsStream<TcpStream>>;

/// A folder for certificates, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("grouploop-tls-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn made(&self) -> PathBuf {
        self.0.join("certificate.pem")
    }

    /// What a process takes to keep a made certificate here.
    fn keeps(&self, role: &str) -> EdgeBuilder {
        builder().role(role).arg("--tls").env("GROUPLOOP_TLS__FOLDER", self.0.display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process with a certificate of its own in the folder, and a client that trusts it.
fn with_own(role: &str, folder: &Folder, certificate: &TestCertificate) -> (EdgeBuilder, TlsClient) {
    let (file, key) = certificate.write(&folder.0);
    let builder = builder()
        .role(role)
        .arg("--tls")
        .env("GROUPLOOP_TLS__CERTIFICATE_FILE", file.display())
        .env("GROUPLOOP_TLS__KEY_FILE", key.display())
        .env("GROUPLOOP_TLS__RELOAD_MS", "100");
    (builder, TlsClient::trusting(&certificate.certificate))
}

async fn secure(addr: SocketAddr, client: &TlsClient) -> SecurePeer {
    RawPeer::tcp(addr).await.secure(client).await
}

/// The head and the body of an answer.
async fn https_get(addr: SocketAddr, client: &TlsClient, path: &str, more: &str) -> (String, Vec<u8>) {
    let mut peer = secure(addr, client).await;
    peer.write(format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n{more}\r\n")).await;
    (peer.read_head().await, peer.read_to_end().await)
}

async fn metric(edge: &Edge, start: &str) -> String {
    let metrics = http_get(edge.addr(), "/metrics").await;
    let line = metrics.text().lines().find_map(|line| line.strip_prefix(start)).map(str::to_owned);
    line.unwrap_or_default()
}

/// What the log says of the certificate, with this message: its fingerprint.
async fn fingerprint(edge: &Edge, message: &str) -> String {
    let what = format!("{message:?}");
    let pick = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let fields = line.get("fields").unwrap_or(&line);
        let said = fields["message"].as_str()? == message;
        said.then(|| fields["tls.fingerprint"].as_str().unwrap().to_owned())
    };
    edge.find_in_log(&what, pick).await
}

const ON: &str = "every port speaks TLS too";
const RENEWED: &str = "TLS has another certificate";

#[tokio::test]
async fn devices_stay_plain_and_pages_are_secure_on_one_port_of_an_edge() {
    let (folder, certificate) = (Folder::new("edge"), TestCertificate::lasting(-1, 100));
    let (builder, client) = with_own("edge", &folder, &certificate);
    let edge = builder.start().await;
    let mut viewer = secure(edge.addr(), &client).await;
    let head = viewer.upgrade("/").await;
    assert!(head.lines().any(|line| line == "Connection: Upgrade"), "{head}");
    assert_eq!(head.to_ascii_lowercase().matches("connection:").count(), 1, "{head}");
    viewer.text("s").await;
    assert_eq!(viewer.read_frame().await.payload_text(), "stream:on");

    let mut device = RawPeer::open(edge.addr(), "/").await;
    device.text(&frame(0x1a2b, 1)).await;
    assert_eq!(viewer.read_frame().await.payload_text(), frame(0x1a2b, 1) + "\n");
    viewer.text("cmd:1a2b:led:red").await;
    assert_eq!(device.read_frame().await.payload_text(), "led:ff0000");
    assert_eq!(viewer.read_frame().await.payload_text(), "cmd:result:success");

    // Many frames, so that messages are larger than a record of TLS.
    let many: Vec<String> = (0..3000).map(|id| frame(id, 7)).collect();
    let mut gateway = Peer::connect(edge.ws_url("/")).await;
    gateway.send(many.join("\n")).await;
    let mut seen = Vec::new();
    while seen.len() < many.len() {
        seen.extend(viewer.read_frame().await.payload_text().lines().map(str::to_owned));
    }
    assert_eq!(seen, many);
    viewer.send(&WireFrame::close(1000, "done")).await;
    assert_eq!(viewer.closed().await.unwrap().0, 1000);
    let mut rest = Vec::new();
    within("the goodbye of TLS", viewer.stream().read_to_end(&mut rest)).await.unwrap();

    // A close frame that reaches its peer, who goes on sending.
    let mut liar = secure(edge.addr(), &client).await;
    liar.upgrade("/").await;
    liar.write(WireFrame::text("").header(1 << 40)).await;
    let _ = liar.try_write(vec![b'x'; 200_000]).await;
    assert_eq!(liar.closed().await.unwrap().0, 1009);

    let (head, body) = https_get(edge.addr(), &client, "/health", "").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let health: Value = serde_json::from_slice(&body).unwrap();
    assert!(health["certificate_ends"].as_str().unwrap().ends_with('Z'), "{health}");
    let ends: u64 = metric(&edge, "grouploop_edge_certificate_ends_seconds ").await.parse().unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert!(ends > now, "{ends}");
    let (_, welcome) = https_get(edge.addr(), &client, "/", "").await;
    let welcome = String::from_utf8(welcome).unwrap();
    assert!(welcome.contains(&format!("wss://{}/", edge.addr())) && !welcome.contains(" ws://"), "{welcome}");
    assert!(http_get(edge.addr(), "/").await.text().contains(&format!("ws://{}/", edge.addr())));
}

#[tokio::test]
async fn without_tls_an_edge_has_none() {
    let edge = builder().start().await;
    let stream = TcpStream::connect(edge.addr()).await.unwrap();
    assert!(TlsClient::trusting(&TestCertificate::new().certificate).handshake(stream).await.is_err());
    assert_eq!(http_get(edge.addr(), "/health").await.json()["certificate_ends"], Value::Null);
    assert_eq!(metric(&edge, "grouploop_edge_certificate_ends_seconds ").await, "");
}

#[tokio::test]
async fn handshakes_that_come_to_nothing_are_ended_and_counted_by_an_edge() {
    let folder = Folder::new("handshakes");
    let (builder, client) = with_own("edge", &folder, &TestCertificate::new());
    let edge = builder.env("GROUPLOOP_EDGE__HEADER_TIMEOUT_MS", "300").start().await;
    const REFUSED: &str = "grouploop_edge_connections_refused_total{reason=";
    let mut garbage = RawPeer::tcp(edge.addr()).await;
    garbage.write([&[0x16][..], &[0xa5; 600]].concat()).await;
    garbage.read_to_end().await;
    eventually!(metric(&edge, &format!("{REFUSED}\"tls_failed\"}} ")).await == "1");
    let mut half = RawPeer::tcp(edge.addr()).await;
    half.write([0x16, 3, 1, 2, 0, 1]).await;
    half.read_to_end().await;
    eventually!(metric(&edge, &format!("{REFUSED}\"tls_slow\"}} ")).await == "1");
    // Silence is no fault, before the handshake and after it.
    assert_eq!(RawPeer::tcp(edge.addr()).await.read_to_end().await, b"");
    assert_eq!(secure(edge.addr(), &client).await.read_to_end().await, b"");
    assert_eq!(metric(&edge, &format!("{REFUSED}\"tls_slow\"}} ")).await, "1");
    RawPeer::open(edge.addr(), "/").await.reset();
}

#[tokio::test]
async fn a_viewer_by_tls_that_takes_nothing_is_closed() {
    let folder = Folder::new("stuck");
    let (builder, client) = with_own("edge", &folder, &TestCertificate::new());
    let edge = builder.env("GROUPLOOP_EDGE__WRITE_TIMEOUT_MS", "300").start().await;
    let stuck = RawPeer::tcp_with_receive_buffer(edge.addr(), 4096).await;
    let mut stuck = stuck.secure(&client).await;
    stuck.upgrade("/").await;
    stuck.text("s").await;
    eventually!(metric(&edge, "grouploop_edge_viewers ").await == "1");
    let mut gateway = Peer::connect(edge.ws_url("/")).await;
    let closed = "grouploop_edge_connections_closed_total{reason=\"write_timeout\"} ";
    let mut number = 0;
    eventually!({
        for _ in 0..20 {
            number += 1;
            gateway.send((0..1000).map(|id| frame(id, number)).collect::<Vec<_>>().join("\n")).await;
        }
        gateway.barrier().await;
        metric(&edge, closed).await == "1"
    });
    drop(stuck);
}

#[tokio::test]
async fn a_drain_says_goodbye_over_tls() {
    let folder = Folder::new("drain");
    let (builder, client) = with_own("edge", &folder, &TestCertificate::new());
    let edge = builder.start().await;
    let mut viewer = secure(edge.addr(), &client).await;
    viewer.upgrade("/").await;
    let mut idle = secure(edge.addr(), &client).await;
    let mut half = RawPeer::tcp(edge.addr()).await;
    half.write([0x16, 3]).await;
    edge.signal("TERM");
    let (code, reason) = viewer.closed().await.unwrap();
    assert!(code == 1012 && reason.starts_with("restart retry_ms="), "{code} {reason}");
    viewer.send(&WireFrame::close(1012, "")).await;
    // Without a goodbye of TLS these are errors.
    for peer in [viewer.stream(), idle.stream()] {
        let mut rest = Vec::new();
        within("the goodbye of TLS", peer.read_to_end(&mut rest)).await.unwrap();
        assert_eq!(rest, b"");
    }
    assert_eq!(half.read_to_end().await, b"");
    assert_eq!(within("the end", edge.ended()).await.code(), Some(0));
}

#[tokio::test]
async fn a_cdn_serves_every_byte_by_tls_and_plain() {
    let (folder, store) = (Folder::new("cdn"), Folder::new("cdn-store"));
    let (builder, client) = with_own("cdn", &folder, &TestCertificate::new());
    let cdn = builder.env("GROUPLOOP_CDN__STORE", format!("file://{}", store.0.display())).start().await;
    let image: Vec<u8> = (0..1_000_003).map(|at| (at * 31 % 251) as u8).collect();
    std::fs::write(store.0.join("static/image.bin"), &image).unwrap();
    let path = "/static/image.bin";
    let (head, body) = https_get(cdn.addr(), &client, path, "").await;
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("\r\nContent-Length: 1000003\r\n"), "{head}");
    assert!(body == image);
    let (head, body) = https_get(cdn.addr(), &client, path, "Range: bytes=999000-\r\n").await;
    assert!(head.starts_with("HTTP/1.1 206 ") && head.contains("bytes 999000-1000002/1000003"), "{head}");
    assert!(body == image[999_000..]);
    // As devices ask.
    let mut device = RawPeer::tcp(cdn.addr()).await;
    device.write(format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n")).await;
    assert!(device.read_head().await.starts_with("HTTP/1.0 200 "));
    assert!(device.read_to_end().await == image);
    let mut garbage = RawPeer::tcp(cdn.addr()).await;
    garbage.write([&[0x16][..], &[0xa5; 600]].concat()).await;
    garbage.read_to_end().await;
    eventually!(metric(&cdn, "grouploop_cdn_connections_refused_total{reason=\"tls_failed\"} ").await == "1");
    assert!(http_get(cdn.addr(), "/health").await.json()["certificate_ends"].is_string());
    assert!(cdn.terminate().await.success());
}

#[tokio::test]
async fn up_makes_a_certificate_that_its_own_clients_trust() {
    let folder = Folder::new("up");
    let up = folder.keeps("up").start().await;
    let (cdn, simulator) = (up.cdn_addr().await, up.simulator_addr().await);
    let secure_url = format!("wss://{}/", up.addr());
    up.find_in_log("the secure URL", |line| line.contains(&secure_url).then_some(())).await;
    up.find_in_log("a word about phones", |line| line.contains("https:// pages alone").then_some(())).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.0.join("key.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else reads the key");
    }
    let client = TlsClient::trusting(&std::fs::read_to_string(folder.made()).unwrap());
    for port in [up.addr(), cdn, simulator] {
        let (head, _) = https_get(port, &client, "/health", "").await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{port}: {head}");
    }

    let folder_variable = ("GROUPLOOP_TLS__FOLDER", folder.0.to_str().unwrap());
    let port = up.addr().port();
    let mut device = Peer::device(up.ws_url("/"), 0x1a2b).await;
    for url in [format!("wss://127.0.0.1:{port}/"), format!("wss://localhost:{port}")] {
        let (code, said, why) = run(&["send", "--url", &url, "1a2b", "status"], &[folder_variable]).await;
        assert_eq!((code, said.trim()), (0, "cmd:result:success"), "{why}");
        device.expect("status:").await;
    }
    let made = folder.made();
    let ca = ["--ca", made.to_str().unwrap()];
    let url = format!("https://127.0.0.1:{}", cdn.port());
    let (code, said, why) = run(&["health", &url, ca[0], ca[1]], &[]).await;
    assert_eq!((code, said.trim()), (0, "ready"), "{why}");
    // Without any of this it is a stranger, and that is said.
    for args in [["health", &url].as_slice(), &["send", "--url", &secure_url, "1a2b", "status"]] {
        let nothing = ("GROUPLOOP_TLS__FOLDER", "/nonexistent");
        let (code, _, why) = run(args, &[nothing, ("SSL_CERT_FILE", made_elsewhere(&folder).as_str())]).await;
        assert!(code != 0 && why.contains("--ca FILE (tls.ca_file)"), "{code}: {why}");
    }

    let mut watch = program()
        .args(["watch", "--url", &secure_url, "--device", "1a2b"])
        .env(folder_variable.0, folder_variable.1)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    eventually!(http_get(up.addr(), "/health").await.json()["viewers"] == 1);
    device.send(frame(0x1a2b, 1)).await;
    let line = within("a line of watch", lines.next_line()).await.unwrap().unwrap();
    assert!(line.starts_with("1a2b\t"), "{line}");
    watch.kill().await.unwrap();
    assert!(up.terminate().await.success(), "it drains");
}

/// A file with the certificate of somebody else, so that the system's trust is not empty.
fn made_elsewhere(folder: &Folder) -> String {
    let file = folder.0.join("elsewhere.pem");
    std::fs::write(&file, TestCertificate::new().certificate).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_made_certificate_stays_until_it_cannot() {
    let folder = Folder::new("made");
    let start = async |names: &str| {
        let edge = folder.keeps("edge").env("GROUPLOOP_TLS__NAMES", names).start().await;
        let fingerprint = fingerprint(&edge, ON).await;
        edge.kill().await;
        fingerprint
    };
    let first = start("").await;
    assert_eq!(start("").await, first, "a restart changes nothing");
    let second = start("hub.example, 192.0.2.77, FD00:0::9").await;
    assert_ne!(second, first, "it was not for these names");
    assert_eq!(start("Hub.Example, FD00:0::9").await, second, "however they are written");
    assert_eq!(start("").await, second, "names that it has more do not matter");
    std::fs::write(folder.made(), "damaged").unwrap();
    assert_ne!(start("").await, second);
    // A key that is none is not written over: it may be somebody's.
    std::fs::write(folder.0.join("key.pem"), "damaged").unwrap();
    let process = folder.keeps("edge").spawn();
    assert_eq!(process.ended().await.code(), Some(64));
    let said = process.log().join("\n");
    assert!(said.contains("key.pem holds no private key") && said.contains("remove it"), "{said}");
}

#[tokio::test]
async fn mistakes_of_an_own_certificate_are_said_before_anything_starts() {
    let folder = Folder::new("mistakes");
    let (good, other) = (TestCertificate::new(), TestCertificate::new());
    let (past, future) = (TestCertificate::lasting(-30, -1), TestCertificate::lasting(1, 30));
    let file = |name: &str, text: &str| {
        let path = folder.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (certificate, key) = (file("good.pem", &good.certificate), file("good.key", &good.key));
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let missing = folder.0.join("missing.pem");
    for (certificate, key, words) in [
        (&missing, &key, ["missing.pem cannot be read", "tls.certificate_file"]),
        (&certificate, &missing, ["missing.pem cannot be read", "tls.key_file"]),
        (&file("no.pem", "hello"), &key, ["no.pem holds no certificate", "BEGIN CERTIFICATE"]),
        (&key, &key, ["good.key holds no certificate", "tls.certificate_file"]),
        (&certificate, &certificate, ["good.pem holds no private key", "tls.key_file"]),
        (
            &certificate,
            &file("other.key", &other.key),
            ["other.key holds the key of another certificate", "tls.key_file"],
        ),
        (&certificate, &file("locked.key", locked), ["locked.key is protected by a password", "openssl"]),
        (&file("past.pem", &past.certificate), &file("past.key", &past.key), ["past.pem is over since", "renew it"]),
        (
            &file("future.pem", &future.certificate),
            &file("future.key", &future.key),
            ["future.pem holds from", "clock"],
        ),
    ] {
        let process = builder()
            .arg("--tls")
            .env("GROUPLOOP_TLS__CERTIFICATE_FILE", certificate.display())
            .env("GROUPLOOP_TLS__KEY_FILE", key.display())
            .spawn();
        assert_eq!(process.ended().await.code(), Some(64), "{words:?}");
        let said = process.log().join("\n");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said}");
        assert!(!said.contains("listening"), "{said}");
    }
    // Nobody asked for TLS, so nobody looks.
    let edge = builder()
        .env("GROUPLOOP_TLS__CERTIFICATE_FILE", missing.display())
        .env("GROUPLOOP_TLS__KEY_FILE", missing.display())
        .start()
        .await;
    assert_eq!(edge.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_without_a_restart_and_a_broken_one_is_not() {
    let (folder, first, second) = (Folder::new("renewed"), TestCertificate::lasting(-1, 10), TestCertificate::new());
    let (builder, client) = with_own("edge", &folder, &first);
    let edge = builder.start().await;
    let warned = |words: &'static str| move |line: &str| (line.contains("WARN") && line.contains(words)).then_some(());
    edge.find_in_log("that it ends soon", warned("is over soon")).await;
    let mut viewer = secure(edge.addr(), &client).await;
    viewer.upgrade("/").await;

    std::fs::write(folder.made(), &second.certificate).unwrap();
    edge.find_in_log("that the key is another one", warned("holds the key of another certificate")).await;
    drop(secure(edge.addr(), &client).await);
    second.write(&folder.0);
    fingerprint(&edge, RENEWED).await;
    drop(secure(edge.addr(), &TlsClient::trusting(&second.certificate)).await);
    assert!(client.handshake(TcpStream::connect(edge.addr()).await.unwrap()).await.is_err());
    viewer.text("ping").await;
    assert_eq!(viewer.read_frame().await.payload_text(), "pong", "who was there stays");
    assert_eq!(edge.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_certificate_that_ends_while_it_is_used_is_said_by_every_role() {
    let (folder, short) = (Folder::new("ends"), TestCertificate::ending_after(Duration::from_secs(15)));
    let (builder, _) = with_own("up", &folder, &short);
    let up = builder.start().await;
    let roles = [
        up.addr(),
        up.cdn_addr().await,
        up.simulator_addr().await,
        up.monitor_addr().await,
        up.page_addr("dashboard").await,
    ];
    for addr in roles {
        eventually!(http_get(addr, "/health").await.json()["status"] == "degraded");
        let health = http_get(addr, "/health").await.json();
        let said = health["reasons"][0].as_str().unwrap();
        assert!(said.starts_with("the certificate is over since ") && said.contains(": renew it"), "{health}");
        // What is plain goes on, so nobody is sent elsewhere.
        assert_eq!(http_get(addr, "/readyz").await.status, 200);
    }
    let warned =
        |line: &str| (line.contains("WARN") && line.contains("the certificate is over: renew it")).then_some(());
    up.find_in_log("that it is over", warned).await;

    TestCertificate::new().write(&folder.0);
    for addr in roles {
        eventually!(http_get(addr, "/health").await.json()["reasons"] == json!([]));
    }
}

#[tokio::test]
async fn an_edge_loads_its_commands_from_a_cdn_by_tls() {
    let folder = Folder::new("registry");
    let (cdn, _) = with_own("cdn", &folder, &TestCertificate::new());
    let cdn = cdn.start().await;
    let url = format!("https://{}", cdn.addr());
    let edge = builder().env("CDN_BASE_URL", &url).arg("--ca").arg(path(&folder.made())).start().await;
    eventually!(http_get(edge.addr(), "/health").await.json()["registry"] == json!("cdn"));
    let process = builder().env("CDN_BASE_URL", &url).arg("--ca").arg("/nonexistent.pem").spawn();
    assert_ne!(process.ended().await.code(), Some(0));
    assert!(process.log().join("\n").contains("(--ca, tls.ca_file)"), "{:?}", process.log());
}

#[tokio::test]
async fn the_pages_are_secure_and_pass_on_what_a_cdn_has_by_tls() {
    let folder = Folder::new("pages");
    let certificate = TestCertificate::new();
    let (cdn, client) = with_own("cdn", &folder, &certificate);
    let cdn = cdn.start().await;
    let (ui, _) = with_own("ui", &folder, &certificate);
    let ui = ui.env("CDN_BASE_URL", format!("https://{}", cdn.addr()));
    let ui = ui.arg("--ca").arg(path(&folder.made())).start().await;
    for page in ["dashboard", "emulator"] {
        let port = ui.page_addr(page).await;
        let (head, body) = https_get(port, &client, "/health", "").await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let health: Value = serde_json::from_slice(&body).unwrap();
        assert!(health["certificate_ends"].as_str().is_some_and(|ends| ends.ends_with('Z')), "{health}");
        let (head, body) = https_get(port, &client, "/static/commands.json", "").await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head} {}", String::from_utf8_lossy(&body));
    }
    let mut garbage = RawPeer::tcp(ui.addr()).await;
    garbage.write([&[0x16][..], &[0xa5; 600]].concat()).await;
    garbage.read_to_end().await;
    let failed = "grouploop_ui_connections_refused_total{page=\"dashboard\",reason=\"tls_failed\"} ";
    eventually!(metric(&ui, failed).await == "1");
}

#[tokio::test]
async fn a_machine_that_trusts_nobody_serves_what_needs_no_trust() {
    let (folder, nobody) = (Folder::new("nobody"), "/nonexistent");
    let up = builder()
        .role("up")
        .env("SSL_CERT_FILE", nobody)
        .env("SSL_CERT_DIR", nobody)
        .env("GROUPLOOP_TLS__FOLDER", folder.0.display());
    let up = up.start().await;
    eventually!(http_get(up.addr(), "/health").await.json()["registry"] == json!("cdn"));
    assert_eq!(http_get(up.page_addr("dashboard").await, "/static/commands.json").await.status, 200);
    assert!(up.terminate().await.success());
    assert!(!up.log().iter().any(|line| line.contains("ERROR")), "{:?}", up.log());
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
