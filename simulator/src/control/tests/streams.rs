//! Streams: what they show, how many there are, and how they end.

use super::*;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

/// The next picture, taken apart as the documentation says.
async fn next_picture(
    socket: &mut (impl StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin),
) -> (u32, Vec<(u16, u8)>) {
    loop {
        let Message::Binary(bytes) = within("a picture", socket.next()).await.unwrap().unwrap() else { continue };
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!(bytes[..4], [1, 24, 28, 0]);
        let records = bytes[24..].chunks(28);
        assert_eq!((u32_at(20) as usize, records.len() * 28), (records.len(), bytes.len() - 24));
        let devices = records.map(|record| (u16::from_le_bytes([record[0], record[1]]), record[2])).collect();
        return (u32_at(16), devices);
    }
}

#[tokio::test]
async fn a_stream_shows_the_devices_until_the_swarm_is_over() {
    let stage = Stage::new();
    stage.start(json!({"name": "a", "devices": 5, "first_id": "1a00", "faults": {"silent": 1}})).await;
    let mut peer = stage.watch("/api/swarms/a/stream?rate=60&limit=3").await.into_inner();
    let present = |devices: &[(u16, u8)]| devices.iter().all(|(_, flags)| flags & 1 == 1);
    let seen = loop {
        let (all, seen) = next_picture(&mut peer).await;
        if present(&seen) {
            assert_eq!(all, 5);
            break seen;
        }
    };
    assert_eq!(seen.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [0x1a00, 0x1a01, 0x1a02]);
    // What a viewer says is of no interest, up to a point.
    peer.send(Message::text("hello")).await.unwrap();
    stage.patch("a", json!({"devices": 2})).await;
    while next_picture(&mut peer).await.0 != 2 {}
    eventually!(stage.get("/health").await.json()["streams"] == 1);
    stage.send("DELETE", "/api/swarms/a", JSON, "").await;
    let close = loop {
        match within("the end", peer.next()).await.unwrap().unwrap() {
            Message::Close(frame) => break frame.unwrap(),
            _ => continue,
        }
    };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1000, "the swarm is over"));
    eventually!(stage.get("/health").await.json()["streams"] == 0);
    stage.drain().await;
}

#[tokio::test]
async fn streams_are_few_and_end_with_the_simulator() {
    let stage = Stage::with(|settings| settings.max_streams = 1);
    stage.start(json!({"name": "a"})).await;
    let url = format!("ws://{}/api/swarms/a/stream?rate=1", stage.at());
    let peer = Peer::connect_raw(&url).await;
    assert!(Peer::try_connect(&url, &[]).await.unwrap_err().to_string().contains("503"));
    assert!(stage.get("/metrics").await.text().contains("refused_total{reason=\"too_many_streams\"} 1\n"));
    let mut socket = peer.into_inner();
    let ended = async {
        loop {
            if let Message::Close(frame) = within("the end", socket.next()).await.unwrap().unwrap() {
                break frame.unwrap();
            }
        }
    };
    let (close, ()) = tokio::join!(ended, stage.drain());
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1012, "restart"));
}

#[tokio::test]
async fn a_viewer_that_takes_nothing_skips_pictures_and_is_let_go() {
    let stage = Stage::with(|settings| settings.slow_client_ms = 300);
    stage.start(json!({"name": "a", "devices": 2000, "rate_hz": 1})).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    // Little room, so that it is full soon.
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = within("a connection", socket.connect(stage.at())).await.unwrap();
    let url = format!("ws://{}/api/swarms/a/stream?rate=60", stage.at());
    let (mut viewer, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let count = async |kind: &str| -> u64 {
        let text = stage.get("/metrics").await;
        let name = format!("grouploop_simulator_pictures_total{{kind=\"{kind}\"}} ");
        text.text().lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
    };
    // It reads one now and then: it sees how it is, not how it was.
    let watching = async {
        while count("skipped").await == 0 {
            next_picture(&mut viewer).await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    within("a picture to be skipped", watching).await;
    assert_eq!(stage.get("/health").await.json()["streams"], 1);
    eventually!(stage.get("/health").await.json()["streams"] == 0);
    assert!(count("sent").await > 0);
    stage.drain().await;
}
