//! The pages' server as part of the whole: beside the other roles in one process, and alone.

use crate::stage::builder;
use grouploop_testkit::{Edge, eventually, http, http_get, within};
use std::path::PathBuf;

/// A folder of its own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("grouploop-ui-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What `/config.js` knows: the object that its function is called with.
async fn known(process: &Edge, page: &str) -> serde_json::Value {
    let script = http_get(process.page_addr(page).await, "/config.js").await;
    let (_, argument) = script.text().rsplit_once("})(").unwrap_or_else(|| panic!("{}", script.text()));
    serde_json::from_str(argument.trim_end().trim_end_matches(");")).unwrap()
}

#[tokio::test]
async fn everything_in_one_process_has_a_hub_that_knows_where_the_rest_is() {
    let apps = Folder::new("apps");
    apps.write("wave/index.html", "<script src=\"/config.js\"></script>");
    apps.write("dashboard/index.html", "another");
    let up = builder().role("up").env("GROUPLOOP_UI__APPS", apps.0.display()).start().await;
    let (hub, emulator, cdn) = (up.page_addr("dashboard").await, up.page_addr("emulator").await, up.cdn_addr().await);
    for page in ["dashboard", "emulator"] {
        let known = known(&up, page).await;
        for (service, port) in [
            ("edge", up.addr().port()),
            ("dashboard", hub.port()),
            ("emulator", emulator.port()),
            ("simulator", up.simulator_addr().await.port()),
            ("cdn", cdn.port()),
        ] {
            assert_eq!(known[service]["port"], port, "{service} in {known}");
        }
        assert_eq!((&known["set"], &known["here"]), (&serde_json::json!({}), &page.into()));
    }
    // What existing apps ask their own server for.
    assert_eq!(http_get(hub, "/apps/wave/").await.text(), "<script src=\"/config.js\"></script>");
    let registry = http_get(hub, "/static/commands.json").await;
    assert_eq!(registry.body, http_get(cdn, "/static/commands.json").await.body);
    assert!(registry.json()["commands"]["led"].is_object());
    let library = http_get(hub, "/static/vendor/js/p5.min.js").await;
    assert_eq!(library.status, 200, "is it built in? `make libraries` fetches it");
    assert_eq!(library.header("etag"), http_get(cdn, "/js/p5.min.js").await.header("etag"));
    assert_eq!(
        http_get(hub, "/firmware/manifest.json").await.status,
        http_get(cdn, "/firmware/manifest.json").await.status
    );
    // A name that is taken is said once, however often the list is read.
    for _ in 0..3 {
        assert_eq!(http_get(hub, "/api/apps").await.json().as_array().unwrap().len(), 1);
    }
    assert!(up.terminate().await.success(), "it drains: {:?}", up.log());
    let clashes = up.log().iter().filter(|line| line.contains("the name of a page of ours")).count();
    assert_eq!(clashes, 1, "{:?}", up.log());
}

#[tokio::test]
async fn the_simulator_has_its_page_at_its_own_port_with_the_rest_of_them_and_alone() {
    let up = builder().role("up").start().await;
    let alone = builder().role("simulator").start().await;
    let (hub, emulator) = (up.page_addr("dashboard").await.port(), up.page_addr("emulator").await.port());
    for (address, edge, hub, emulator) in
        [(up.simulator_addr().await, up.addr().port(), hub, emulator), (alone.addr(), 5003, 5004, 5007)]
    {
        let script = http_get(address, "/config.js").await;
        let (_, argument) = script.text().rsplit_once("})(").unwrap_or_else(|| panic!("{}", script.text()));
        let known: serde_json::Value = serde_json::from_str(argument.trim_end().trim_end_matches(");")).unwrap();
        assert_eq!(known["here"], "simulator");
        for (service, port) in
            [("edge", edge), ("dashboard", hub), ("emulator", emulator), ("simulator", address.port())]
        {
            assert_eq!(known[service]["port"], port, "{service} in {known}");
        }
        let front = http("GET", address, "/", &[("Accept", "text/html")], "").await;
        // Without Node.js there are no pages, and it says so.
        assert!([200, 503].contains(&front.status), "{}", front.text());
        assert_eq!(front.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(front.header("content-security-policy").is_some());
        assert_eq!(http_get(address, "/").await.json()["service"], "grouploop-simulator");
    }
}

#[tokio::test]
async fn alone_it_tells_pages_what_is_set_and_asks_the_cdn_where_it_is() {
    let cdn = builder().role("cdn").start().await;
    let ui = builder()
        .role("ui")
        .env("CDN_BASE_URL", "http://cdn.example:5008/")
        .env("WS_DEFAULT_URL", "ws://edge.example/");
    let ui = ui.env("GROUPLOOP_UI__CDN_URL", cdn.http("")).start().await;
    let known = known(&ui, "dashboard").await;
    let set = serde_json::json!({"cdnBaseUrl": "http://cdn.example:5008", "wsDefaultUrl": "ws://edge.example/"});
    assert_eq!(known["set"], set);
    // The ports that people know, for those that are elsewhere.
    assert_eq!((&known["edge"]["port"], &known["simulator"]["port"]), (&5003.into(), &5005.into()));
    assert_eq!(ui.addr(), ui.page_addr("dashboard").await);
    assert_eq!(http_get(ui.addr(), "/static/commands.json").await.status, 200);
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_grouploop"));
    let output = within("health", program.args(["health", &ui.http("")]).output()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    cdn.kill().await;
    assert_eq!(http_get(ui.addr(), "/static/commands.json").await.json()["error"], "cdn_away");
    assert_eq!(http_get(ui.addr(), "/health").await.json()["status"], "degraded");
    assert_eq!(http_get(ui.addr(), "/readyz").await.status, 200);
    assert!(ui.terminate().await.success());
    let warnings = ui.log().iter().filter(|line| line.contains("the CDN does not answer")).count();
    assert_eq!(warnings, 1, "{:?}", ui.log());
}

#[tokio::test]
async fn a_cdn_that_is_away_at_first_is_used_when_it_is_there() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ui = builder().role("ui").env("CDN_BASE_URL", format!("http://{nobody}")).start().await;
    eventually!(http_get(ui.addr(), "/health").await.json()["status"] == "degraded");
    let _cdn = builder().role("cdn").listen(nobody).start().await;
    eventually!(http_get(ui.addr(), "/js/p5.min.js").await.status == 200);
    assert_eq!(http_get(ui.addr(), "/health").await.json()["status"], "ok");
}

#[tokio::test]
async fn addresses_that_cannot_be_are_mistakes_in_the_settings() {
    let ui = builder().role("ui").arg("--set").arg("ui.emulator_listen=here").env("GROUPLOOP_UI__CDN_URL", "cdn:5000");
    let ui = ui.env("GROUPLOOP_UI__APPS_BASE_URL", "ws://hub").env("GROUPLOOP_UI__MAX_CONNECTIONS", "0").spawn();
    assert_eq!(within("it to end", ui.ended()).await.code(), Some(64));
    let said = ui.log().join("\n");
    for key in ["ui.emulator_listen", "ui.cdn_url", "ui.apps_base_url", "ui.max_connections"] {
        assert!(said.contains(key), "{key} in {said}");
    }
}
