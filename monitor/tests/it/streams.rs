//! The system once a second, for as many as may look.

use crate::stage::{Events, Stage, report, say};
use grouploop_bridge::{SpaceFigures, Subject};
use grouploop_testkit::eventually;
use serde_json::Value;

#[tokio::test]
async fn whoever_comes_sees_the_system_at_once_with_its_last_minute_and_then_each_second() {
    let stage = Stage::start().await;
    let bus = stage.hub.attach();
    bus.publish(&Subject::Registry, "x".into()).unwrap();
    eventually!(!stage.system().await["subjects"].as_array().unwrap().is_empty());
    let mut stream = Events::open(stage.addr, "/api/stream").await;
    let (name, first) = stream.next().await.unwrap();
    assert_eq!(name, "system");
    assert!(first["subjects"][0]["history"].as_array().is_some_and(|history| !history.is_empty()), "{first}");
    let (_, second) = stream.next().await.unwrap();
    assert!(second["at"].as_u64() > first["at"].as_u64());
    assert!(second["subjects"].as_array().unwrap().iter().all(|row| row.get("history").is_none()));
    assert!(stage.system().await["subjects"][0].get("history").is_none());

    // What comes is there without waiting for the second.
    say(&bus, &report("edge-1", 1_000, &[("lab", SpaceFigures::default())]));
    let has_node = |system: &Value| system["nodes"].as_array().is_some_and(|nodes| !nodes.is_empty());
    while !has_node(&stream.next().await.unwrap().1) {}
}

#[tokio::test]
async fn one_too_many_is_told_so_and_a_place_is_free_when_somebody_goes() {
    let stage = Stage::with(|settings| settings.max_streams = 2).await;
    let (one, mut two) = (Events::open(stage.addr, "/api/stream").await, Events::open(stage.addr, "/api/stream").await);
    let refused = stage.get("/api/stream").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("2")));
    assert!(refused.json()["error"].as_str().unwrap().contains("monitor.max_streams"));
    assert_eq!(stage.metric("grouploop_monitor_streams ").await, 2.0);
    drop(one);
    eventually!(stage.metric("grouploop_monitor_streams ").await == 1.0);
    assert_eq!(Events::open(stage.addr, "/api/stream").await.status, 200);
    assert!(two.next().await.is_some());
    assert_eq!(stage.metric("grouploop_monitor_refused_total{reason=\"too_many_streams\"} ").await, 1.0);
}
