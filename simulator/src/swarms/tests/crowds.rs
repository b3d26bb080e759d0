//! What only many can show.

use super::*;

#[tokio::test]
async fn a_command_to_all_reaches_every_device_however_many_there_are() {
    let hub = Hub::new();
    let (swarms, other) = (swarms(&hub), hub.attach());
    let swarm = swarms.start(plan("devices = 20000\nrate_hz = 1\nfaults = { duplicate_ids = 10 }")).unwrap();
    grouploop_testkit::eventually!(swarm.figures().present == 20_000);
    let all = other.request(&Subject::CommandAll { space: Space::main() }, "led:00ff00".into(), PATIENCE).await;
    let report: CommandReport = serde_json::from_slice(&all.unwrap()).unwrap();
    assert_eq!((report.sent.len(), report.failed.len()), (19_990, 0));
    grouploop_testkit::eventually!(swarm.figures().commands_received >= 19_990);
    assert_eq!(swarm.figures().commands_ignored, 0);
    let last = swarm.plan().ids.last().copied().unwrap();
    assert_eq!(swarm.device(last).await.unwrap().wearable.color.to_string(), "00ff00");
    assert!(swarms.drain(PATIENCE).await);
}

#[tokio::test(start_paused = true)]
async fn who_looks_at_a_swarm_does_not_hold_it_up() {
    let hub = Hub::new();
    let swarms = swarms(&hub);
    let swarm = swarms.start(plan("devices = 100\nrate_hz = 10")).unwrap();
    // With the clock stopped time passes only when nobody has anything to do: so let it pass by hand.
    let mut looked = 0;
    for _ in 0..100 {
        let looks = (0..20).map(|_| swarm.view(0, 100));
        looked += futures_util::future::join_all(looks).await.len();
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    assert_eq!(looked, 2000);
    let figures = swarm.figures();
    assert!(figures.frames_sent >= 980 && figures.frames_late + figures.frames_skipped == 0, "{figures:?}");
    assert!(swarms.drain(PATIENCE).await);
}
