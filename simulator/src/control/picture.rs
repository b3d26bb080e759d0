//! One picture of a swarm as a stream sends it. The layout is normative in `docs/simulator.md`; all numbers are little-endian.
//!
//! ```text
//!  header, 24 bytes: version u8 · header bytes u8 · record bytes u8 · 0 · time ms u32 · width m f32 · depth m f32 · devices u32 · records u32
//!  record, 28 bytes: id u16 · flags u8 · motion u8 · x u16 · y u16 · lift mm i16 · 6 × (red u8 · green u8 · blue u8)
//! ```
//!
//! Places are shares of the floor in 16 bits: on 100 m that is 1.5 mm, and 2,000 devices at 30 Hz are 1.7 MB/s instead of 2.0.

use crate::body::{Floor, Motion};
use crate::swarm::{Seen, View};
use crate::wearable::Activity;
use bytes::{BufMut, Bytes, BytesMut};

/// The version of the layout.
const VERSION: u8 = 1;
const HEADER_BYTES: u8 = 24;
const RECORD_BYTES: u8 = 28;

const PRESENT: u8 = 1;
const TAPPED: u8 = 2;
const VIBRATING: u8 = 4;
const UPDATING: u8 = 8;

/// The picture of a view.
#[expect(clippy::cast_possible_truncation, reason = "the time wraps after 49 days")]
pub(super) fn picture(view: &View) -> Bytes {
    let size = usize::from(HEADER_BYTES) + view.seen.len() * usize::from(RECORD_BYTES);
    let mut bytes = BytesMut::with_capacity(size);
    bytes.put_slice(&[VERSION, HEADER_BYTES, RECORD_BYTES, 0]);
    bytes.put_u32_le(view.at.as_millis() as u32);
    bytes.put_f32_le(view.floor.width_m);
    bytes.put_f32_le(view.floor.depth_m);
    bytes.put_u32_le(view.devices);
    bytes.put_u32_le(u32::try_from(view.seen.len()).unwrap_or(u32::MAX));
    view.seen.iter().for_each(|seen| record(seen, &view.floor, &mut bytes));
    bytes.freeze()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats stop at the ends")]
fn record(seen: &Seen, floor: &Floor, bytes: &mut BytesMut) {
    let Seen { body, wearable, .. } = seen;
    let flag = |is: bool, bit: u8| if is { bit } else { 0 };
    let flags = flag(seen.present, PRESENT)
        | flag(body.tapped, TAPPED)
        | flag(wearable.vibrating, VIBRATING)
        | flag(wearable.activity != Activity::Running, UPDATING);
    let motion = match body.motion {
        Motion::Flock => 0,
        Motion::Walk => 1,
        Motion::Dance => 2,
        Motion::Rest => 3,
        Motion::Free => 4,
    };
    let share = |at: f32, of: f32| (at / of * f32::from(u16::MAX)).round() as u16;
    bytes.put_u16_le(body.device.0);
    bytes.put_slice(&[flags, motion]);
    bytes.put_u16_le(share(body.x, floor.width_m));
    bytes.put_u16_le(share(body.y, floor.depth_m));
    bytes.put_i16_le((body.lift * 1000.0).round() as i16);
    wearable.leds.iter().for_each(|led| bytes.put_slice(&led.0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::BodyView;
    use crate::wearable::{Rgb, Wearable};
    use grouploop_bridge::DeviceId;
    use std::time::Duration;

    #[test]
    fn every_byte_is_where_the_documentation_says() {
        let mut wearable = Wearable::new().state(Duration::ZERO);
        wearable.leds = [1, 2, 3, 4, 5, 6].map(|led| Rgb([led, 0x10 + led, 0x20 + led]));
        wearable.vibrating = true;
        let body = BodyView {
            device: DeviceId(0x1a2b),
            x: 3.0,
            y: 99.0,
            lift: -0.5,
            attitude: [1.0, 0.0, 0.0, 0.0],
            motion: Motion::Dance,
            tapped: true,
        };
        let seen = |present, wearable| Seen { place: 0, present, body, wearable };
        let mut updating = wearable.clone();
        (updating.activity, updating.vibrating) = (Activity::Updating, false);
        let view = View {
            at: Duration::from_millis(0x0001_0203),
            floor: Floor { width_m: 12.0, depth_m: 9.0 },
            devices: 70_000,
            seen: vec![seen(true, wearable), seen(false, updating)],
        };
        let bytes = picture(&view);
        let mut expected = vec![1, 24, 28, 0, 3, 2, 1, 0];
        expected.extend(12.0f32.to_le_bytes());
        expected.extend(9.0f32.to_le_bytes());
        expected.extend([0x70, 0x11, 1, 0, 2, 0, 0, 0]);
        // x is a quarter of 65535; y is beyond the floor and stops at its end; -500 mm.
        let place = [0x00, 0x40, 0xff, 0xff, 0x0c, 0xfe];
        let leds: Vec<u8> = (1..=6).flat_map(|led| [led, 0x10 + led, 0x20 + led]).collect();
        for flags in [7, 10] {
            expected.extend([0x2b, 0x1a, flags, 2]);
            expected.extend(place);
            expected.extend(&leds);
        }
        assert_eq!(bytes, expected);
    }
}
