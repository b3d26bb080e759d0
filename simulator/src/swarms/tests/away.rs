//! Devices that leave and return.

use super::*;

#[tokio::test(start_paused = true)]
async fn devices_that_are_away_are_in_no_roster_and_answer_no_command_until_they_send_again() {
    for text in [
        "churn = { storm_every = \"9s\", storm_devices = 1.0, away = \"5s\" }",
        "churn = { leave_per_minute = 20, away = \"5s\" }",
        "faults = { flapping = 1.0 }",
    ] {
        let hub = Hub::new();
        let (swarms, other, device) = (swarms(&hub), hub.attach(), DeviceId(0x1a2b));
        let mut presence = presence(&other).await;
        let swarm = swarms.start(plan(&format!("devices = 1\nfirst_id = \"1a2b\"\n{text}"))).unwrap();
        told(&mut presence, "its coming", |said| said.joined.contains_key(&device)).await;
        assert_eq!((ask(&other, device, "status:").await, roster(&other).await), (Ok("success".into()), vec![device]));

        told(&mut presence, "its leaving", |said| said.left.contains(&device)).await;
        let left = tokio::time::Instant::now();
        // One that is asked in this very moment may still say that it failed.
        grouploop_testkit::eventually!(
            Duration::from_secs(1),
            ask(&other, device, "status:").await == Err(RequestError::NoResponders)
        );
        assert_eq!(roster(&other).await, []);
        assert_eq!((swarm.figures().present, swarm.device(device).await.unwrap().present), (0, false));

        told(&mut presence, "its return", |said| said.joined.contains_key(&device)).await;
        let seconds = left.elapsed().as_secs_f64();
        assert!((1.9..5.2).contains(&seconds), "{text}: away for {seconds} s");
        assert_eq!((ask(&other, device, "status:").await, roster(&other).await), (Ok("success".into()), vec![device]));
        assert!(swarms.drain(PATIENCE).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_swarm_without_slots_is_in_the_roster_and_cannot_be_reached() {
    let hub = Hub::new();
    let (swarms, other) = (swarms(&hub), hub.attach());
    let mut presence = presence(&other).await;
    let swarm = swarms.start(plan("devices = 2\nslot = \"none\"")).unwrap();
    let all = [DeviceId(0), DeviceId(1)];
    told(&mut presence, "both", |said| said.joined.contains_key(&all[1])).await;
    assert_eq!(roster(&other).await, all);
    assert_eq!(ask(&other, all[0], "led:ff0000").await, Err(RequestError::NoResponders));
    let report = other.request(&Subject::CommandAll { space: Space::main() }, "led:ff0000".into(), PATIENCE).await;
    let report: CommandReport = serde_json::from_slice(&report.unwrap()).unwrap();
    assert_eq!((report.sent, report.failed, swarm.figures().commands_received), (vec![], vec![], 0));
    assert!(swarms.drain(PATIENCE).await);
}
