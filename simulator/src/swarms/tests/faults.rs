//! What goes wrong on purpose, and what does by itself.

use super::*;

#[tokio::test(start_paused = true)]
async fn malformed_frames_reach_nobody_and_register_nothing() {
    let hub = Hub::new();
    let (swarms, other) = (swarms(&hub), hub.attach());
    let mut frames = telemetry(&other).await;
    let swarm = swarms.start(plan("devices = 4\nduration = \"2s\"\nfaults = { malformed = 1, silent = 1 }")).unwrap();
    let mut seen = BTreeSet::new();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let listed = roster(&other).await;
    assert_eq!(swarm.ended().await, Status::Finished);
    while let Ok(Some(batch)) = tokio::time::timeout(Duration::from_millis(1), frames.next()).await {
        seen.extend(senders(&batch));
    }
    let figures = swarm.figures();
    // One device may have both faults: then it is silent.
    let malformed = figures.frames_dropped.get("malformed").copied().unwrap_or_default();
    assert_eq!(figures.frames_scheduled, figures.frames_sent + malformed);
    let malformed_devices = malformed as usize / 40;
    assert_eq!((malformed % 40, seen.len()), (0, 3 - malformed_devices), "{figures:?}");
    assert_eq!(listed.len(), 4 - malformed_devices, "a silent one has said who it is");
    assert!(swarms.drain(PATIENCE).await);
}

#[tokio::test(start_paused = true)]
async fn a_slow_link_carries_two_frames_a_second_and_counts_the_others() {
    let hub = Hub::new();
    let swarms = swarms(&hub);
    let swarm = swarms.start(plan("devices = 3\nduration = \"4s\"\nfaults = { slow_links = 1 }")).unwrap();
    assert_eq!(swarm.ended().await, Status::Finished);
    let figures = swarm.figures();
    assert_eq!((figures.frames_scheduled, figures.frames_sent + figures.frames_dropped["slow_link"]), (240, 240));
    assert!((167..=169).contains(&figures.frames_sent), "{figures:?}");
    assert!(swarms.drain(PATIENCE).await);
}

#[tokio::test(start_paused = true)]
async fn without_a_bus_frames_are_dropped_with_the_reason_and_the_swarm_can_be_stopped() {
    let hub = Hub::new();
    let swarms = swarms(&hub);
    let swarm = swarms.start(plan("name = \"s\"\ndevices = 10")).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(swarms.bus().drain(PATIENCE).await);
    let sent = swarm.figures().frames_sent;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let figures = swarm.figures();
    assert_eq!((figures.frames_sent, figures.frames_dropped["bus_away"]), (sent, figures.frames_scheduled - sent));
    assert!(sent.abs_diff(200) <= 10 && figures.frames_scheduled.abs_diff(400) <= 10, "{figures:?}");
    swarms.stop("s").await.unwrap();
    assert!(swarms.drain(PATIENCE).await);
}
