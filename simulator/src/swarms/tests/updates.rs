//! `ota:`, from the command to the new version.

use super::*;
use crate::swarm::image;
use crate::wearable::{Activity, REBOOT};
use grouploop_testkit::HttpStub;

const DEVICE: DeviceId = DeviceId(0x1a2b);
const NEIGHBOUR: DeviceId = DeviceId(0x1a2c);

/// Two devices, the first of which was told to fetch an image.
async fn updating(hub: &Hub, stub: &HttpStub, text: &str) -> (Swarms, SwarmHandle, Bus) {
    let (swarms, other) = (swarms(hub), hub.attach());
    let swarm = swarms.start(plan(&format!("devices = 2\nfirst_id = \"1a2b\"\n{text}"))).unwrap();
    grouploop_testkit::eventually!(ask(&other, DEVICE, "led:00ff00").await == Ok("success".into()));
    grouploop_testkit::eventually!(ask(&other, NEIGHBOUR, "led:00ff00").await == Ok("success".into()));
    assert_eq!(ask(&other, DEVICE, &format!("ota:{}/app.bin", stub.url())).await, Ok("success".into()));
    (swarms, swarm, other)
}

#[tokio::test]
async fn an_updated_device_leaves_and_returns_with_the_new_version() {
    let (hub, stub) = (Hub::new(), HttpStub::start().await);
    stub.serve("/app.bin", image("2.1.0"));
    let watcher = hub.attach();
    let (mut presence, mut frames) = (presence(&watcher).await, telemetry(&watcher).await);
    let (swarms, swarm, other) = updating(&hub, &stub, "").await;
    grouploop_testkit::eventually!(swarm.figures().updates_succeeded == 1);
    // The download is over: what is left to wait for is time.
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    told(&mut presence, "its leaving", |said| said.left == [DEVICE]).await;
    while futures_util::FutureExt::now_or_never(frames.next()).is_some() {}
    let seen = swarm.device(DEVICE).await.unwrap();
    assert_eq!((seen.present, seen.wearable.activity), (false, Activity::Absent));
    grouploop_testkit::eventually!(
        Duration::from_secs(1),
        ask(&other, DEVICE, "status:").await == Err(RequestError::NoResponders)
    );
    assert_eq!(roster(&other).await, [NEIGHBOUR]);

    let mut neighbours = 0;
    loop {
        let batch = grouploop_testkit::within("a frame", frames.next()).await.unwrap();
        let senders = senders(&batch);
        neighbours += senders.iter().filter(|sender| **sender == NEIGHBOUR).count();
        if senders.contains(&DEVICE) {
            break;
        }
    }
    let away = began.elapsed();
    assert!(away > REBOOT - Duration::from_millis(100) && away < REBOOT + Duration::from_millis(200), "{away:?}");
    assert!((50..=65).contains(&neighbours), "{neighbours} frames of the other one meanwhile");
    told(&mut presence, "its return", |said| said.joined.contains_key(&DEVICE)).await;
    let seen = swarm.device(DEVICE).await.unwrap();
    assert_eq!((seen.present, seen.wearable.version.as_deref()), (true, Some("2.1.0")));
    assert_ne!(seen.wearable.color.to_string(), "00ff00", "it comes back as from the box");
    assert_eq!(ask(&other, DEVICE, "status:").await, Ok("success".into()));
    assert_eq!(swarm.device(NEIGHBOUR).await.unwrap().wearable.version, None);
    assert!(swarms.drain(PATIENCE).await);
}

#[tokio::test]
async fn a_device_that_fetches_sends_nothing_and_the_end_of_its_swarm_does_not_wait_for_it() {
    let (hub, stub) = (Hub::new(), HttpStub::start().await);
    stub.hang();
    let (swarms, swarm, other) = updating(&hub, &stub, "").await;
    stub.wait_for_requests(1).await;
    let mut frames = telemetry(&other).await;
    let mut neighbours = 0;
    while neighbours < 10 {
        let batch = grouploop_testkit::within("a frame", frames.next()).await.unwrap();
        let senders = senders(&batch);
        assert!(!senders.contains(&DEVICE), "it is busy");
        neighbours += senders.len();
    }
    let seen = swarm.device(DEVICE).await.unwrap();
    assert_eq!((seen.present, seen.wearable.activity), (true, Activity::Updating));
    let ignored = swarm.figures().commands_ignored;
    assert_eq!(ask(&other, DEVICE, "led:ff0000").await, Ok("success".into()), "its connection stands");
    grouploop_testkit::eventually!(swarm.figures().commands_ignored == ignored + 1);
    assert!(swarms.drain(PATIENCE).await);
}

#[tokio::test]
async fn a_device_whose_update_fails_goes_on_with_what_it_had() {
    for (text, serves) in [("faults = { failing_updates = 1.0 }", true), ("", false)] {
        let (hub, stub) = (Hub::new(), HttpStub::start().await);
        if serves {
            stub.serve("/app.bin", image("2.1.0"));
        }
        let (swarms, swarm, other) = updating(&hub, &stub, text).await;
        grouploop_testkit::eventually!(swarm.figures().updates_failed == 1);
        let mut frames = telemetry(&other).await;
        let sends = async { while !senders(&frames.next().await.unwrap()).contains(&DEVICE) {} };
        grouploop_testkit::within("its frames", sends).await;
        let seen = swarm.device(DEVICE).await.unwrap().wearable;
        assert_eq!((seen.version, seen.activity), (None, Activity::Running));
        assert_eq!(seen.color.to_string(), "00ff00", "nothing of it has changed");
        let figures = swarm.figures();
        assert_eq!((figures.updates_started, figures.updates_succeeded, figures.present), (1, 0, 2));
        assert!(swarms.drain(PATIENCE).await);
    }
}

#[tokio::test]
async fn a_download_of_a_device_that_was_taken_out_is_nobodys() {
    let (hub, slow, stub) = (Hub::new(), HttpStub::start().await, HttpStub::start().await);
    slow.hang();
    stub.serve("/app.bin", image("2.2.0"));
    let (swarms, swarm, other) = updating(&hub, &slow, "name = \"s\"").await;
    assert_eq!(ask(&other, NEIGHBOUR, &format!("ota:{}/app.bin", slow.url())).await, Ok("success".into()));
    slow.wait_for_requests(2).await;
    for devices in [1, 2] {
        swarms.change(plan(&format!("name = \"s\"\nfirst_id = \"1a2b\"\ndevices = {devices}"))).await.unwrap();
    }
    assert_eq!(swarm.figures().updates_failed, 1, "it was cut off");
    grouploop_testkit::eventually!(
        ask(&other, NEIGHBOUR, &format!("ota:{}/app.bin", stub.url())).await == Ok("success".into())
    );
    grouploop_testkit::eventually!(swarm.figures().updates_succeeded == 1);
    grouploop_testkit::eventually!(swarm.device(NEIGHBOUR).await.unwrap().wearable.version.as_deref() == Some("2.2.0"));
    swarm.stop();
    swarm.ended().await;
    let figures = swarm.figures();
    assert_eq!((figures.updates_started, figures.updates_failed), (3, 2), "the first one's, too");
    assert!(swarms.drain(PATIENCE).await);
}
