//! Several that send under one id.

use super::*;

#[tokio::test]
async fn twins_are_told_as_a_clash() {
    let hub = Hub::new();
    let (swarms, other) = (swarms(&hub), hub.attach());
    let mut presence = presence(&other).await;
    swarms.start(plan("devices = 2\nfirst_id = \"1a2b\"\nfaults = { duplicate_ids = 1 }")).unwrap();
    let said = told(&mut presence, "the clash", |said| !said.clashes.is_empty()).await;
    let [device] = said.clashes[..] else { panic!("{said:?}") };
    assert_eq!((roster(&other).await, ask(&other, device, "status:").await), (vec![device], Ok("success".into())));
    assert!(swarms.node.clashes() == 1 && [0x1a2b, 0x1a2c].contains(&device.0));
    assert!(swarms.drain(PATIENCE).await);
}

#[tokio::test]
async fn a_second_node_takes_a_device_over_and_the_first_takes_it_back_with_its_next_frame() {
    let hub = Hub::new();
    let (first, other, device) = (swarms(&hub), hub.attach(), DeviceId(0x1a2b));
    let second = Swarms::new("sim-2".parse().unwrap(), "0".into(), hub.attach(), Limits::NONE);
    let mut presence = presence(&other).await;
    let text = "devices = 1\nfirst_id = \"1a2b\"\nrate_hz = 4";
    let comes =
        |node: &'static str| move |said: &Presence| said.node.as_str() == node && said.joined.contains_key(&device);
    first.start(plan(text)).unwrap();
    told(&mut presence, "the first", comes("sim-1")).await;
    second.start(plan(text)).unwrap();
    let claim = |said: Presence| said.joined[&device];
    let taken = claim(told(&mut presence, "the takeover", comes("sim-2")).await);
    let back = claim(told(&mut presence, "the return", comes("sim-1")).await);
    let again = claim(told(&mut presence, "another takeover", comes("sim-2")).await);
    assert!(taken < back && back < again);
    told(&mut presence, "the clash", |said| said.clashes == [device]).await;
    grouploop_testkit::eventually!(first.node.clashes() + second.node.clashes() >= 1);

    // The one that goes leaves the device to the other.
    assert!(second.drain(PATIENCE).await);
    grouploop_testkit::eventually!(ask(&other, device, "status:").await == Ok("success".into()));
    grouploop_testkit::eventually!(roster(&other).await == [device]);
    assert!(first.drain(PATIENCE).await);
}
