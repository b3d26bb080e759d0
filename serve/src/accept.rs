//! Taking connections, as many as may be.

use crate::connection::{Shared, serve};
use crate::counts::Open;
#[cfg(target_os = "linux")]
use crate::patience::MAX_WINDOW;
use crate::seldom::Seldom;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// Bytes that the kernel takes for a connection beyond what is under way to the peer.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 256 * 1024;

/// Pause after a failure. What it is about, most often file descriptors, passes when others close.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until the server closes.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener, max_connections: usize, tasks: TaskTracker) {
    let mut failures = Seldom::new(Duration::from_secs(10));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shared.closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (socket, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // A peer that gave up while it waited is no fault of ours.
                if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
                    shared.counts.add_accept_failed();
                    if let Some(unsaid) = failures.say(Instant::now()) {
                        tracing::error!(
                            serve.name = shared.name,
                            %error,
                            unsaid,
                            "cannot accept connections; is the limit of open files too low?"
                        );
                    }
                    let _ = timeout(FAILURE_PAUSE, shared.closing.cancelled()).await;
                }
                continue;
            }
        };
        if shared.counts.open() >= max_connections {
            shared.counts.add_overloaded();
            continue;
        }
        // It fails for a peer that is gone already.
        if prepare(&socket, shared.slow_client).is_ok() {
            tasks.spawn(serve(shared.clone(), socket, remote, Open::new(&shared.counts)));
        }
    }
}

/// Small answers at once, and little in the kernel: what a slow client does not take piles up nowhere, and goes soon after we have closed.
fn prepare(socket: &TcpStream, slow_client: Duration) -> io::Result<()> {
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        let socket = socket2::SockRef::from(socket);
        socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
        // Later than we give up ourselves, and much sooner than the kernel alone would, which takes a quarter of an hour.
        socket.set_tcp_user_timeout(Some(slow_client.min(MAX_WINDOW) * 2))?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = slow_client;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_kernel_is_told_to_hold_little_and_not_for_long() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        prepare(&socket, Duration::from_secs(30)).unwrap();
        let options = socket2::SockRef::from(&socket);
        assert!(options.tcp_nodelay().unwrap());
        assert_eq!(options.tcp_notsent_lowat().unwrap(), UNSENT_BYTES);
        assert_eq!(options.tcp_user_timeout().unwrap(), Some(Duration::from_secs(60)));
        prepare(&socket, Duration::MAX).unwrap();
    }
}
