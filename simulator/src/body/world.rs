//! The world: all bodies, moved together or in pieces, and their frames.

use super::device::{Body, Step};
use super::flock::Flock;
use super::math::fraction;
use super::motion::Motion;
use super::sensors::Readings;
use super::settings::WorldSettings;
use bytes::BytesMut;
use grouploop_bridge::{DeviceId, Frame, LINE_LEN};
use std::ops::Range;
use std::time::Duration;

/// Devices of one world at most: all ids that there are.
pub const MAX_DEVICES: usize = 65_536;

/// Steps are taken as at least and at most this long, in seconds: the model is of movements that a frame can follow.
const SHORTEST_STEP: f32 = 0.001;
const LONGEST_STEP: f32 = 1.0;

/// Bodies on a floor. Dense arrays by index; a step allocates nothing.
#[derive(Debug, Clone)]
pub struct World {
    settings: WorldSettings,
    ids: Vec<DeviceId>,
    bodies: Vec<Body>,
    readings: Vec<Readings>,
    flock: Flock,
    /// Where the music is, in bars, 0 to below 1.
    bar: f32,
}

/// A body as one draws it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct BodyView {
    /// The device that it wears.
    pub device: DeviceId,
    /// Metres from the west.
    pub x: f32,
    /// Metres from the north.
    pub y: f32,
    /// Metres over its usual height: the bounce of its motion.
    pub lift: f32,
    /// From the device's axes to those of the room: a unit quaternion, real part first.
    pub attitude: [f32; 4],
    /// What it does.
    pub motion: Motion,
    /// Its frame says that it is tapped.
    pub tapped: bool,
}

impl World {
    /// An empty floor. Settings out of their range are taken as the nearest that are in it; [`WorldSettings::validate`] names them.
    #[must_use]
    pub fn new(settings: &WorldSettings) -> Self {
        Self {
            settings: settings.in_range(),
            ids: Vec::new(),
            bodies: Vec::new(),
            readings: Vec::new(),
            flock: Flock::default(),
            bar: 0.0,
        }
    }

    /// Adds a device, at the end, and says its index; `None` when the world is full. Its body depends on the seed and its id alone, so
    /// the others stay as they are, and two devices of one id are twins.
    pub fn add(&mut self, device: DeviceId) -> Option<usize> {
        let index = self.len();
        if index >= MAX_DEVICES {
            return None;
        }
        let mut body = Body::new(&self.settings, device.0, self.bar);
        // It has readings from the start: those of a moment alone on the floor.
        let reading = body.step(&Step::new(&self.settings, SHORTEST_STEP), &Flock::default());
        self.ids.push(device);
        self.bodies.push(body);
        self.readings.push(reading);
        Some(index)
    }

    /// Takes a device out. The last one gets its index; all others keep theirs.
    pub fn remove(&mut self, index: usize) -> Option<DeviceId> {
        if index >= self.len() {
            return None;
        }
        self.bodies.swap_remove(index);
        self.readings.swap_remove(index);
        Some(self.ids.swap_remove(index))
    }

    /// Takes out the devices from this index on.
    pub fn truncate(&mut self, len: usize) {
        self.ids.truncate(len);
        self.bodies.truncate(len);
        self.readings.truncate(len);
    }

    /// Devices in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// No devices.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The devices, by index.
    #[must_use]
    pub fn ids(&self) -> &[DeviceId] {
        &self.ids
    }

    /// What it works with.
    #[must_use]
    pub fn settings(&self) -> &WorldSettings {
        &self.settings
    }

    /// Changes all settings but the seed, while it runs: bodies go on from where they are.
    pub fn change(&mut self, settings: &WorldSettings) {
        self.settings = WorldSettings { seed: self.settings.seed, ..settings.in_range() };
        for body in &mut self.bodies {
            body.turn_to(&self.settings, self.bar);
        }
    }

    /// Moves all bodies on by `dt` (taken as 1 ms to 1 s).
    pub fn step(&mut self, dt: Duration) {
        self.step_range(0..self.len(), dt);
    }

    /// Moves some bodies on by `dt`, so that a generator can spread a round over its time: pieces in order are the same as all at once.
    /// A piece that starts at index 0 starts a round: then the flock looks around.
    pub fn step_range(&mut self, range: Range<usize>, dt: Duration) {
        let step = Step::new(&self.settings, dt.as_secs_f32().clamp(SHORTEST_STEP, LONGEST_STEP));
        if range.start == 0 {
            self.bar = fraction(self.bar + step.bar);
            self.flock.fill(self.settings.floor, &self.bodies);
        }
        let range = range.start..range.end.min(self.len());
        if let (Some(bodies), Some(readings)) = (self.bodies.get_mut(range.clone()), self.readings.get_mut(range)) {
            for (body, reading) in bodies.iter_mut().zip(readings) {
                *reading = body.step(&step, &self.flock);
            }
        }
    }

    /// The frame of one device, as of its last step.
    #[must_use]
    pub fn frame(&self, index: usize) -> Option<Frame> {
        Some(encode(*self.ids.get(index)?, self.readings.get(index)?))
    }

    /// Appends the lines of the devices in a range, in order; indices that are none are left out.
    pub fn write_frames(&self, range: Range<usize>, to: &mut BytesMut) {
        let range = range.start..range.end.min(self.len());
        if let (Some(ids), Some(readings)) = (self.ids.get(range.clone()), self.readings.get(range)) {
            let start = to.len();
            to.resize(start + ids.len() * LINE_LEN, 0);
            let lines = to.get_mut(start..).unwrap_or_default().as_chunks_mut::<LINE_LEN>().0;
            for ((line, device), readings) in lines.iter_mut().zip(ids).zip(readings) {
                *line = *encode(*device, readings).line();
            }
        }
    }

    /// One body as one draws it.
    #[must_use]
    pub fn view(&self, index: usize) -> Option<BodyView> {
        let (device, body, readings) = (*self.ids.get(index)?, self.bodies.get(index)?, self.readings.get(index)?);
        let [x, y] = body.at;
        Some(BodyView {
            device,
            x,
            y,
            lift: body.lift_m(),
            attitude: body.attitude(),
            motion: body.motion,
            tapped: readings.tapped,
        })
    }

    /// Bytes on the heap, reserved ones included.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.ids.capacity() * size_of::<DeviceId>()
            + self.bodies.capacity() * size_of::<Body>()
            + self.readings.capacity() * size_of::<Readings>()
            + self.flock.heap_bytes()
    }
}

#[inline]
fn encode(device: DeviceId, readings: &Readings) -> Frame {
    Frame::encode(device, readings.acceleration, readings.beacons, readings.tapped)
}
