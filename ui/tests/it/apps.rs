//! The apps of others: their files, and the list of them.

use crate::stage::{Stage, error, noise};
use grouploop_testkit::http;
use httpdate::parse_http_date;

#[tokio::test]
async fn an_app_is_there_when_it_is_dropped_in() {
    let stage = Stage::start().await;
    assert_eq!(stage.apps().await, [serde_json::Value::Null; 0]);
    assert_eq!(error(&stage.get("/apps/mine/").await), (404, "no_app".into()));
    stage.write("mine/index.html", "<script>eval('1')</script>");
    stage.write("mine/sketch.js", "let a;");
    stage.write("mine/my sounds/Töne (1).mp3", "tone");
    let index = stage.get("/apps/mine/").await;
    assert_eq!((index.status, index.text()), (200, "<script>eval('1')</script>"));
    assert_eq!(index.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(index.header("cache-control"), Some("no-cache"));
    assert_eq!(index.header("content-security-policy"), None, "people's apps do what they like");
    assert_eq!(stage.get("/apps/mine/index.html").await.body, index.body);
    assert_eq!(stage.get("/apps/mine/?space=blue").await.status, 200);
    let script = stage.get("/apps/mine/sketch.js").await;
    assert_eq!((script.text(), script.header("content-type")), ("let a;", Some("text/javascript; charset=utf-8")));
    let tone = stage.get("/apps/mine/my%20sounds/T%C3%B6ne%20(1).mp3").await;
    assert_eq!((tone.text(), tone.header("content-type")), ("tone", Some("audio/mpeg")));
    assert_eq!(stage.apps().await[0]["url"], "/apps/mine/");
    // Gone again.
    std::fs::remove_dir_all(stage.folder.path().join("mine")).unwrap();
    assert_eq!(stage.get("/apps/mine/").await.status, 404);
    assert_eq!(stage.apps().await.len(), 0);
}

#[tokio::test]
async fn folders_have_an_index_or_nothing() {
    let stage = Stage::start().await;
    stage.write("mine/index.html", "mine");
    stage.write("mine/sub/index.html", "sub");
    stage.write("mine/empty/a.txt", "a");
    stage.write("shared/lib.js", "lib");
    stage.write("odd/index.html/x", "x");
    let slash = stage.get("/apps/mine/sub?a=b").await;
    assert_eq!((slash.status, slash.header("location")), (307, Some("/apps/mine/sub/?a=b")));
    assert_eq!(stage.get("/apps/mine/sub/").await.text(), "sub");
    assert_eq!(error(&stage.get("/apps/mine/empty/").await), (404, "no_index".into()));
    assert_eq!(error(&stage.get("/apps/mine/missing/").await), (404, "no_index".into()));
    assert_eq!(error(&stage.get("/apps/mine/missing.js").await), (404, "not_found".into()));
    assert_eq!(error(&stage.get("/apps/mine/index.html/x").await), (404, "not_found".into()));
    // A folder without an index is no app, and what others use of it is there.
    assert_eq!(error(&stage.get("/apps/shared/").await), (404, "no_index".into()));
    assert_eq!(stage.get("/apps/shared/lib.js").await.text(), "lib");
    assert_eq!(error(&stage.get("/apps/odd/").await), (404, "no_index".into()));
    let names: Vec<_> = stage.apps().await.iter().map(|app| app["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["mine"]);
}

#[tokio::test]
async fn a_page_of_ours_wins_over_an_app_of_its_name() {
    let stage = Stage::start().await;
    for name in ["dashboard", "control"] {
        stage.write(&format!("{name}/index.html"), "another");
    }
    stage.write("Dashboard/index.html", "another");
    assert!(stage.get("/apps/dashboard/").await.text().contains("<title>Dashboard</title>"));
    assert!(stage.get("/apps/control/").await.text().contains("<title>Control</title>"));
    assert_eq!(stage.get("/apps/Dashboard/").await.text(), "another");
    let apps = stage.apps().await;
    assert_eq!((apps.len(), &apps[0]["name"]), (1, &"Dashboard".into()));
}

#[tokio::test]
async fn sound_and_video_come_in_parts() {
    let stage = Stage::start().await;
    let song = noise(1, 300_000);
    stage.write("mine/song.wav", &song);
    let path = "/apps/mine/song.wav";
    let whole = stage.get(path).await;
    assert!(whole.body == song);
    assert_eq!((whole.header("accept-ranges"), whole.header("content-length")), (Some("bytes"), Some("300000")));
    let tag = whole.header("etag").unwrap();
    let date = whole.header("last-modified").unwrap();
    parse_http_date(date).unwrap();
    for (range, part, said) in [
        ("bytes=0-0", 0..1, "bytes 0-0/300000"),
        ("bytes=100000-199999", 100_000..200_000, "bytes 100000-199999/300000"),
        ("bytes=299990-", 299_990..300_000, "bytes 299990-299999/300000"),
        ("bytes=-10", 299_990..300_000, "bytes 299990-299999/300000"),
    ] {
        let answer = stage.get_with(path, &[("Range", range)]).await;
        assert_eq!((answer.status, answer.header("content-range")), (206, Some(said)));
        assert!(answer.body == song[part.clone()], "{range}");
        assert_eq!(answer.header("content-length"), Some(&*part.len().to_string()));
        let same = stage.get_with(path, &[("Range", range), ("If-Range", tag)]).await;
        assert_eq!(same.status, 206);
        let other = stage.get_with(path, &[("Range", range), ("If-Range", "\"other\"")]).await;
        assert_eq!((other.status, other.body.len()), (200, song.len()));
    }
    let none = stage.get_with(path, &[("Range", "bytes=300000-")]).await;
    assert_eq!(error(&none), (416, "no_such_range".into()));
    assert_eq!(none.header("content-range"), Some("bytes */300000"));
    let head = stage.head(path).await;
    assert_eq!((head.status, head.header("content-length"), head.header("etag")), (200, Some("300000"), Some(tag)));
    for condition in [("If-None-Match", tag), ("If-Modified-Since", date)] {
        let same = stage.get_with(path, &[condition]).await;
        assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, Some(tag)));
    }
    assert_eq!(error(&stage.get_with(path, &[("If-Match", "\"x\"")]).await), (412, "precondition_failed".into()));
    stage.write("mine/empty.txt", "");
    let empty = stage.get("/apps/mine/empty.txt").await;
    assert_eq!((empty.status, empty.header("content-length")), (200, Some("0")));
}

#[tokio::test]
async fn whoever_works_on_an_app_sees_what_changed() {
    let stage = Stage::start().await;
    stage.write("mine/index.html", "one");
    let file = stage.folder.path().join("mine/index.html");
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1);
    let set_date = || std::fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
    set_date();
    let first = stage.get("/apps/mine/").await;
    // As long, and of the same date, as in an image of a container.
    std::fs::remove_file(&file).unwrap();
    stage.write("mine/index.html", "two");
    set_date();
    let tag = first.header("etag").unwrap();
    let second = stage.get_with("/apps/mine/", &[("If-None-Match", tag)]).await;
    assert_eq!((second.status, second.text()), (200, "two"));
    assert_eq!(second.header("last-modified"), first.header("last-modified"));
    let again = stage.get("/apps/mine/").await;
    assert_eq!(again.header("etag"), second.header("etag"));
}

#[tokio::test]
async fn apps_are_on_the_hub_alone() {
    let stage = Stage::start().await;
    stage.write("mine/index.html", "mine");
    for path in ["/apps/mine/", "/apps/", "/apps/emulator/", "/api/apps"] {
        let answer = http("GET", stage.emulator, path, &[], b"").await;
        assert_eq!(error(&answer), (404, "not_found".into()), "{path}");
    }
}

#[tokio::test]
async fn without_a_folder_there_are_no_apps() {
    for folder in ["", "/nonexistent/apps"] {
        let stage = Stage::with(|options| options.settings.apps = folder.into()).await;
        assert_eq!(stage.apps().await.len(), 0);
        assert_eq!(error(&stage.get("/apps/mine/").await), (404, "no_app".into()));
    }
    // One that is a file is a mistake that somebody has to hear of.
    let stage = Stage::start().await;
    stage.write("file", "x");
    let file = stage.folder.path().join("file").display().to_string();
    let other = Stage::with(|options| options.settings.apps = file).await;
    assert_eq!(error(&other.get("/api/apps").await), (503, "apps_unreadable".into()));
    assert_eq!(error(&other.get("/apps/mine/").await), (503, "apps_unreadable".into()));
    // What lies about in the folder is no app.
    assert_eq!(stage.apps().await.len(), 0);
}

#[tokio::test]
async fn two_hundred_are_listed_and_the_next_can_be_opened() {
    let stage = Stage::start().await;
    for number in 0..201 {
        stage.write(&format!("app-{number:03}/index.html"), "x");
    }
    let apps = stage.apps().await;
    assert_eq!(apps.len(), 200);
    let names: Vec<_> = apps.iter().map(|app| app["name"].as_str().unwrap()).collect();
    assert!(names.is_sorted());
    assert_eq!((names[0], names[199]), ("app-000", "app-199"));
    assert_eq!(stage.get("/apps/app-200/").await.status, 200);
}
