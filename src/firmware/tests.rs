//! The publisher against a CDN that says what the test wants it to.

use super::*;
use crate::settings::{Flags, load};
use grouploop_cdn::Manifest;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const TOKEN: &str = "a-token-for-the-tests";
const NOT_FOUND: &str = "404 Not Found\r\nContent-Length: 0\r\n\r\n";
const CREATED: &str = "201 Created\r\nContent-Length: 0\r\n\r\n";
const CHANGED: &str = "412 Precondition Failed\r\nContent-Length: 0\r\n\r\n";

/// What one connection gets.
#[derive(Clone)]
enum Reply {
    /// This, when its request has been read.
    Answer(String),
    /// This, after the head of the request, and the end of the connection.
    Early(String),
    /// The end of the connection after the head of the request.
    Cut,
    /// Nothing: with its request read or with its body left where it is.
    Silence { read: bool },
}

fn answer(text: impl Into<String>) -> Reply {
    Reply::Answer(text.into())
}

/// A 200 with an ETag.
fn content(etag: &str, body: &str) -> Reply {
    answer(format!("200 OK\r\nETag: {etag}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// A request as it came.
#[derive(Debug, Clone)]
struct Asked {
    head: String,
    body: Vec<u8>,
}

impl Asked {
    fn line(&self) -> &str {
        self.head.lines().next().unwrap().trim_end_matches(" HTTP/1.1")
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

struct Script {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    _server: JoinSet<()>,
}

impl Script {
    async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let mut replies: VecDeque<Reply> = replies.into_iter().collect();
        let (mut server, log) = (JoinSet::new(), Arc::clone(&asked));
        server.spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let reply = replies.pop_front().expect("the script has an answer for each request");
                kept.extend(reply_to(&mut stream, reply, &log).await.then_some(stream));
            }
        });
        Self { url, asked, _server: server }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.line().to_owned()).collect()
    }
}

/// Returns whether the connection is to stay open.
async fn reply_to(stream: &mut TcpStream, reply: Reply, log: &Mutex<Vec<Asked>>) -> bool {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    };
    let mut asked = Asked { head: String::from_utf8(bytes[..end].to_vec()).unwrap(), body: bytes[end..].to_vec() };
    if matches!(reply, Reply::Answer(_) | Reply::Silence { read: true }) {
        let length: usize = asked.header("content-length").unwrap_or("0").parse().unwrap();
        while asked.body.len() < length {
            assert_ne!(stream.read_buf(&mut asked.body).await.unwrap(), 0);
        }
        assert_eq!(asked.body.len(), length);
    }
    log.lock().unwrap().push(asked);
    let text = match reply {
        Reply::Answer(text) | Reply::Early(text) => text,
        Reply::Cut => return false,
        Reply::Silence { .. } => return true,
    };
    let text = format!("HTTP/1.1 {}", text.replacen("\r\n", "\r\nConnection: close\r\n", 1));
    stream.write_all(text.as_bytes()).await.unwrap();
    false
}

/// A small image for the ESP32-C3; `salt` makes it another one.
fn image(salt: u8) -> Vec<u8> {
    let mut bytes = vec![0; 24 + 8 + 32];
    bytes[..2].copy_from_slice(&[0xe9, 1]);
    bytes[12] = 5;
    bytes[28] = 32;
    bytes[40] = salt;
    bytes.resize(80, 0);
    bytes[79] = 0xef ^ salt;
    bytes
}

struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("grouploop-publish-{}-{name}.bin", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn settings(set: &[&str]) -> Settings {
    let flags = Flags { set: set.iter().map(|pair| (*pair).into()).collect(), ..Flags::default() };
    load(&flags, &BTreeMap::new(), Path::new("/nonexistent")).unwrap().settings
}

fn args(board: &str, version: &str, cdn: Option<&str>) -> PublishArgs {
    let (board, version, cdn) = (board.into(), version.into(), cdn.map(Into::into));
    PublishArgs { file: PathBuf::new(), board, version, cdn, replace: false }
}

fn order(url: &str) -> Order {
    let settings = settings(&[&format!("cdn.token={TOKEN}")]);
    let mut order = Order::new(&args("seeed_xiao_esp32c3", "1.4.0", Some(url)), &settings, PATIENCE).unwrap();
    order.pause = Duration::from_millis(1);
    order
}

fn said(trouble: &Trouble) -> String {
    let text = trouble.lines.join("\n");
    assert!(!text.contains(TOKEN), "{text}");
    text
}

async fn publish_to(script: &Script, name: &str, replace: bool) -> Result<String, Trouble> {
    let file = TempFile::new(name, &image(1));
    order(&script.url).carry_out(&file.0, replace).await
}

const IMAGE: &str = "/firmware/firmware-seeed_xiao_esp32c3-1.4.0.bin";

#[tokio::test]
async fn an_image_is_uploaded_and_then_named() {
    let manifest = r#"{"version": "1", "build_date": "then", "boards": {"esp32": "firmware/a.bin"}, "notes": 7}"#;
    let script = Script::new([answer(NOT_FOUND), answer(CREATED), content("\"m1\"", manifest), answer(CREATED)]).await;
    let text = publish_to(&script, "first", false).await.unwrap();
    let [head, put, get, write] = script.asked().try_into().unwrap();
    assert_eq!(head.line(), format!("HEAD {IMAGE}"));
    assert_eq!(put.line(), format!("PUT {IMAGE}"));
    assert_eq!(put.body, image(1));
    assert_eq!(put.header("content-length"), Some("80"));
    assert_eq!(put.header("transfer-encoding"), None);
    assert_eq!(put.header("if-none-match"), Some("*"));
    assert_eq!(put.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(get.line(), "GET /firmware/manifest.json");
    assert_eq!(get.header("authorization"), None);
    assert_eq!(write.line(), "PUT /firmware/manifest.json");
    assert_eq!((write.header("if-match"), write.header("if-none-match")), (Some("\"m1\""), None));
    let written = Manifest::parse(&write.body).unwrap();
    assert_eq!(written.version, "1.4.0");
    assert!(written.build_date.len() == 20 && written.build_date.ends_with('Z'), "{}", written.build_date);
    assert_eq!(written.boards["esp32"], "firmware/a.bin");
    assert_eq!(format!("/{}", written.boards["seeed_xiao_esp32c3"]), IMAGE);
    assert_eq!(written.other["notes"], 7);
    let facts = Facts::of(&image(1));
    assert_eq!(written.images["seeed_xiao_esp32c3"][0].md5.as_ref(), Some(&facts.md5));
    let url = format!("{}{IMAGE}", script.url);
    for part in ["1.4.0", "80 bytes", &facts.sha256, &facts.md5, &format!("grouploop send <id> ota {url}\n")] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains(TOKEN));
}

#[tokio::test]
async fn what_is_there_already_is_not_sent_again() {
    let same = etag(&Facts::of(&image(1)));
    for (number, replace) in [false, true].into_iter().enumerate() {
        let replies = [content(&format!("W/{same}"), ""), answer(NOT_FOUND), answer(CREATED)];
        let script = Script::new(replies).await;
        publish_to(&script, &format!("again{number}"), replace).await.unwrap();
        assert_eq!(script.lines()[1..], ["GET /firmware/manifest.json", "PUT /firmware/manifest.json"]);
        // A CDN without a manifest gets one, unless somebody else brings one meanwhile.
        assert_eq!(script.asked()[2].header("if-none-match"), Some("*"));
    }
}

#[tokio::test]
async fn other_bytes_under_the_version_are_replaced_only_when_told_to() {
    let script = Script::new([content("\"other\"", "")]).await;
    let trouble = publish_to(&script, "conflict", false).await.unwrap_err();
    assert_eq!(trouble.exit, Exit::Failed);
    let expected =
        "version 1.4.0 for seeed_xiao_esp32c3 is there already with other bytes: choose another version, or --replace";
    assert_eq!(said(&trouble), expected);

    let script = Script::new([
        content("\"other\"", ""),
        answer("200 OK\r\nContent-Length: 0\r\n\r\n"),
        answer(NOT_FOUND),
        answer(CREATED),
    ])
    .await;
    publish_to(&script, "replace", true).await.unwrap();
    assert_eq!(script.asked()[1].header("if-none-match"), None);

    // Somebody was faster: with other bytes, and with the same.
    let script = Script::new([answer(NOT_FOUND), answer(CHANGED), content("\"other\"", "")]).await;
    assert_eq!(said(&publish_to(&script, "faster", false).await.unwrap_err()), expected);
    let same = content(&etag(&Facts::of(&image(1))), "");
    let script = Script::new([answer(NOT_FOUND), answer(CHANGED), same, answer(NOT_FOUND), answer(CREATED)]).await;
    publish_to(&script, "faster-same", false).await.unwrap();
}

#[tokio::test]
async fn a_manifest_that_changes_meanwhile_is_read_again() {
    let by = |board: &str| {
        format!(r#"{{"version": "1", "build_date": "", "boards": {{"{board}": "firmware/{board}.bin"}}}}"#)
    };
    let script = Script::new([
        answer(NOT_FOUND),
        answer(CREATED),
        answer(NOT_FOUND),
        answer(CHANGED),
        content("\"1\"", &by("a")),
        answer(CHANGED),
        content("\"2\"", &by("b")),
        answer(CREATED),
    ])
    .await;
    publish_to(&script, "changes", false).await.unwrap();
    let last = script.asked().pop().unwrap();
    assert_eq!(last.header("if-match"), Some("\"2\""));
    let boards: Vec<String> = Manifest::parse(&last.body).unwrap().boards.into_keys().collect();
    assert_eq!(boards, ["b", "seeed_xiao_esp32c3"]);
}

#[tokio::test]
async fn it_does_not_fight_for_the_manifest_for_ever() {
    let rounds = (0..10).flat_map(|_| [answer(NOT_FOUND), answer(CHANGED)]);
    let script = Script::new([answer(NOT_FOUND), answer(CREATED)].into_iter().chain(rounds)).await;
    let trouble = publish_to(&script, "fight", false).await.unwrap_err();
    assert_eq!(trouble.exit, Exit::Failed);
    assert!(said(&trouble).contains("run the same command again"));
    assert_eq!(script.asked().len(), 22);
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let body = r#"{"error": "wrong", "message": "it is wrong\u001b[2J", "mistakes": ["boards.x: no", "boards.y: no"]}"#;
    for (status, expected) in [
        ("401 Unauthorized", "GROUPLOOP_CDN__TOKEN"),
        ("403 Forbidden", "set cdn.token there"),
        ("413 Payload Too Large", "finds it too large: it is wrong"),
        ("422 Unprocessable Entity", "refuses it: it is wrong"),
        ("500 Internal Server Error", "answers 500 Internal Server Error: it is wrong"),
        ("503 Service Unavailable", "try again later: it is wrong"),
        ("307 Temporary Redirect\r\nLocation: http://elsewhere/x", "points to http://elsewhere/x"),
    ] {
        let refusal = answer(format!("{status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        // Of the image, and of the manifest.
        let name = status.get(..3).unwrap();
        let script = Script::new([answer(NOT_FOUND), refusal.clone()]).await;
        let trouble = publish_to(&script, name, false).await.unwrap_err();
        assert_eq!(trouble.exit, Exit::Failed);
        assert!(trouble.lines[0].contains(expected), "{expected} in {}", said(&trouble));
        assert_eq!(trouble.lines[1..], ["boards.x: no", "boards.y: no"]);

        let script = Script::new([answer(NOT_FOUND), answer(CREATED), answer(NOT_FOUND), refusal]).await;
        let trouble = publish_to(&script, name, false).await.unwrap_err();
        assert_eq!((trouble.exit, trouble.lines.len()), (Exit::Failed, 4));
        assert!(trouble.lines[0].contains(expected), "{expected} in {}", said(&trouble));
    }
}

#[tokio::test]
async fn a_refusal_in_the_middle_of_an_upload_is_heard() {
    let bytes = Bytes::from(vec![7; 12 << 20]);
    let facts = Facts::of(&bytes);
    let upload = async |replies: [Reply; 2]| {
        let script = Script::new(replies).await;
        let order = order(&script.url);
        (order.cdn.put_image("firmware/x.bin", bytes.clone(), &facts, false).await.unwrap_err(), script.asked())
    };
    let refused = "401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    for _ in 0..20 {
        let (trouble, _) = upload([Reply::Early(refused.into()), answer(refused)]).await;
        assert!(said(&trouble).contains("refuses the token"));
    }
    // Whether the answer or the end of the connection is seen first is a matter of luck; here there is only the end.
    let (trouble, asked) = upload([Reply::Cut, answer(refused)]).await;
    assert!(said(&trouble).contains("refuses the token"));
    assert_eq!(asked[1].line(), "PUT /firmware/x.bin");
    assert_eq!((asked[1].header("content-length"), asked[1].header("if-match")), (Some("0"), Some("\"0\"")));
    for nothing_wrong in [answer(CHANGED), Reply::Cut] {
        let (trouble, _) = upload([Reply::Cut, nothing_wrong]).await;
        assert_eq!(trouble.exit, Exit::NoAnswer);
    }
}

#[tokio::test]
async fn a_cdn_that_took_other_bytes_is_not_believed() {
    let script = Script::new([answer(NOT_FOUND), answer("201 Created\r\nETag: \"x\"\r\nContent-Length: 0\r\n\r\n")]);
    let trouble = publish_to(&script.await, "other", false).await.unwrap_err();
    assert!(said(&trouble).contains("stored other bytes"));
}

#[tokio::test]
async fn a_damaged_manifest_is_not_written_over() {
    for (number, manifest) in
        ["<html>", r#"{"version": "1", "build_date": "", "boards": {"x": "/etc"}}"#, &" ".repeat(2 << 20)]
            .into_iter()
            .enumerate()
    {
        let script = Script::new([answer(NOT_FOUND), answer(CREATED), content("\"1\"", manifest)]).await;
        let trouble = publish_to(&script, &format!("damaged{number}"), false).await.unwrap_err();
        assert_eq!((trouble.exit, trouble.lines.len()), (Exit::Failed, 3));
        let expected = ["no JSON", "boards.x: ", "larger than 1048576 bytes"][number];
        assert!(said(&trouble).contains("is damaged") && said(&trouble).contains(expected), "{}", said(&trouble));
    }
}

#[tokio::test]
async fn a_cdn_that_is_not_there_or_silent_is_no_answer() {
    let script = Script::new([]).await;
    let url = script.url.clone();
    drop(script);
    let trouble = order(&url).cdn.etag("firmware/x.bin").await.unwrap_err();
    assert_eq!(trouble.exit, Exit::NoAnswer);
    assert!(said(&trouble).starts_with(&format!("no answer from {url}: ")), "{}", said(&trouble));

    let bytes = Bytes::from(vec![7; 16 << 20]);
    let facts = Facts::of(&bytes);
    for read in [false, true] {
        let script = Script::new([Reply::Silence { read }, Reply::Silence { read }]).await;
        let mut order = order(&script.url);
        let settings = settings(&[&format!("cdn.token={TOKEN}")]);
        order.cdn =
            Order::new(&args("esp32", "1", Some(&script.url)), &settings, Duration::from_millis(300)).unwrap().cdn;
        let trouble = order.cdn.put_image("firmware/x.bin", bytes.clone(), &facts, false).await.unwrap_err();
        assert_eq!(trouble.exit, Exit::NoAnswer);
        assert!(said(&trouble).ends_with("it took no byte for 0.3 s"), "{}", said(&trouble));
        let trouble = order.cdn.manifest().await.unwrap_err();
        assert_eq!(trouble.exit, Exit::NoAnswer);
        assert!(said(&trouble).ends_with("it takes too long"), "{}", said(&trouble));
    }
}

#[tokio::test]
async fn a_bad_image_is_refused_before_anybody_is_asked() {
    let script = Script::new([]).await;
    let mut damaged = image(1);
    damaged[12] = 9;
    damaged[40] ^= 1;
    let file = TempFile::new("damaged", &damaged);
    let trouble = order(&script.url).carry_out(&file.0, false).await.unwrap_err();
    assert_eq!((trouble.exit, trouble.lines.len()), (Exit::Failed, 2));
    assert!(trouble.lines.iter().all(|line| line.contains("damaged.bin: ")), "{trouble:?}");

    let file = TempFile::new("large", &vec![0xe9; (16 << 20) + 1]);
    let trouble = order(&script.url).carry_out(&file.0, false).await.unwrap_err();
    assert!(said(&trouble).contains("larger than 16777216 bytes"));
    let trouble = order(&script.url).carry_out(Path::new("/nonexistent/x.bin"), false).await.unwrap_err();
    assert!(said(&trouble).starts_with("/nonexistent/x.bin: "));
    assert!(script.asked().is_empty());
}

#[test]
fn what_is_wrong_with_the_command_line_is_named_in_one_go() {
    let trouble = Order::new(&args("toaster", "1/2", Some("ftp://x")), &settings(&[]), PATIENCE).err().unwrap();
    assert_eq!(trouble.exit, Exit::Usage);
    let text = said(&trouble);
    for part in ["toaster", "seeed_xiao_esp32c3 and esp32-c3-devkitm-1", "1/2", "ftp://x", "GROUPLOOP_CDN__TOKEN"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(trouble.lines.len(), 4);
}

#[test]
fn the_flag_wins_then_the_setting_then_this_machine() {
    let choose = |flag: Option<&str>, set: &[&str]| {
        BaseUrl::choose(flag, &settings(set).cdn).map(|url| (url.join("firmware/x.bin"), url.is_loopback()))
    };
    let set = ["cdn.base_url=https://cdn.example/below/"];
    assert_eq!(choose(Some("http://a:2"), &set).unwrap(), ("http://a:2/firmware/x.bin".into(), false));
    assert_eq!(choose(None, &set).unwrap(), ("https://cdn.example/below/firmware/x.bin".into(), false));
    assert_eq!(choose(None, &[]).unwrap(), ("http://127.0.0.1:5008/firmware/x.bin".into(), true));
    assert_eq!(choose(None, &["cdn.listen=[::]:7"]).unwrap(), ("http://127.0.0.1:7/firmware/x.bin".into(), true));
    assert_eq!(choose(None, &["cdn.listen=[::1]:0"]).unwrap(), ("http://[::1]:5008/firmware/x.bin".into(), true));
    for wrong in ["", "cdn", "ws://a", "http://", "http://a?x", "http://a#x", "http://me:secret@a", "http://secret@a"] {
        let why = choose(Some(wrong), &[]).unwrap_err();
        assert!(!why.contains("secret"), "{why}");
    }
}
