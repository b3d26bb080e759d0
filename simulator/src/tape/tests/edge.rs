//! To an edge, which is a small WebSocket server here.

use super::*;
use futures_util::SinkExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// A player, and the edge's side of its connection.
async fn connect() -> (Player, WebSocketStream<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let edge = async { accept_async(listener.accept().await.unwrap().0).await.unwrap() };
    let (player, edge) =
        within("a connection", async { tokio::join!(Player::connect(Way::Edge { url }, space()), edge) }).await;
    (player.unwrap(), edge)
}

#[tokio::test]
async fn frames_that_waited_for_a_connection_that_was_lost_are_no_silent_loss() {
    let folder = Folder::new();
    let path = folder.path("a");
    write(&path, &(0..4000).map(|number| (ms(number / 100), parsed(1, number))).collect::<Vec<_>>());
    let (tape, (player, edge)) = (open(&path).await, connect().await);
    let progress = player.progress();
    let seen = |reason| progress().dropped.contains_key(reason);
    let stop = async {
        // The edge reads nothing: once nothing more fits, something waits.
        eventually!(seen("connection_full"));
        drop(edge);
        eventually!(seen("not_connected"));
    };
    let options = PlayerOptions { speed: "100".parse().unwrap(), repeat: true, ..PlayerOptions::default() };
    let played = player.play(&tape, options, stop).await.unwrap();
    assert!(played.dropped.get("connection_lost").is_some_and(|frames| *frames > 0), "{:?}", played.dropped);
}

#[tokio::test]
async fn a_command_that_comes_before_the_first_device_does_no_harm() {
    let folder = Folder::new();
    let path = folder.path("a");
    let frames = some_frames();
    write(&path, &frames);
    let (tape, (player, mut edge)) = (open(&path).await, connect().await);
    edge.send(Message::text("status:")).await.unwrap();
    let heard = async {
        let mut lines = Vec::new();
        while let Some(Ok(message)) = edge.next().await {
            if let Message::Text(text) = message {
                lines.extend(text.lines().map(str::to_owned));
            }
        }
        lines
    };
    let play = player.play(&tape, PlayerOptions::default(), std::future::pending());
    let (played, lines) = within("the end", async { tokio::join!(play, heard) }).await;
    let played = played.unwrap();
    assert_eq!((played.frames, played.devices, played.commands, played.dropped.len()), (20, 2, 1, 0));
    let expected: Vec<_> = (0..10).flat_map(|number| [frame(0x1a2b, number), frame(0x3c4d, number)]).collect();
    assert_eq!(lines, expected);
}
