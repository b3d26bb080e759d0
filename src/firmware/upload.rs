//! The bytes of an image on their way: in pieces, counted for the bar and for the watch over an upload that stands still.

use bytes::Bytes;
use futures_util::stream;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reqwest::{Body, Client, Request, Response};
use std::convert::Infallible;
use std::iter;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Bytes of one piece.
const PIECE: usize = 16 * 1024;

/// Why there is no answer to an upload.
#[derive(Debug, thiserror::Error)]
pub(super) enum UploadError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("it took no byte for {0} s")]
    Stalled(f64),
}

/// Sends the request with these bytes as its body. It may take as long as it takes, as long as something moves.
pub(super) async fn send(
    client: &Client,
    mut request: Request,
    bytes: Bytes,
    patience: Duration,
) -> Result<Response, UploadError> {
    let bar = bar(&bytes);
    let (moved, mut moves) = watch::channel(());
    *request.body_mut() = Some(body(bytes, bar.clone(), moved));
    let answer = client.execute(request);
    tokio::pin!(answer);
    let mut all_taken = false;
    let outcome = loop {
        tokio::select! {
            biased;
            answer = &mut answer => break answer.map_err(Into::into),
            // An error says that the last piece is taken; then the answer has the same time.
            moved = timeout(patience, moves.changed()), if !all_taken => match moved {
                Ok(Ok(())) => {}
                Ok(Err(_)) => all_taken = true,
                Err(_) => break Err(UploadError::Stalled(patience.as_secs_f64())),
            },
            () = tokio::time::sleep(patience), if all_taken => break Err(UploadError::Stalled(patience.as_secs_f64())),
        }
    };
    bar.finish_and_clear();
    outcome
}

fn body(mut rest: Bytes, bar: ProgressBar, moved: watch::Sender<()>) -> Body {
    let pieces = iter::from_fn(move || {
        let piece = rest.split_to(PIECE.min(rest.len()));
        bar.inc(piece.len() as u64);
        moved.send_replace(());
        (!piece.is_empty()).then_some(Ok::<_, Infallible>(piece))
    });
    Body::wrap_stream(stream::iter(pieces))
}

/// Shown on stderr when that is a terminal.
fn bar(bytes: &Bytes) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(bytes.len() as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
