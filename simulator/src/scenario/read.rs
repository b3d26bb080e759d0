//! Makes swarms of the tables of a scenario. Nothing stops at a mistake: what is wrong is noted, and its default stands in for it.

use super::ids::{Request, Wanted, assign};
use super::keys::{Keys, Value};
use super::mistakes::Mistakes;
use super::swarm::{Churn, CommandLoad, CommandSlot, CommandTarget, Faults, Storm, Swarm, Transport};
use super::{Given, MAX_DEVICES, MAX_SWARMS};
use crate::body::{Floor, Motion, MotionMix, Radio, Taps, WorldSettings};
use crate::link::Edge;
use grouploop_bridge::{CommandError, DeviceId, Registry, Space};
use std::time::Duration;
use toml::de::{DeTable, DeValue};

/// Devices of a swarm that does not say how many.
const DEVICES: u32 = 10;
/// Frames a second of a swarm that does not say: what the stock firmware sends.
const RATE_HZ: f64 = 20.0;
/// Edges that one swarm can name, and commands.
const MAX_LISTED: usize = 64;
const SLOTS: [(&str, CommandSlot); 3] =
    [("queue", CommandSlot::Queue), ("single", CommandSlot::Single), ("none", CommandSlot::None)];
const ANY_TIME: std::ops::RangeInclusive<Duration> = Duration::ZERO..=Duration::MAX;
const SOME_TIME: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::MAX;

/// All swarms of a file.
pub(super) fn swarms(table: &DeTable<'_>, given: &Given<'_>, mistakes: &mut Mistakes) -> Vec<Swarm> {
    let mut keys = Keys::new("the scenario", Some(table), mistakes);
    let must_be = format!("1 to {MAX_SWARMS} tables, each [[swarm]]");
    let is_there = keys.value("swarm").is_some();
    let tables = keys.read("swarm", must_be, |value| {
        let tables = value.as_array()?;
        ((1..=MAX_SWARMS).contains(&tables.len()) && tables.iter().all(|table| table.get_ref().is_table()))
            .then_some(tables)
    });
    keys.finish();
    if !is_there {
        mistakes.note(0, "there is no swarm: begin one with a line [[swarm]]");
    }
    let mut swarms = Vec::new();
    let mut requests = Vec::new();
    for (place, table) in tables.into_iter().flatten().enumerate() {
        let mut keys = Keys::new("swarm", table.get_ref().as_table(), mistakes);
        let (swarm, request) = read_swarm(&mut keys, place, table.span().start, given);
        keys.finish();
        if swarms.iter().any(|other: &Swarm| other.name == swarm.name) {
            mistakes.note(request.at, format_args!("two swarms have the `name` \"{}\", give each another", swarm.name));
        }
        swarms.push(swarm);
        requests.push(request);
    }
    for (swarm, ids) in swarms.iter_mut().zip(assign(&requests, given, mistakes)) {
        swarm.ids = ids;
    }
    swarms
}

fn read_swarm<'t>(keys: &mut Keys<'t, '_>, place: usize, at: usize, given: &Given<'_>) -> (Swarm, Request) {
    let name = keys.read("name", "1 to 32 of a-z, 0-9 and -", |value| value.as_str()?.parse::<Space>().ok());
    let space = keys.read("space", "1 to 32 of a-z, 0-9 and -", |value| value.as_str()?.parse().ok());
    let space: Space = space.unwrap_or_else(Space::main);
    let wanted = read_ids(keys);
    let devices = wanted.count();
    // What is wrong with the ids is said where they, or how many there are, stand.
    let at =
        ["ids", "first_id", "devices"].iter().find_map(|key| keys.value(key)).map_or(at, |value| value.span().start);
    let rate_hz = keys.number("rate_hz", 0.1..=1000.0).unwrap_or(RATE_HZ);
    let jitter_ms = keys.number("jitter_ms", 0.0..=1000.0 / rate_hz).unwrap_or(0.0);
    let swarm = Swarm {
        name: name.map_or_else(|| format!("swarm-{}", place + 1), |name| name.as_str().to_owned()),
        space: space.clone(),
        ids: Vec::new(),
        rate_hz,
        jitter: Duration::from_secs_f64(jitter_ms / 1000.0),
        starts_after: keys.duration("starts_after", ANY_TIME).unwrap_or_default(),
        ramp_up: keys.duration("ramp_up", ANY_TIME).unwrap_or_default(),
        duration: keys.duration("duration", SOME_TIME),
        world: read_world(keys, place),
        churn: keys.table("churn", "swarm.churn", |keys| read_churn(keys, devices)),
        faults: keys.table("faults", "swarm.faults", |keys| read_faults(keys, devices)),
        transport: read_transport(keys, given),
        slot: keys.word("slot", &SLOTS).unwrap_or_default(),
        commands: keys.table("commands", "swarm.commands", |keys| read_commands(keys, given.registry)),
    };
    (swarm, Request { space, wanted, at })
}

fn read_ids(keys: &mut Keys<'_, '_>) -> Wanted {
    let instead = "a space holds no more: spread them over several swarms, each in a `space` of its own";
    let must_be = format!("a whole number from 1 to {MAX_DEVICES}; {instead}");
    let devices = keys.read("devices", must_be, |value| {
        let number = value.as_integer()?;
        u32::from_str_radix(number.as_str(), number.radix()).ok().filter(|count| (1..=MAX_DEVICES).contains(count))
    });
    let first = keys.read("first_id", "4 hex digits in quotes, such as \"1a2b\"", to_id);
    let ids = keys.list("ids", MAX_DEVICES as usize, "ids of 4 hex digits");
    let count = devices.unwrap_or(DEVICES);
    if let Some(listed) = ids {
        for key in ["devices", "first_id"] {
            if let Some(value) = keys.value(key) {
                keys.mistakes
                    .note(value.span().start, format_args!("`{key}` says what `ids` says already, leave one out"));
            }
        }
        let mut ids = Vec::with_capacity(listed.len());
        for item in listed {
            match to_id(item.get_ref()) {
                Some(id) => ids.push(id),
                None => keys.wrong("ids", item, "4 hex digits in quotes, such as \"1a2b\""),
            }
        }
        return Wanted::These(ids);
    }
    let Some(first) = first else { return Wanted::Any(count) };
    let left = MAX_DEVICES - u32::from(first.0);
    if count > left {
        let at = keys.place("first_id").unwrap_or_default();
        keys.mistakes.note(
            at,
            format_args!("there are {left} ids from {first} on, for {count} devices: begin with a lower one"),
        );
    }
    Wanted::From(first, count)
}

fn to_id(value: &DeValue<'_>) -> Option<DeviceId> {
    value.as_str().and_then(DeviceId::parse)
}

fn read_world(keys: &mut Keys<'_, '_>, place: usize) -> WorldSettings {
    let base = WorldSettings::default();
    WorldSettings {
        // Swarms that do not say move differently from each other, and the same each time.
        seed: keys.whole("seed", 0..=u64::MAX).unwrap_or(place as u64 + 1),
        motion: read_motion(keys).unwrap_or(base.motion),
        bpm: keys.short_number("bpm", 20.0..=300.0).unwrap_or(base.bpm),
        floor: keys.table("floor", "swarm.floor", |keys| Floor {
            width_m: keys.short_number("width_m", 1.0..=1000.0).unwrap_or(base.floor.width_m),
            depth_m: keys.short_number("depth_m", 1.0..=1000.0).unwrap_or(base.floor.depth_m),
        }),
        taps: keys.table("taps", "swarm.taps", |keys| Taps {
            per_second: keys.short_number("per_second", 0.0..=20.0).unwrap_or(base.taps.per_second),
            duration_ms: keys.whole("duration_ms", 0..=10_000).map_or(base.taps.duration_ms, |ms| ms as u32),
        }),
        radio: keys.table("radio", "swarm.radio", |keys| Radio {
            noise_db: keys.short_number("noise_db", 0.0..=30.0).unwrap_or(base.radio.noise_db),
            missing: keys.short_number("missing", 0.0..=1.0).unwrap_or(base.radio.missing),
        }),
    }
}

/// One word for all, or a table of shares.
fn read_motion(keys: &mut Keys<'_, '_>) -> Option<MotionMix> {
    if keys.value("motion")?.get_ref().is_str() {
        let words = [
            ("flock", Motion::Flock),
            ("walk", Motion::Walk),
            ("dance", Motion::Dance),
            ("rest", Motion::Rest),
            ("free", Motion::Free),
        ];
        return keys.word("motion", &words).map(MotionMix::only);
    }
    keys.table("motion", "swarm.motion", |keys| {
        let mut share = |key| keys.short_number(key, 0.0..=1_000_000.0).unwrap_or(0.0);
        Some(MotionMix {
            flock: share("flock"),
            walk: share("walk"),
            dance: share("dance"),
            rest: share("rest"),
            free: share("free"),
        })
    })
}

fn read_churn(keys: &mut Keys<'_, '_>, devices: u32) -> Churn {
    let base = Churn::default();
    let leave_per_minute = keys.number("leave_per_minute", 0.0..=600.0).unwrap_or(base.leave_per_minute);
    let away = keys.duration("away", ANY_TIME).unwrap_or(base.away);
    let every = keys.duration("storm_every", Duration::from_secs(1)..=Duration::MAX);
    let storm_devices = keys.amount("storm_devices", devices);
    if let (None, Some(_), Some(at)) = (keys.value("storm_every"), storm_devices, keys.place("storm_devices")) {
        keys.mistakes.note(at, "`storm_devices` has no meaning without `storm_every`, such as \"1m\"");
    }
    let storm = every.map(|every| Storm { every, devices: storm_devices.unwrap_or(super::Amount::Share(1.0)) });
    Churn { leave_per_minute, away, storm }
}

fn read_faults(keys: &mut Keys<'_, '_>, devices: u32) -> Faults {
    let mut amount = |key| keys.amount(key, devices).unwrap_or_default();
    Faults {
        silent: amount("silent"),
        malformed: amount("malformed"),
        duplicate_ids: amount("duplicate_ids"),
        slow_links: amount("slow_links"),
        flapping: amount("flapping"),
        failing_updates: amount("failing_updates"),
    }
}

fn read_transport(keys: &mut Keys<'_, '_>, given: &Given<'_>) -> Transport {
    let (given_edges, given_each) = match &given.transport {
        Transport::Bus => (vec![given.edge.to_owned()], 1),
        Transport::Ws { edges, devices_per_connection } => (edges.clone(), *devices_per_connection),
    };
    let over_ws = keys.word("transport", &[("bus", false), ("ws", true)]).unwrap_or(given.transport != Transport::Bus);
    let at = keys.place("ws");
    keys.table("ws", "swarm.ws", |keys| {
        let must_be = "the URL of an edge without a path, such as \"ws://host:5003\" (`space` says the rest)";
        let listed = keys.list("edges", MAX_LISTED, "URLs of edges").unwrap_or_default();
        let mut edges = Vec::new();
        for item in listed {
            match item.get_ref().as_str().and_then(to_edge) {
                Some(edge) => edges.push(edge),
                None => keys.wrong("edges", item, must_be),
            }
        }
        let each = keys.whole("devices_per_connection", 1..=u64::from(MAX_DEVICES));
        if edges.is_empty() {
            edges = given_edges;
        }
        if over_ws {
            let each = each.and_then(|each| u32::try_from(each).ok()).unwrap_or(given_each);
            return Transport::Ws { edges, devices_per_connection: each };
        }
        if let (true, Some(at)) = (keys.is_there(), at) {
            keys.mistakes.note(at, "`ws` has no meaning without transport = \"ws\"");
        }
        Transport::Bus
    })
}

/// The URL of an edge without the slash at its end.
fn to_edge(url: &str) -> Option<String> {
    let url = url.strip_suffix('/').unwrap_or(url);
    // Firmware speaks no TLS, and so do devices that are to be like it.
    let host = url.strip_prefix("ws://")?;
    let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | ':' | '[' | ']' | '_');
    let (name, port) = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).unwrap_or((host, "1"));
    let fine = !name.is_empty()
        && host.len() <= 260
        && host.chars().all(plain)
        && port.parse::<u16>().is_ok_and(|port| port > 0)
        && Edge::parse(url, &Space::main()).is_ok();
    fine.then(|| url.to_owned())
}

fn read_commands(keys: &mut Keys<'_, '_>, registry: &Registry) -> Option<CommandLoad> {
    let per_second = keys.number("per_second", 0.001..=10_000.0).unwrap_or(1.0);
    let target = keys.word("target", &[("each", CommandTarget::Each), ("all", CommandTarget::All)]).unwrap_or_default();
    let listed = keys.list("which", MAX_LISTED, "commands such as \"led:ff0000\"");
    let missing = keys.is_there() && keys.value("which").is_none();
    if let (true, Some(at)) = (missing, keys.place("per_second")) {
        keys.mistakes.note(at, "`swarm.commands` does not say `which`, such as [\"led:ff0000\"]");
    }
    let mut which = Vec::new();
    for item in listed.unwrap_or_default() {
        match to_command(item, registry) {
            Ok(command) => which.push(command),
            Err(must_be) => keys.wrong("which", item, must_be),
        }
    }
    (!which.is_empty()).then_some(CommandLoad { per_second, target, which })
}

/// A command as devices receive it, or what it must be.
fn to_command(item: &Value<'_>, registry: &Registry) -> Result<String, &'static str> {
    let text = item.get_ref().as_str().ok_or("a command in quotes, such as \"led:ff0000\"")?;
    let (name, parameters) = text.split_once(':').unwrap_or((text, ""));
    registry.check(name, parameters).map_err(|error| match error {
        CommandError::UnknownCommand | CommandError::InvalidFormat => {
            "a command of the registry (grouploop registry check)"
        }
        CommandError::MissingParameters => "a command with all its parameters, such as \"led:ff0000\"",
        CommandError::InvalidParameter => "a command whose parameters the registry allows",
        CommandError::TooLong => "a shorter command",
    })
}
