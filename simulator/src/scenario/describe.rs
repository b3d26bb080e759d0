//! A swarm as JSON with the keys of a `[[swarm]]` table: the inverse of the reader. All that has a value is said, defaults included.

use super::duration::show_duration;
use super::swarm::{Amount, CommandSlot, CommandTarget, Swarm, Transport};
use crate::body::MotionMix;
use grouploop_bridge::DeviceId;
use serde_json::{Map, Value, json};

/// What one would write to get this swarm: ids that follow each other as `first_id` and `devices`, others as `ids`.
#[must_use]
pub fn describe(swarm: &Swarm) -> Value {
    let Swarm { world, churn, faults, .. } = swarm;
    // A jitter was rounded to a nanosecond, perhaps past its own limit.
    let jitter_ms = (swarm.jitter.as_secs_f64() * 1000.0).min(1000.0 / swarm.rate_hz);
    let mut found = Map::new();
    let mut say = |key: &str, value: Value| found.insert(key.to_owned(), value);
    say("name", swarm.name.clone().into());
    say("space", swarm.space.as_str().into());
    match first_of_row(&swarm.ids) {
        Some(first) => {
            say("devices", swarm.ids.len().into());
            say("first_id", first.to_string().into());
        }
        None => {
            say("ids", swarm.ids.iter().map(ToString::to_string).collect());
        }
    }
    say("rate_hz", swarm.rate_hz.into());
    say("jitter_ms", jitter_ms.into());
    say("starts_after", show_duration(swarm.starts_after).into());
    say("ramp_up", show_duration(swarm.ramp_up).into());
    if let Some(duration) = swarm.duration {
        say("duration", show_duration(duration).into());
    }
    say("seed", world.seed.into());
    say("motion", motion(&world.motion));
    say("bpm", short(world.bpm));
    say("floor", json!({"width_m": short(world.floor.width_m), "depth_m": short(world.floor.depth_m)}));
    say("taps", json!({"per_second": short(world.taps.per_second), "duration_ms": world.taps.duration_ms}));
    say("radio", json!({"noise_db": short(world.radio.noise_db), "missing": short(world.radio.missing)}));
    let mut comings = json!({"leave_per_minute": churn.leave_per_minute, "away": show_duration(churn.away)});
    if let (Some(storm), Some(comings)) = (&churn.storm, comings.as_object_mut()) {
        comings.insert("storm_every".into(), show_duration(storm.every).into());
        comings.insert("storm_devices".into(), amount(storm.devices));
    }
    say("churn", comings);
    let all_faults = json!({
        "silent": amount(faults.silent),
        "malformed": amount(faults.malformed),
        "duplicate_ids": amount(faults.duplicate_ids),
        "slow_links": amount(faults.slow_links),
        "flapping": amount(faults.flapping),
        "failing_updates": amount(faults.failing_updates),
    });
    say("faults", all_faults);
    match &swarm.transport {
        Transport::Bus => {
            say("transport", "bus".into());
        }
        Transport::Ws { edges, devices_per_connection } => {
            say("transport", "ws".into());
            say("ws", json!({"edges": edges, "devices_per_connection": devices_per_connection}));
        }
    }
    let slot = match swarm.slot {
        CommandSlot::Queue => "queue",
        CommandSlot::Single => "single",
        CommandSlot::None => "none",
    };
    say("slot", slot.into());
    if let Some(commands) = &swarm.commands {
        let target = match commands.target {
            CommandTarget::Each => "each",
            CommandTarget::All => "all",
        };
        say("commands", json!({"per_second": commands.per_second, "target": target, "which": commands.which}));
    }
    Value::Object(found)
}

/// The first id, when each of the others is the one after the one before.
fn first_of_row(ids: &[DeviceId]) -> Option<DeviceId> {
    let first = ids.first()?;
    let is_row = ids.iter().zip(first.0..=u16::MAX).filter(|(id, place)| id.0 == *place).count() == ids.len();
    is_row.then_some(*first)
}

/// A number as short as it can be said: 0.1, not 0.10000000149.
fn short(number: f32) -> Value {
    number.to_string().parse::<f64>().map_or_else(|_| number.into(), Value::from)
}

fn amount(amount: Amount) -> Value {
    match amount {
        Amount::Count(count) => count.into(),
        // The whole numbers mean devices, and in JSON 1.0 soon becomes 1.
        Amount::Share(share) if share.fract() == 0.0 => format!("{}%", share * 100.0).into(),
        Amount::Share(share) => share.into(),
    }
}

fn motion(mix: &MotionMix) -> Value {
    let MotionMix { flock, walk, dance, rest, free } = *mix;
    let shares = [("flock", flock), ("walk", walk), ("dance", dance), ("rest", rest), ("free", free)];
    let mut some = shares.into_iter().filter(|(_, share)| *share != 0.0);
    match (some.next(), some.next()) {
        (Some((word, 1.0)), None) => word.into(),
        _ => shares
            .into_iter()
            .filter(|(_, share)| *share != 0.0)
            .map(|(word, share)| (word.to_owned(), short(share)))
            .collect(),
    }
}
