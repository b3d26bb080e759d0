//! `grouploop firmware publish` against a real CDN: what is published can be downloaded as devices do it, and what is refused leaves nothing.

use crate::stage::builder;
use grouploop_testkit::{Edge, http, http_get, within};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use tokio::process::Command;

const TOKEN: &str = "0123456789-token-of-the-tests";
const BOARD: &str = "seeed_xiao_esp32c3";
const MANIFEST: &str = "/firmware/manifest.json";

async fn cdn() -> Edge {
    builder().role("cdn").env("GROUPLOOP_CDN__STORE", "memory://").env("GROUPLOOP_CDN__TOKEN", TOKEN).start().await
}

/// An image for a chip; `salt` makes it another one.
fn image(chip: u8, salt: u8) -> Vec<u8> {
    let data: Vec<u8> =
        (0..100_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8 ^ salt).collect();
    let mut bytes = vec![0; 24];
    bytes[..2].copy_from_slice(&[0xe9, 1]);
    bytes[12] = chip;
    bytes.extend(0x3c00_0020_u32.to_le_bytes());
    bytes.extend(100_000_u32.to_le_bytes());
    bytes.extend(&data);
    bytes.resize((bytes.len() + 1).next_multiple_of(16), 0);
    *bytes.last_mut().unwrap() = data.iter().fold(0xef, |sum, byte| sum ^ byte);
    bytes
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("grouploop-firmware-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Exit code, stdout, stderr.
type Said = (i32, String, String);

async fn publish(file: &Path, args: &[&str], env: &[(&str, &str)]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grouploop"));
    command.env_clear().current_dir(std::env::temp_dir()).stdin(Stdio::null()).kill_on_drop(true);
    command.args(["firmware", "publish"]).arg(file).args(args).envs(env.iter().copied());
    let Output { status, stdout, stderr } = within(format!("publish {args:?}"), command.output()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let said = (status.code().unwrap(), text(stdout), text(stderr));
    assert!(!said.1.contains(TOKEN) && !said.2.contains(TOKEN), "{said:?}");
    said
}

/// With the token, to this CDN.
async fn publish_to(cdn: &Edge, file: &Path, board: &str, version: &str, more: &[&str]) -> Said {
    let url = cdn.http("/");
    let args = [&["--board", board, "--version", version, "--cdn", &url], more].concat();
    publish(file, &args, &[("GROUPLOOP_CDN__TOKEN", TOKEN)]).await
}

#[tokio::test]
async fn what_is_published_is_named_and_can_be_downloaded() {
    let (cdn, folder) = (cdn().await, Folder::new("published"));
    let (first, second) = (image(5, 1), image(5, 2));
    let file = folder.write("first.bin", &first);
    let (code, text, said) = publish_to(&cdn, &file, BOARD, "1.3.9", &[]).await;
    assert_eq!(code, 0, "{said}");
    let path = "/firmware/firmware-seeed_xiao_esp32c3-1.3.9.bin";
    assert!(text.contains(&format!("grouploop send <id> ota {}\n", cdn.http(path))), "{text}");
    assert!(!said.contains('%') && said.lines().count() == 1, "no bar without a terminal: {said}");

    let manifest = http_get(cdn.addr(), MANIFEST).await.json();
    assert_eq!((&manifest["version"], &manifest["boards"]), (&json!("1.3.9"), &json!({BOARD: path[1..]})));
    assert!(manifest["build_date"].as_str().unwrap().starts_with("20"), "{manifest}");
    let named = &manifest["images"][BOARD][0];
    assert_eq!((&named["path"], &named["size"]), (&json!(path[1..]), &json!(first.len())));
    let download = http_get(cdn.addr(), path).await;
    assert_eq!((download.status, &download.body), (200, &first));
    assert_eq!(download.header("content-length"), Some(first.len().to_string().as_str()));
    let md5 = download.header("x-md5").unwrap();
    assert_eq!(named["md5"], md5);
    for value in [md5, named["sha256"].as_str().unwrap()] {
        assert!(text.contains(value), "{value} in {text}");
    }

    let file = folder.write("second.bin", &second);
    let (code, _, said) = publish_to(&cdn, &file, BOARD, "1.4.0", &[]).await;
    assert_eq!(code, 0, "{said}");
    let manifest = http_get(cdn.addr(), MANIFEST).await.json();
    let versions: Vec<_> =
        manifest["images"][BOARD].as_array().unwrap().iter().map(|image| &image["version"]).collect();
    assert_eq!(versions, ["1.4.0", "1.3.9"]);
    assert_eq!(manifest["boards"][BOARD], "firmware/firmware-seeed_xiao_esp32c3-1.4.0.bin");
    assert_eq!(http_get(cdn.addr(), path).await.body, first, "devices may still go back");
}

#[tokio::test]
async fn a_version_keeps_its_bytes_unless_told_otherwise() {
    let (cdn, folder) = (cdn().await, Folder::new("conflict"));
    let (one, two) = (image(5, 1), image(5, 2));
    let (first, second) = (folder.write("one.bin", &one), folder.write("two.bin", &two));
    for _ in 0..2 {
        let (code, _, said) = publish_to(&cdn, &first, BOARD, "1.4.0", &[]).await;
        assert_eq!(code, 0, "the same again is fine: {said}");
    }
    let (code, _, said) = publish_to(&cdn, &second, BOARD, "1.4.0", &[]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("choose another version, or --replace"), "{said}");
    let path = "/firmware/firmware-seeed_xiao_esp32c3-1.4.0.bin";
    assert_eq!(http_get(cdn.addr(), path).await.body, one);
    let (code, _, said) = publish_to(&cdn, &second, BOARD, "1.4.0", &["--replace"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(http_get(cdn.addr(), path).await.body, two);
    let images = &http_get(cdn.addr(), MANIFEST).await.json()["images"][BOARD];
    assert_eq!(images.as_array().unwrap().len(), 1, "{images}");
    assert_eq!(images[0]["md5"], http_get(cdn.addr(), path).await.header("x-md5").unwrap());
}

#[tokio::test]
async fn what_is_refused_leaves_nothing() {
    let (cdn, folder) = (cdn().await, Folder::new("refused"));
    let whole = image(5, 1);
    let good = folder.write("good.bin", &whole);
    for (name, bytes, expected) in [
        (
            "chip.bin",
            image(9, 1),
            "it is for the ESP32-S3 (chip 9), the board seeed_xiao_esp32c3 has an ESP32-C3 (chip 5)",
        ),
        ("page.bin", b"<html>".to_vec(), "this is no ESP32 image: it starts with 0x3c 0x68, not 0xe9"),
        ("cut.bin", whole[..5_000].to_vec(), "it ends in the middle of segment 1: was the download cut short?"),
    ] {
        let (code, _, said) = publish_to(&cdn, &folder.write(name, &bytes), BOARD, "1.4.0", &[]).await;
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(expected), "{said}");
    }
    let url = cdn.http("");
    let args = ["--board", BOARD, "--version", "1.4.0", "--cdn", &url];
    let (code, _, said) = publish(&good, &args, &[("GROUPLOOP_CDN__TOKEN", "another-token-than-theirs")]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("refuses the token") && !said.contains("another-token"), "{said}");
    let (code, _, said) = publish(&good, &args, &[]).await;
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("GROUPLOOP_CDN__TOKEN"), "{said}");
    let (code, _, said) = publish_to(&cdn, &good, "toaster", "1/4", &[]).await;
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("toaster") && said.contains("1/4"), "{said}");
    assert_eq!(http_get(cdn.addr(), MANIFEST).await.json(), json!({"version": "", "build_date": "", "boards": {}}));
    assert_eq!(http_get(cdn.addr(), "/firmware/firmware-seeed_xiao_esp32c3-1.4.0.bin").await.status, 404);

    let closed = builder().role("cdn").env("GROUPLOOP_CDN__STORE", "memory://").start().await;
    let (code, _, said) = publish_to(&closed, &good, BOARD, "1.4.0", &[]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("set cdn.token there"), "{said}");
    closed.kill().await;
    let (code, _, said) = publish_to(&closed, &good, BOARD, "1.4.0", &[]).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains(&format!("no answer from http://{}", closed.addr())), "{said}");
}

#[tokio::test]
async fn all_who_publish_at_once_are_in_the_manifest() {
    let (cdn, folder) = (cdn().await, Folder::new("at-once"));
    let boards = [BOARD, "esp32-c3-devkitm-1", "esp32-c3-zero", "esp32-c3-mini"];
    let file = folder.write("c3.bin", &image(5, 1));
    let (one, two, three, four) = tokio::join!(
        publish_to(&cdn, &file, boards[0], "1.0", &[]),
        publish_to(&cdn, &file, boards[1], "1.1", &[]),
        publish_to(&cdn, &file, boards[2], "1.2", &[]),
        publish_to(&cdn, &file, boards[3], "1.3", &[]),
    );
    for (code, _, said) in [one, two, three, four] {
        assert_eq!(code, 0, "{said}");
    }
    let manifest = http_get(cdn.addr(), MANIFEST).await.json();
    for (number, board) in boards.iter().enumerate() {
        assert_eq!(manifest["images"][board][0]["version"], format!("1.{number}"), "{manifest}");
    }
}

#[tokio::test]
async fn a_manifest_by_hand_is_added_to() {
    let (cdn, folder) = (cdn().await, Folder::new("by-hand"));
    let authorization = format!("Bearer {TOKEN}");
    let put = async |path: &str, body: &[u8]| {
        http("PUT", cdn.addr(), path, &[("Authorization", authorization.as_str())], body).await.status
    };
    assert_eq!(put("/firmware/firmware-devkit.bin", b"old").await, 201);
    let by_hand = json!({
        "version": "1.0", "build_date": "2025-01-31", "notes": "kept",
        "boards": {"esp32-c3-devkitm-1": "firmware/firmware-devkit.bin"},
    });
    assert_eq!(put(MANIFEST, by_hand.to_string().as_bytes()).await, 201);
    let (code, _, said) = publish_to(&cdn, &folder.write("c3.bin", &image(5, 1)), BOARD, "1.4.0", &[]).await;
    assert_eq!(code, 0, "{said}");
    let manifest = http_get(cdn.addr(), MANIFEST).await.json();
    assert_eq!((&manifest["version"], &manifest["notes"]), (&json!("1.4.0"), &json!("kept")));
    assert_eq!(manifest["boards"]["esp32-c3-devkitm-1"], "firmware/firmware-devkit.bin");
    let old = &manifest["images"]["esp32-c3-devkitm-1"][0];
    assert_eq!((&old["version"], &old["size"]), (&json!("1.0"), &json!(3)));
}
