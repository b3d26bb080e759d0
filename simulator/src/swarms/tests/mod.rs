//! Swarms over the embedded bus, seen from another node on it.

mod away;
mod crowds;
mod faults;
mod rivals;
mod updates;

use super::*;
use crate::scenario::Scenario;
use crate::swarm::Status;
use futures_util::StreamExt;
use grouploop_bridge::{
    CommandReport, Delivery, Frame, Hub, LINE_LEN, Pattern, Presence, RequestError, RosterPage, Subject, Subscription,
};
use std::collections::BTreeMap;

fn plan(text: &str) -> Swarm {
    Scenario::parse(&format!("[[swarm]]\n{text}")).unwrap().swarms.remove(0)
}

fn swarms(hub: &Hub) -> Swarms {
    Swarms::new("sim-1".parse().unwrap(), "0".into(), hub.attach(), Limits::NONE)
}

const PATIENCE: Duration = Duration::from_secs(2);

/// What one hears who asks a device for something.
async fn ask(bus: &Bus, device: DeviceId, text: &str) -> Result<String, RequestError> {
    let subject = Subject::Command { space: Space::main(), device };
    let answer = bus.request(&subject, text.to_owned().into(), PATIENCE).await?;
    Ok(String::from_utf8(answer.to_vec()).unwrap())
}

/// The devices in the roster of the only node that has any.
async fn roster(bus: &Bus) -> Vec<DeviceId> {
    match bus.request(&Subject::Roster { space: Space::main() }, "".into(), PATIENCE).await {
        Ok(page) => serde_json::from_slice::<RosterPage>(&page).unwrap().devices.iter().map(|entry| entry.id).collect(),
        Err(error) => {
            assert_eq!(error, RequestError::NoResponders);
            Vec::new()
        }
    }
}

async fn presence(bus: &Bus) -> Subscription {
    bus.subscribe(Subject::Presence { space: Space::main() }).await.unwrap()
}

/// The next announcement that is meant.
async fn told(presence: &mut Subscription, what: &str, is_meant: impl Fn(&Presence) -> bool) -> Presence {
    let meant = async {
        loop {
            let said = presence.next().await.unwrap();
            let said: Presence = serde_json::from_slice(&said.payload).unwrap();
            if is_meant(&said) {
                return said;
            }
        }
    };
    // On paused time too: this passes only when nothing else does.
    grouploop_testkit::within(what, meant).await
}

async fn telemetry(bus: &Bus) -> Subscription {
    bus.subscribe(Pattern::Telemetry { space: Space::main() }).await.unwrap()
}

/// Whose frames a batch has.
fn senders(batch: &Delivery) -> Vec<DeviceId> {
    batch.payload.as_chunks::<LINE_LEN>().0.iter().map(|line| Frame::from_line(line).unwrap().device()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_frame_of_a_swarm_reaches_the_bus_once_and_its_end_is_told() {
    let hub = Hub::new();
    let (swarms, other) = (swarms(&hub), hub.attach());
    let mut frames = other.subscribe(Pattern::Telemetry { space: Space::main() }).await.unwrap();
    let swarm = swarms.start(plan("devices = 50\nduration = \"2s\"\nmotion = \"walk\"")).unwrap();
    let mut by_device: BTreeMap<DeviceId, u32> = BTreeMap::new();
    let reading = async {
        while let Some(batch) = frames.next().await {
            for line in batch.payload.as_chunks::<LINE_LEN>().0 {
                *by_device.entry(Frame::from_line(line).unwrap().device()).or_default() += 1;
            }
        }
    };
    tokio::select! {
        () = reading => unreachable!(),
        end = swarm.ended() => assert_eq!(end, Status::Finished),
    }
    while let Ok(Some(batch)) = tokio::time::timeout(Duration::from_millis(1), frames.next()).await {
        for line in batch.payload.as_chunks::<LINE_LEN>().0 {
            *by_device.entry(Frame::from_line(line).unwrap().device()).or_default() += 1;
        }
    }
    assert_eq!((by_device.len(), by_device.values().min(), by_device.values().max()), (50, Some(&40), Some(&40)));
    let figures = swarm.figures();
    assert_eq!((figures.frames_scheduled, figures.frames_sent, figures.frames_skipped), (2000, 2000, 0));
    assert!(figures.frames_dropped.is_empty() && figures.present == 0);
    assert!(swarms.drain(PATIENCE).await);
}

#[tokio::test]
async fn a_simulated_device_takes_commands_from_anywhere_and_is_in_the_roster() {
    let hub = Hub::new();
    let (swarms, other) = (swarms(&hub), hub.attach());
    let swarm = swarms.start(plan("devices = 3\nfirst_id = \"1a2b\"\nspace = \"lab\"")).unwrap();
    let space: Space = "lab".parse().unwrap();
    let device = DeviceId(0x1a2c);
    let subject = Subject::Command { space: space.clone(), device };
    grouploop_testkit::eventually!(
        other.request(&subject, "led:00ff00".into(), PATIENCE).await == Ok("success".into())
    );
    let seen = swarm.device(device).await.unwrap();
    assert_eq!((seen.wearable.color.to_string().as_str(), seen.present), ("00ff00", true));
    grouploop_testkit::eventually!(swarm.figures().present == 3);
    let page = other.request(&Subject::Roster { space: space.clone() }, "".into(), PATIENCE).await.unwrap();
    let page: RosterPage = serde_json::from_slice(&page).unwrap();
    assert_eq!(page.devices.iter().map(|entry| entry.id.0).collect::<Vec<_>>(), [0x1a2b, 0x1a2c, 0x1a2d]);
    let all = other.request(&Subject::CommandAll { space }, "vibrate:500".into(), PATIENCE).await.unwrap();
    let mut report: CommandReport = serde_json::from_slice(&all).unwrap();
    report.sent.sort();
    assert_eq!((report.sent, report.failed.len()), (vec![DeviceId(0x1a2b), device, DeviceId(0x1a2d)], 0));
    grouploop_testkit::eventually!(swarm.device(device).await.unwrap().wearable.vibrating);
    swarms.stop("swarm-1").await.unwrap();
    grouploop_testkit::eventually!(
        other.request(&subject, "status:".into(), PATIENCE).await == Err(grouploop_bridge::RequestError::NoResponders)
    );
    assert!(swarms.drain(PATIENCE).await);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_refused_with_the_reason() {
    let hub = Hub::new();
    let limits =
        Limits { swarms: 2, devices: 100, frames_per_second: 1000.0, commands_per_second: 50.0, device_connections: 4 };
    let swarms = Swarms::new("sim-1".parse().unwrap(), "0".into(), hub.attach(), limits);
    let start = |text: &str| swarms.start(plan(text)).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(start("name = \"a\"\ndevices = 20"), Ok(()));
    assert!(start("name = \"a\"\ndevices = 1").unwrap_err().contains("swarm `a` already"));
    assert!(
        start("name = \"b\"\ndevices = 1").unwrap_err().contains("device 0000 of space `main` is one of swarm `a`")
    );
    assert!(
        start("name = \"b\"\nspace = \"x\"\ndevices = 81\nrate_hz = 1")
            .unwrap_err()
            .contains("101 devices, and simulator.max_devices allows 100")
    );
    assert!(
        start("name = \"b\"\nspace = \"x\"\ndevices = 40")
            .unwrap_err()
            .contains("1200 frames a second, and simulator.max_frames_per_second allows 1000")
    );
    let commands = |load: &str| {
        start(&format!("name = \"b\"\nspace = \"x\"\ndevices = 10\ncommands = {{ which = [\"status\"], {load} }}"))
    };
    assert!(
        commands("per_second = 51")
            .unwrap_err()
            .contains("51 commands a second, and simulator.max_commands_per_second")
    );
    let ws = "transport = \"ws\"\nws = { edges = [\"ws://127.0.0.1:9\"], devices_per_connection = 2 }";
    let connections = start(&format!("name = \"b\"\nspace = \"x\"\ndevices = 9\n{ws}")).unwrap_err();
    assert!(
        connections.contains("5 connections to edges, and simulator.max_device_connections allows 4"),
        "{connections}"
    );
    assert!(commands("per_second = 6, target = \"all\"").unwrap_err().contains("60 commands a second"));
    assert_eq!(start("name = \"b\"\nspace = \"x\"\ndevices = 1"), Ok(()));
    assert!(start("name = \"c\"\nspace = \"y\"\ndevices = 1").unwrap_err().contains("simulator.max_swarms"));
    swarms.stop("a").await.unwrap();
    assert_eq!(start("name = \"c\"\ndevices = 1"), Ok(()));
    assert!(swarms.stop("a").await.is_err());
    assert!(swarms.drain(PATIENCE).await);
    assert!(start("name = \"d\"\nspace = \"z\"").unwrap_err().contains("stopping"));
}

#[tokio::test(start_paused = true)]
async fn a_swarm_grows_shrinks_and_changes_its_rate_while_it_runs() {
    let hub = Hub::new();
    let swarms = swarms(&hub);
    let swarm = swarms.start(plan("name = \"s\"\ndevices = 10")).unwrap();
    let second = || tokio::time::sleep(Duration::from_secs(1));
    second().await;
    let change = async |text: &str| {
        let before = swarm.figures().frames_sent;
        swarms.change(plan(&format!("name = \"s\"\n{text}"))).await.unwrap();
        second().await;
        let figures = swarm.figures();
        (figures.present, figures.frames_sent - before)
    };
    // One tick at each end may count here or there.
    for (text, present, frames) in [
        ("devices = 30", 30, 600),
        ("devices = 5", 5, 100),
        ("devices = 5\nrate_hz = 50", 5, 250),
        ("devices = 5\nrate_hz = 50\nmotion = \"dance\"\nfaults = { silent = 2 }", 5, 150),
    ] {
        let (found, sent) = change(text).await;
        assert!(found == present && sent.abs_diff(frames) <= 10, "{text}: {found} devices, {sent} frames");
    }
    let anew = swarms.change(plan("name = \"s\"\ndevices = 5\nseed = 9")).await.unwrap();
    second().await;
    assert_eq!(swarm.status(), Status::Stopped, "another seed is another swarm");
    assert!(anew.figures().present == 5 && anew.figures().frames_sent.abs_diff(100) <= 5);
    assert!(swarms.drain(PATIENCE).await);
}

#[tokio::test(start_paused = true)]
async fn an_edge_that_cannot_be_stops_nothing_and_starts_nothing() {
    let hub = Hub::new();
    let swarms = swarms(&hub);
    let swarm = swarms.start(plan("name = \"s\"")).unwrap();
    let wrong = |name: &str| {
        let transport = Transport::Ws { edges: vec!["ws://a:b:1".into()], devices_per_connection: 1 };
        Swarm { transport, ..plan(&format!("name = \"{name}\"\nspace = \"x\"")) }
    };
    assert!(matches!(swarms.change(wrong("s")).await, Err(SwarmError::Edge(_))));
    assert!(!swarm.status().is_over());
    let fine = plan("name = \"t\"\nspace = \"y\"");
    assert!(matches!(swarms.start_all(vec![fine, wrong("u")]), Err(SwarmError::Edge(_))));
    assert_eq!(swarms.all().len(), 1);
    assert!(swarms.drain(PATIENCE).await);
}

#[tokio::test(start_paused = true)]
async fn of_those_that_are_over_the_oldest_are_forgotten() {
    let hub = Hub::new();
    let swarms = swarms(&hub);
    // By name the oldest is the last.
    for number in (0..MAX_OVER + 3).rev() {
        let short = plan(&format!("name = \"s-{number:03}\"\nduration = \"1ms\"\ndevices = 1"));
        swarms.start(short).unwrap().ended().await;
    }
    let names: Vec<String> = swarms.all().iter().map(|swarm| swarm.plan().name.clone()).collect();
    assert_eq!(names, (0..MAX_OVER).map(|number| format!("s-{number:03}")).collect::<Vec<_>>());
    assert!(swarms.drain(PATIENCE).await);
}
