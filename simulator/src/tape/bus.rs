//! Recording what every node of the bus publishes in a space.

use super::{Recorder, TapeError};
use futures_util::StreamExt;
use grouploop_bridge::{Bus, BusError, BusState, Pattern, Space};
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::timeout;

/// Time for the first connection, before anybody hears that there is none.
const FIRST: Duration = Duration::from_secs(1);

/// Gives the recorder all telemetry of a space. `heard` is told of the bus: first its state, then each change.
///
/// # Errors
/// When the bus was drained; it does not return otherwise.
///
/// # Cancel safety
/// Dropping the future ends the interest; what it took is with the recorder.
pub async fn record_bus(
    bus: &Bus,
    space: Space,
    recorder: &Recorder,
    mut heard: impl FnMut(&BusState),
) -> Result<Infallible, TapeError> {
    let mut state = bus.state();
    let mut telemetry = bus.subscribe(Pattern::Telemetry { space }).await?;
    // A connection that is just being made is no news.
    let _ = timeout(FIRST, state.wait_for(|state| *state == BusState::Up)).await;
    heard(&state.borrow_and_update());
    loop {
        tokio::select! {
            biased;
            changed = state.changed() => match changed {
                Ok(()) => heard(&state.borrow_and_update()),
                Err(_) => return Err(BusError::Closed.into()),
            },
            delivery = telemetry.next() => match delivery {
                Some(delivery) => recorder.take(delivery.payload),
                None => return Err(BusError::Closed.into()),
            },
        }
    }
}
