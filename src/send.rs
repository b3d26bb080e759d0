//! `grouploop send`: one command, one answer, and an exit code that follows it.

use crate::cli::SendArgs;
use crate::client::{Connection, EdgeUrl, reason, receive};
use crate::exit::Exit;
use crate::terminal::{complain, print, printable};
use futures_util::SinkExt;
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// Time for the goodbye, which nobody depends on.
const GOODBYE: Duration = Duration::from_millis(200);

/// Sends the command and prints the answer.
pub(crate) async fn send(url: &EdgeUrl, args: &SendArgs) -> Exit {
    match timeout(args.timeout, ask(url, &line(args))).await {
        Ok(Ok(answer)) => {
            let (exit, complaint) = judge(&answer, &args.target);
            let exit = print(&format!("{}\n", printable(&answer)), exit);
            if let Some(complaint) = complaint {
                complain(&complaint);
            }
            exit
        }
        Ok(Err(why)) => {
            complain(&format!("no answer from {url}: {why}"));
            Exit::NoAnswer
        }
        Err(_) => {
            complain(&format!("no answer from {url} within {} s (--timeout)", args.timeout.as_secs_f64()));
            Exit::NoAnswer
        }
    }
}

/// `cmd:<target>:<command>[:<parameters>]`.
fn line(args: &SendArgs) -> String {
    let mut line = format!("cmd:{}:{}", args.target, args.command);
    for parameter in &args.parameters {
        line.push(':');
        line.push_str(parameter);
    }
    line
}

async fn ask(url: &EdgeUrl, line: &str) -> Result<String, String> {
    let mut connection = url.connect().await?;
    connection.send(Message::text(line)).await.map_err(|error| reason(&error))?;
    let answer = answer(&mut connection).await?;
    let _ = timeout(GOODBYE, connection.close(None)).await;
    Ok(answer)
}

/// The answer to the only command of this connection; other texts are for others.
async fn answer(connection: &mut Connection) -> Result<String, String> {
    loop {
        let Some(text) = receive(connection).await? else { continue };
        let answer =
            text.lines().map(str::trim).find(|line| line.starts_with("cmd:result:") || line.starts_with("cmd:error:"));
        if let Some(answer) = answer {
            return Ok(answer.to_owned());
        }
    }
}

/// The exit code of an answer, and what to say about it when it is not a good one.
fn judge(answer: &str, target: &str) -> (Exit, Option<String>) {
    if let Some(why) = answer.strip_prefix("cmd:error:") {
        return (Exit::BadCommand, Some(format!("the edge refuses the command: {}", printable(why))));
    }
    let result = answer.strip_prefix("cmd:result:").unwrap_or(answer);
    let sent = result
        .strip_prefix("sent_to_")
        .and_then(|rest| rest.strip_suffix("_devices"))
        .and_then(|count| count.parse::<u64>().ok());
    match (result, sent) {
        ("success", _) | (_, Some(1..)) => (Exit::Success, None),
        (_, Some(0)) => (Exit::Failed, Some("no device is connected in this space".into())),
        ("failed", _) => (Exit::Failed, Some(format!("device {target} is not connected, or did not take the command"))),
        _ => (Exit::Failed, Some("this answer is unknown here".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Peer;
    use crate::settings::{Flags, load};
    use futures_util::StreamExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_tungstenite::{WebSocketStream, accept_async};

    fn args(target: &str, command: &str, parameters: &[&str]) -> SendArgs {
        SendArgs {
            target: target.into(),
            command: command.into(),
            parameters: parameters.iter().map(|one| (*one).into()).collect(),
            peer: Peer::default(),
            timeout: Duration::from_secs(5),
        }
    }

    async fn listen() -> (TcpListener, EdgeUrl) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings =
            load(&Flags::default(), &Default::default(), std::path::Path::new("/nonexistent")).unwrap().settings;
        let peer = Peer { url: Some(format!("ws://{}/", listener.local_addr().unwrap())), space: None };
        (listener, EdgeUrl::choose(&peer, &settings).unwrap())
    }

    async fn greeted(listener: &TcpListener) -> WebSocketStream<TcpStream> {
        let mut peer = accept_async(listener.accept().await.unwrap().0).await.unwrap();
        peer.send(Message::text(grouploop_bridge::GREETING)).await.unwrap();
        peer
    }

    #[test]
    fn parameters_are_joined_by_colons_and_none_means_no_colon() {
        assert_eq!(line(&args("1a2b", "led_set", &["0", "ff0000"])), "cmd:1a2b:led_set:0:ff0000");
        assert_eq!(line(&args("all", "status", &[])), "cmd:all:status");
    }

    #[test]
    fn the_exit_code_follows_the_answer() {
        for (answer, exit) in [
            ("cmd:result:success", Exit::Success),
            ("cmd:result:sent_to_1_devices", Exit::Success),
            ("cmd:result:sent_to_65536_devices", Exit::Success),
            ("cmd:result:sent_to_0_devices", Exit::Failed),
            ("cmd:result:failed", Exit::Failed),
            ("cmd:result:maybe", Exit::Failed),
            ("cmd:error:unknown_command", Exit::BadCommand),
            ("cmd:error:something_new", Exit::BadCommand),
        ] {
            let (found, complaint) = judge(answer, "1a2b");
            assert_eq!(found, exit, "{answer}");
            assert_eq!(complaint.is_none(), exit == Exit::Success, "{answer}");
        }
    }

    #[tokio::test]
    async fn it_waits_for_the_greeting_and_ignores_other_texts() {
        let (listener, url) = listen().await;
        let edge = async {
            let mut peer = greeted(&listener).await;
            let Some(Ok(Message::Text(line))) = peer.next().await else { panic!() };
            assert_eq!(line.as_str(), "cmd:1a2b:led:ff8000");
            for text in ["pong", "1a2b8080ff0011223300\n", "cmd:result:success"] {
                peer.send(Message::text(text)).await.unwrap();
            }
            let _ = peer.next().await;
        };
        let (answer, ()) = tokio::join!(ask(&url, "cmd:1a2b:led:ff8000"), edge);
        assert_eq!(answer.unwrap(), "cmd:result:success");
    }

    #[tokio::test]
    async fn a_peer_that_goes_away_or_is_not_there_is_no_answer() {
        let (listener, url) = listen().await;
        let args = args("all", "status", &[]);
        let (exit, ()) = tokio::join!(send(&url, &args), async { drop(greeted(&listener).await) });
        assert_eq!(exit, Exit::NoAnswer);
        drop(listener);
        assert_eq!(send(&url, &args).await, Exit::NoAnswer);
    }

    #[tokio::test]
    async fn a_silent_peer_is_given_up() {
        let (listener, url) = listen().await;
        let args = SendArgs { timeout: Duration::from_millis(50), ..args("all", "status", &[]) };
        assert_eq!(send(&url, &args).await, Exit::NoAnswer);
        drop(listener);
    }
}
