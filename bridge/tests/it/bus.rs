//! The numbered contract of the bus: one property for each number, over both engines.

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use grouploop_bridge::{
    Bus, BusSettings, BusState, DeviceId, Hub, NodeId, Pattern, PublishError, RequestError, Space, Subject,
    TraceContext,
};
use grouploop_testkit::{NOBODY, NatsServer};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

/// Two nodes on one bus, and what keeps it alive.
struct Pair {
    a: Bus,
    b: Bus,
    _server: Option<NatsServer>,
}

async fn embedded() -> Pair {
    let hub = Hub::new();
    Pair { a: hub.attach(), b: hub.attach(), _server: None }
}

async fn connect(server: &NatsServer, name: &str) -> Bus {
    let node: NodeId = name.parse().unwrap();
    let bus = Bus::start(&BusSettings::nats(server.url()), &node).await.unwrap();
    bus.state().wait_for(|state| *state == BusState::Up).await.unwrap();
    bus
}

async fn nats() -> Pair {
    let server = NatsServer::start().await;
    Pair { a: connect(&server, "a").await, b: connect(&server, "b").await, _server: Some(server) }
}

macro_rules! over_both_engines {
    ($($property:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test] async fn $property() { super::$property(super::embedded().await).await; })*
        }
        mod nats {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $property() { super::$property(super::nats().await).await; })*
        }
    };
}

over_both_engines!(
    p1_interest_is_live_when_subscribe_returns,
    p2_messages_of_one_publisher_stay_in_order,
    p3_a_full_subscription_loses_counts_and_slows_nobody,
    p4_streams_end_after_drain,
    p5_telemetry_is_not_echoed_and_all_else_is,
    p6_a_question_without_responders_is_answered_at_once,
    p7_questions_are_answered_by_one_or_many,
    p8_dropping_a_subscription_ends_the_interest,
    p9_patterns_hear_what_they_say_and_nothing_else,
    p10_a_trace_travels_with_its_message_and_keeps_none_from_going,
);

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

fn command(device: u16) -> Subject {
    Subject::Command { space: Space::main(), device: DeviceId(device) }
}

fn telemetry(node: &str) -> Subject {
    Subject::Telemetry { space: Space::main(), node: node.parse().unwrap() }
}

async fn p1_interest_is_live_when_subscribe_returns(bus: Pair) {
    for device in 0..50 {
        let mut subscription = bus.a.subscribe(command(device)).await.unwrap();
        bus.b.publish(&command(device), Bytes::from_static(b"x")).unwrap();
        within("the message", subscription.next()).await.unwrap();
    }
    let patterns: Vec<Pattern> = (100..150).map(|device| command(device).into()).collect();
    let subscriptions = bus.a.subscribe_all(&patterns).await.unwrap();
    for (device, mut subscription) in (100..150).zip(subscriptions) {
        bus.b.publish(&command(device), Bytes::from_static(b"x")).unwrap();
        assert_eq!(within("the message", subscription.next()).await.unwrap().subject, command(device));
    }
}

async fn p2_messages_of_one_publisher_stay_in_order(bus: Pair) {
    let mut subscription = bus.b.subscribe(Pattern::Telemetry { space: Space::main() }).await.unwrap();
    for n in 0..200u32 {
        bus.a.publish(&telemetry("a"), Bytes::copy_from_slice(&n.to_be_bytes())).unwrap();
    }
    for n in 0..200u32 {
        let delivery = within("the next message", subscription.next()).await.unwrap();
        assert_eq!(delivery.payload[..], n.to_be_bytes());
    }
}

async fn p3_a_full_subscription_loses_counts_and_slows_nobody(bus: Pair) {
    let mut slow = bus.b.subscribe(command(1)).await.unwrap();
    let mut quick = bus.b.subscribe(command(2)).await.unwrap();
    for n in 0..3000u32 {
        // The publisher's own queue may be full for a moment; that is its business and not what is asked here.
        while bus.a.publish(&command(1), Bytes::copy_from_slice(&n.to_be_bytes())).is_err() {
            tokio::task::yield_now().await;
        }
    }
    while bus.a.publish(&command(2), Bytes::from_static(b"after")).is_err() {
        tokio::task::yield_now().await;
    }
    within("the message behind the flood", quick.next()).await.unwrap();
    let mut got = 0;
    while let Some(Some(delivery)) = slow.next().now_or_never() {
        assert_eq!(delivery.payload[..], u32::to_be_bytes(got), "the oldest are kept, in order");
        got += 1;
    }
    assert!((1..3000).contains(&got), "{got} kept");
    // async-nats tells of it by an event, which may come after the message behind the flood.
    let counted = async {
        while bus.b.lost() == 0 {
            tokio::task::yield_now().await;
        }
    };
    within("the loss to be counted", counted).await;
}

async fn p4_streams_end_after_drain(bus: Pair) {
    let mut telemetry_stream = bus.a.subscribe(Pattern::Telemetry { space: Space::main() }).await.unwrap();
    let mut command_stream = bus.a.subscribe(command(1)).await.unwrap();
    assert!(bus.a.drain(PATIENCE).await);
    assert!(within("the end", telemetry_stream.next()).await.is_none());
    assert!(within("the end", command_stream.next()).await.is_none());
    assert_eq!(bus.a.publish(&command(1), Bytes::new()), Err(PublishError::Away));
}

async fn p5_telemetry_is_not_echoed_and_all_else_is(bus: Pair) {
    let pattern = || Pattern::Telemetry { space: Space::main() };
    let mut own = bus.a.subscribe(pattern()).await.unwrap();
    let mut other = bus.b.subscribe(pattern()).await.unwrap();
    bus.a.publish(&telemetry("a"), Bytes::from_static(b"from a")).unwrap();
    within("a's telemetry at b", other.next()).await.unwrap();
    bus.b.publish(&telemetry("b"), Bytes::from_static(b"from b")).unwrap();
    // The first that arrives is b's: a's own never came.
    assert_eq!(within("b's telemetry at a", own.next()).await.unwrap().payload, "from b");
    let mut control = bus.a.subscribe(command(7)).await.unwrap();
    bus.a.publish(&command(7), Bytes::from_static(b"to myself")).unwrap();
    assert_eq!(within("the echo", control.next()).await.unwrap().payload, "to myself");
}

async fn p6_a_question_without_responders_is_answered_at_once(bus: Pair) {
    let outcome = within("the answer", bus.a.request(&command(9), Bytes::new(), Duration::from_secs(3600))).await;
    assert_eq!(outcome, Err(RequestError::NoResponders));
    let _silent = bus.b.subscribe(command(9)).await.unwrap();
    let outcome = bus.a.request(&command(9), Bytes::new(), Duration::from_millis(50)).await;
    assert_eq!(outcome, Err(RequestError::Timeout));
}

async fn p7_questions_are_answered_by_one_or_many(bus: Pair) {
    let subject = Subject::CommandAll { space: Space::main() };
    let mut at_a = bus.a.subscribe(subject.clone()).await.unwrap();
    let mut at_b = bus.b.subscribe(subject.clone()).await.unwrap();
    let mut answers = bus.a.gather(&subject, Bytes::from_static(b"led:ff0000")).unwrap();
    let own = within("the question at a", at_a.next()).await.unwrap();
    let foreign = within("the question at b", at_b.next()).await.unwrap();
    assert!(own.own && own.is_question() && !foreign.own && foreign.is_question());
    own.respond(Bytes::from_static(b"a")).unwrap();
    foreign.respond(Bytes::from_static(b"b")).unwrap();
    foreign.respond(Bytes::from_static(b"b again")).unwrap();
    let mut got = Vec::new();
    for _ in 0..3 {
        got.push(within("an answer", answers.next()).await.unwrap());
    }
    got.sort();
    assert_eq!(got, ["a", "b", "b again"]);
}

async fn p8_dropping_a_subscription_ends_the_interest(bus: Pair) {
    let subscription = bus.a.subscribe(command(3)).await.unwrap();
    drop(subscription);
    // A round trip on a's connection behind the unsubscription.
    let _barrier = bus.a.subscribe(command(4)).await.unwrap();
    let outcome = within("the answer", bus.b.request(&command(3), Bytes::new(), PATIENCE)).await;
    assert_eq!(outcome, Err(RequestError::NoResponders));
}

async fn p9_patterns_hear_what_they_say_and_nothing_else(bus: Pair) {
    let node = || "a".parse::<NodeId>().unwrap();
    let (report, echo) = (Subject::Report { node: node() }, Subject::Echo { node: node() });
    let presence = Subject::Presence { space: Space::main() };
    let all = [report.clone(), echo.clone(), Subject::Node { node: node() }, presence.clone(), telemetry("a")];
    for (pattern, heard) in [
        (Pattern::Reports, vec![report]),
        (Pattern::Echoes, vec![echo]),
        (Pattern::AllPresence, vec![presence.clone()]),
        (Pattern::Tapped("gl.space.*.presence".parse().unwrap()), vec![presence]),
        (Pattern::Tapped("gl.*.main.telemetry.>".parse().unwrap()), vec![telemetry("a")]),
    ] {
        let mut stream = bus.b.subscribe(pattern.clone()).await.unwrap();
        all.iter().for_each(|subject| bus.a.publish(subject, Bytes::new()).unwrap());
        for subject in heard {
            let found = within("a message", stream.next()).await.unwrap().subject;
            assert_eq!(found, subject, "{pattern}");
        }
        // Whatever else it heard would be there before the answer to a question behind it.
        let _ = within("the answer", bus.a.request(&command(9), Bytes::new(), PATIENCE)).await;
        let _barrier = bus.b.subscribe(command(8)).await.unwrap();
        assert!(stream.next().now_or_never().is_none(), "{pattern} hears nothing else");
    }
}

async fn p10_a_trace_travels_with_its_message_and_keeps_none_from_going(bus: Pair) {
    const LARGEST: usize = 1024 * 1024;
    let trace = Some(TraceContext { trace: 0x4bf9_2f35, span: 0x00f0_67aa });
    let mut stream = bus.b.subscribe(command(1)).await.unwrap();
    let payload = Bytes::from_static(b"led:ff0000");
    bus.a.publish_traced(&command(1), payload.clone(), trace).unwrap();
    let mut answers = bus.a.gather_traced(&command(1), payload.clone(), trace).unwrap();
    bus.a.publish(&command(1), payload.clone()).unwrap();
    for expected in [trace, trace, None] {
        let heard = within("the message", stream.next()).await.unwrap();
        assert_eq!((heard.trace, &heard.payload), (expected, &payload));
        if heard.is_question() {
            heard.respond(Bytes::from_static(b"success")).unwrap();
        }
    }
    assert_eq!(within("the answer", answers.next()).await.unwrap(), "success");
    // From where there is just room for both to where there is just room for the message.
    for length in [LARGEST - 82, LARGEST - 81, LARGEST] {
        bus.a.publish_traced(&command(1), Bytes::from(vec![b'x'; length]), trace).unwrap();
        assert_eq!(within("the large one", stream.next()).await.unwrap().payload.len(), length);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_is_away_refuses_and_comes_back_without_a_stale_flood() {
    let mut server = NatsServer::start().await;
    let (a, b) = (connect(&server, "a").await, connect(&server, "b").await);
    let mut stream = b.subscribe(Pattern::Telemetry { space: Space::main() }).await.unwrap();
    let mut state = a.state();
    server.kill().await;
    within("the loss to be noticed", state.wait_for(|state| matches!(state, BusState::Away(_)))).await.unwrap();
    for _ in 0..5000 {
        assert_eq!(a.publish(&telemetry("a"), Bytes::from_static(b"stale")), Err(PublishError::Away));
    }
    assert_eq!(a.request(&command(1), Bytes::new(), PATIENCE).await, Err(RequestError::Publish(PublishError::Away)));
    server.restart().await;
    for bus in [&a, &b] {
        within("the return", bus.state().wait_for(|state| *state == BusState::Up)).await.unwrap();
    }
    // b's interest is back when a message comes through; what comes first was sent after the return.
    let first = async {
        loop {
            let _ = a.publish(&telemetry("a"), Bytes::from_static(b"fresh"));
            if let Ok(delivery) = tokio::time::timeout(Duration::from_millis(20), stream.next()).await {
                return delivery.unwrap();
            }
        }
    };
    assert_eq!(within("a message after the return", first).await.payload, "fresh");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_error() {
    let node: NodeId = "a".parse().unwrap();
    let bus = Bus::start(&BusSettings::nats(format!("nats://{NOBODY}")), &node).await.unwrap();
    assert!(matches!(&*bus.state().borrow(), BusState::Away(why) if why.contains(NOBODY)));
    assert_eq!(bus.publish(&command(1), Bytes::new()), Err(PublishError::Away));
    let mut missing = BusSettings::nats("nats://127.0.0.1:1");
    missing.nats.credentials_file = "/nowhere/file.creds".into();
    let error = Bus::start(&missing, &node).await.unwrap_err().to_string();
    assert!(error.contains("/nowhere/file.creds"), "{error}");
}
