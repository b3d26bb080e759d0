//! `/config.js`, run as a browser would run it: what it makes of the address that it came from.

use crate::stage::Stage;
use grouploop_testkit::{http, http_get, within};
use grouploop_ui::UiOptions;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// `APP_CONFIG` of a page at this address, which loaded the script from there; in a worker or a module there is no `currentScript`.
async fn run(script: &str, page: &str, current_script: Option<&str>) -> Value {
    let source = serde_json::json!({"script": script, "page": page, "src": current_script});
    let program = format!(
        "const {{script, page, src}} = {source};
         const page_world = {{URL, location: new URL(page)}};
         if (src) page_world.document = {{currentScript: {{src}}}};
         require('vm').runInNewContext(script, page_world);
         console.log(JSON.stringify(page_world.APP_CONFIG));"
    );
    let mut node =
        Command::new("node").arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn();
    let node = node.as_mut().expect("Node.js is there, which builds the pages too");
    node.stdin.take().unwrap().write_all(program.as_bytes()).await.unwrap();
    let mut out = Vec::new();
    let mut stdout = node.stdout.take().unwrap();
    within("the script to run", tokio::io::AsyncReadExt::read_to_end(&mut stdout, &mut out)).await.unwrap();
    serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&out)))
}

/// The same for a page that loads `/config.js` from its own origin.
async fn seen_from(addr: SocketAddr, page: &str) -> Value {
    let script = http_get(addr, "/config.js").await;
    let source = format!("{}/config.js", page.trim_end_matches('/'));
    run(script.text(), page, Some(&source)).await
}

fn expect(config: &Value, expected: &[(&str, String)]) {
    for (key, value) in expected {
        assert_eq!(config[key], Value::String(value.clone()), "{key} in {config}");
    }
}

#[tokio::test]
async fn without_settings_everything_is_on_the_host_of_the_page() {
    let stage = Stage::start().await;
    let (hub, emulator) = (stage.hub.port(), stage.emulator.port());
    for (page, scheme, host) in [
        (format!("http://hub.example:{hub}/"), "", "hub.example"),
        (format!("http://10.0.0.7:{hub}/"), "", "10.0.0.7"),
        (format!("https://[fd00::1]:{hub}/"), "s", "[fd00::1]"),
    ] {
        let config = seen_from(stage.hub, &page).await;
        expect(
            &config,
            &[
                ("wsDefaultUrl", format!("ws{scheme}://{host}:6003")),
                ("cdnBaseUrl", format!("http{scheme}://{host}:6008")),
                ("appsBaseUrl", format!("http{scheme}://{host}:{hub}")),
                ("simulatorBaseUrl", format!("http{scheme}://{host}:6005")),
                ("monitorUrl", format!("http{scheme}://{host}:6010/")),
                ("emulatorUrl", format!("http{scheme}://{host}:{emulator}/")),
                ("qrUrl", format!("http{scheme}://{host}:{emulator}/")),
                ("docsUrl", format!("http{scheme}://{host}:{}/", stage.docs.port())),
                ("deviceUrl", format!("ws://{host}:6003/")),
                ("version", "0.0.0-test".into()),
            ],
        );
        assert_eq!(config["lanUrls"], serde_json::json!([format!("http{scheme}://{host}:{emulator}/")]));
        assert!(!config.to_string().contains("localhost"), "{config}");
    }
}

#[tokio::test]
async fn each_port_knows_its_own_address_whatever_leads_to_it() {
    let stage = Stage::start().await;
    let hub = seen_from(stage.hub, "https://hub.example/").await;
    expect(&hub, &[("appsBaseUrl", "https://hub.example".into())]);
    let emulator = seen_from(stage.emulator, "https://emulator.example/").await;
    expect(
        &emulator,
        &[
            ("emulatorUrl", "https://emulator.example/".into()),
            ("appsBaseUrl", format!("https://emulator.example:{}", stage.hub.port())),
        ],
    );
}

#[tokio::test]
async fn a_page_that_nobody_else_can_open_names_the_network_for_phones_and_devices() {
    let (everywhere, here_alone) = (Stage::at(Ipv4Addr::UNSPECIFIED, |_| {}).await, Stage::start().await);
    for (page, scheme) in [
        ("http://localhost:5004/", "http"),
        ("http://127.0.0.1:5004/", "http"),
        ("http://[::1]:5004/", "http"),
        ("https://hub.localhost/", "https"),
    ] {
        let port = everywhere.emulator.port();
        let lan = ["10.0.0.7", "192.168.1.20"].map(|host| format!("{scheme}://{host}:{port}/"));
        let config = seen_from(everywhere.hub, page).await;
        expect(&config, &[("qrUrl", lan[0].clone()), ("deviceUrl", "ws://10.0.0.7:6003/".into())]);
        assert_eq!(config["lanUrls"], serde_json::json!(lan));
        let host = page.trim_end_matches('/').trim_end_matches(":5004");
        expect(&config, &[("emulatorUrl", format!("{host}:{port}/"))]);

        // No phone can come where only this machine is let in.
        let config = seen_from(here_alone.hub, page).await;
        expect(&config, &[("qrUrl", String::new()), ("deviceUrl", "ws://10.0.0.7:6003/".into())]);
        assert_eq!(config["lanUrls"], serde_json::json!([]));
    }
    let file = run(http_get(everywhere.hub, "/config.js").await.text(), "file:///home/me/app/index.html", None).await;
    expect(&file, &[("wsDefaultUrl", "ws://localhost:6003".into())]);
}

#[tokio::test]
async fn what_somebody_said_of_the_network_wins_over_what_the_machine_has() {
    for (said, hosts) in [("192.168.7.7, hub.local", vec!["192.168.7.7", "hub.local"]), ("none", vec![])] {
        let stage = Stage::at(Ipv4Addr::UNSPECIFIED, |options| options.settings.host_addresses = said.into()).await;
        let config = seen_from(stage.hub, "http://localhost:5004/").await;
        let port = stage.emulator.port();
        let urls: Vec<String> = hosts.iter().map(|host| format!("http://{host}:{port}/")).collect();
        assert_eq!(config["lanUrls"], serde_json::json!(urls));
        let device = hosts.first().map_or_else(String::new, |host| format!("ws://{host}:6003/"));
        expect(&config, &[("qrUrl", urls.first().cloned().unwrap_or_default()), ("deviceUrl", device)]);
    }
}

#[tokio::test]
async fn a_page_from_elsewhere_follows_where_the_script_came_from() {
    let stage = Stage::start().await;
    let script = http_get(stage.hub, "/config.js").await;
    let source = Some("http://10.0.0.7:5004/config.js");
    for page in ["file:///home/me/index.html", "https://other.example/x"] {
        let config = run(script.text(), page, source).await;
        expect(
            &config,
            &[("wsDefaultUrl", "ws://10.0.0.7:6003".into()), ("cdnBaseUrl", "http://10.0.0.7:6008".into())],
        );
    }
    // A module, or a worker: where the page itself is from.
    let config = run(script.text(), "http://10.0.0.9:5004/x", None).await;
    expect(&config, &[("wsDefaultUrl", "ws://10.0.0.9:6003".into())]);
}

fn settled(options: &mut UiOptions) {
    options.cdn_base_url = "https://cdn.example/base/".into();
    options.settings.ws_default_url = "wss://me:secret@edge.example/spaces/blue?a=b".into();
    options.settings.apps_base_url = "https://hub.example/".into();
    options.settings.simulator_base_url = "https://me:secret@sim.example".into();
    options.settings.emulator_url = "https://phones.example/e/".into();
    options.settings.docs_url = "https://me:secret@docs.example/".into();
}

#[tokio::test]
async fn what_is_set_is_told_on_every_port_and_no_password() {
    let stage = Stage::with(settled).await;
    for (addr, page) in [
        (stage.hub, "http://localhost:5004/"),
        (stage.emulator, "https://[fd00::1]/"),
        (stage.hub, "http://a.example/"),
    ] {
        let config = seen_from(addr, page).await;
        expect(
            &config,
            &[
                ("wsDefaultUrl", "wss://edge.example/spaces/blue?a=b".into()),
                ("cdnBaseUrl", "https://cdn.example/base".into()),
                ("appsBaseUrl", "https://hub.example".into()),
                ("simulatorBaseUrl", "https://sim.example".into()),
                ("emulatorUrl", "https://phones.example/e/".into()),
                ("qrUrl", "https://phones.example/e/".into()),
                ("docsUrl", "https://docs.example/".into()),
                // Firmware has no TLS.
                ("deviceUrl", String::new()),
            ],
        );
    }
    let script = http_get(stage.hub, "/config.js").await;
    assert!(!script.text().contains("secret"), "{}", script.text());
    let stage = Stage::with(|options| options.settings.ws_default_url = "ws://edge.example:5003".into()).await;
    let config = seen_from(stage.hub, "https://hub.example/").await;
    expect(
        &config,
        &[("wsDefaultUrl", "ws://edge.example:5003".into()), ("deviceUrl", "ws://edge.example:5003".into())],
    );
}

#[tokio::test]
async fn it_is_a_script_and_nothing_that_somebody_set_is_more_than_a_string() {
    let evil = "ws://x/</script><script>alert(1)</script>\u{2028}\u{2029}'\"`${1}\\";
    let stage = Stage::with(|options| options.settings.ws_default_url = evil.into()).await;
    let script = http_get(stage.hub, "/config.js").await;
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(script.header("cache-control"), Some("no-store"));
    assert!(!script.text().contains("</script>") && !script.text().contains('\u{2028}'), "{}", script.text());
    let config = seen_from(stage.hub, "http://a.example/").await;
    expect(&config, &[("wsDefaultUrl", evil.into())]);
}

#[tokio::test]
async fn what_a_request_says_changes_nothing() {
    let stage = Stage::start().await;
    let plain = http_get(stage.hub, "/config.js").await;
    for headers in [
        [("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https")],
        [("Forwarded", "host=evil.example;proto=https"), ("Origin", "https://evil.example")],
    ] {
        let answer = http("GET", stage.hub, "/config.js", &headers, b"").await;
        assert_eq!(answer.text(), plain.text());
    }
    let mut raw = grouploop_testkit::RawPeer::tcp(stage.hub).await;
    raw.write("GET /config.js HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").await;
    let head = raw.read_head().await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(String::from_utf8(raw.read_to_end().await).unwrap(), plain.text());
    let head = http("HEAD", stage.hub, "/config.js", &[], b"").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}
