//! How long one waits for who is far away, and how much is moved at a time.

use super::TapeError;
use std::fmt;
use std::time::Duration;
use tokio::time::timeout;

/// How long the other side may leave us waiting without taking or giving a byte.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a file that are read at a time.
pub(super) const PIECE: usize = 64 * 1024;
/// Time for a connection.
pub(super) const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// Awaits something far away for as long as it may leave us waiting.
pub(super) async fn patiently<T>(place: &impl fmt::Display, work: impl Future<Output = T>) -> Result<T, TapeError> {
    let late =
        |_| TapeError::Away { place: place.to_string(), why: format!("nothing moved for {} s", PATIENCE.as_secs()) };
    timeout(PATIENCE, work).await.map_err(late)
}
