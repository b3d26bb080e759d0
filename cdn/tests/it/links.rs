//! Links in a folder: followed within it, never out of it.

use crate::stage::{Folder, Node, Stage};
use std::fs;
use std::os::unix::fs::symlink;

async fn gone(cdn: &Node, path: &str) {
    assert_eq!(cdn.now(path).await.status, 404, "GET {path}");
    assert_eq!(cdn.head_with(path, &[]).await.status, 404, "HEAD {path}");
    for method in ["PUT", "DELETE"] {
        let status = cdn.write(method, path, &[], b"evil").await.status;
        assert!(matches!(status, 404 | 412), "{method} {path}: {status}");
        let conditional = cdn.write(method, path, &[("If-None-Match", "*")], b"evil").await.status;
        assert!(matches!(conditional, 404 | 412), "{method} {path}: {conditional}");
    }
}

#[tokio::test]
async fn no_link_leads_out() {
    let (stage, outside) = (Stage::folder().await, Folder::new());
    fs::write(outside.0.join("secret.txt"), "secret").unwrap();
    let cdn = stage.cdn().await;
    let inside = stage.path();
    symlink(outside.0.join("secret.txt"), inside.join("js/file.js")).unwrap();
    symlink(&outside.0, inside.join("js/folder")).unwrap();
    symlink(outside.0.join("new.txt"), inside.join("js/dangling.js")).unwrap();
    symlink("/etc/passwd", inside.join("static/passwd")).unwrap();
    symlink(inside.join("js/file.js"), inside.join("js/twice.js")).unwrap();
    symlink(inside.join("js/round.js"), inside.join("js/round.js")).unwrap();
    for path in [
        "/js/file.js",
        "/js/folder/secret.txt",
        "/js/folder/new.txt",
        "/js/folder/below/new.txt",
        "/js/dangling.js",
        "/static/passwd",
        "/js/twice.js",
        "/js/round.js",
    ] {
        gone(&cdn, path).await;
    }
    assert_eq!(fs::read_to_string(outside.0.join("secret.txt")).unwrap(), "secret");
    assert_eq!(fs::read_dir(&outside.0).unwrap().count(), 1, "nothing was made there");
}

#[tokio::test]
async fn one_that_is_laid_over_something_known_is_found() {
    let (stage, outside) = (Stage::folder().await, Folder::new());
    fs::write(outside.0.join("secret.txt"), "secret").unwrap();
    let cdn = stage.cdn().await;
    cdn.put("/js/a.js", b"abc").await;
    assert_eq!(cdn.get("/js/a.js").await.text(), "abc");
    let file = stage.path().join("js/a.js");
    fs::remove_file(&file).unwrap();
    symlink(outside.0.join("secret.txt"), &file).unwrap();
    assert_eq!(cdn.now("/js/a.js").await.status, 404);
}

#[tokio::test]
async fn links_within_the_folder_are_fine() {
    let stage = Stage::folder().await;
    let cdn = stage.cdn().await;
    cdn.put("/static/real.txt", b"real").await;
    symlink("real.txt", stage.path().join("static/link.txt")).unwrap();
    symlink("../static", stage.path().join("js/there")).unwrap();
    assert_eq!(cdn.get("/static/link.txt").await.text(), "real");
    assert_eq!(cdn.get("/js/there/real.txt").await.text(), "real");
    cdn.put("/js/there/new.txt", b"new").await;
    assert_eq!(cdn.get("/static/new.txt").await.text(), "new");
}

#[tokio::test]
async fn the_folder_itself_may_be_a_link() {
    let (stage, real) = (Stage::folder().await, Folder::new());
    let link = stage.path().join("link");
    symlink(&real.0, &link).unwrap();
    let cdn = stage.cdn_at(format!("file://{}", link.display()), Vec::new(), |_| {}).await;
    cdn.put("/js/a.js", b"abc").await;
    assert_eq!(fs::read_to_string(real.0.join("js/a.js")).unwrap(), "abc");
    assert_eq!(cdn.get("/js/a.js").await.text(), "abc");
}

#[tokio::test]
async fn a_pipe_is_no_object() {
    let stage = Stage::folder().await;
    let cdn = stage.cdn().await;
    let made = std::process::Command::new("mkfifo").arg(stage.path().join("js/pipe.js")).status().unwrap();
    assert!(made.success());
    assert_eq!(cdn.get("/js/pipe.js").await.status, 404);
    assert_eq!(cdn.now("/js/pipe.js").await.status, 404);
}
