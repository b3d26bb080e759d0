//! The whole model from outside.

mod moving;
mod sensing;
mod world;

use super::*;
use grouploop_bridge::{DeviceId, Frame};
use std::time::Duration;

const DT: Duration = Duration::from_millis(50);
const MOTIONS: [Motion; 5] = [Motion::Flock, Motion::Walk, Motion::Dance, Motion::Rest, Motion::Free];

fn settings(motion: Motion) -> WorldSettings {
    WorldSettings { seed: 42, motion: MotionMix::only(motion), ..WorldSettings::default() }
}

fn world(settings: &WorldSettings, devices: u16) -> World {
    let mut world = World::new(settings);
    for id in 0..devices {
        world.add(DeviceId(id)).unwrap();
    }
    world
}

/// The three bytes of a frame's acceleration in g.
fn acceleration(frame: &Frame) -> [f32; 3] {
    let text = std::str::from_utf8(frame.line()).unwrap();
    [4, 6, 8].map(|at| (f32::from(u8::from_str_radix(&text[at..at + 2], 16).unwrap()) - 127.5) / 63.75)
}

fn size([a, b, c]: [f32; 3]) -> f32 {
    (a * a + b * b + c * c).sqrt()
}
