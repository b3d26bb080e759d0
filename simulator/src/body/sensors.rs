//! What a wearable senses: four beacons, gravity and its own acceleration, taps. The scales are those of the wire.

use super::device::Step;
use super::math::{lanes, log2, normals};

/// Reading at 1 m, in dBm: the top of the scale.
const NEAR_DBM: f32 = -40.0;
/// The bottom of the scale, in dBm.
const FAR_DBM: f32 = -100.0;
/// Wire units of one dB.
const UNITS_PER_DB: f32 = 255.0 / (NEAR_DBM - FAR_DBM);
/// Log-distance path loss with exponent 2.5 (a room with people in it): dB for each doubling of the *squared* distance,
/// 10 · 2.5 · log10(2) / 2.
const DB_PER_LOG2: f32 = 3.762_87;
/// Beacons hang this much (1 m, squared) over the wearables.
const HEIGHT_SQUARED: f32 = 1.0;
/// Wire units of one g, and the place of 0 g: -2 g to 2 g are 0 to 255.
const UNITS_PER_G: f32 = 63.75;
const ZERO_G: f32 = 127.5;
/// Noise of the accelerometer in g, and the blow of a tap.
const ACCELERATION_NOISE: f32 = 0.012;
const TAP_BLOW: f32 = 0.8;

/// The fields of a frame, as they are on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Readings {
    pub(crate) acceleration: [u8; 3],
    /// NW, NE, SE, SW.
    pub(crate) beacons: [u8; 4],
    pub(crate) tapped: bool,
}

/// What acts on the accelerometer.
pub(crate) struct Forces {
    /// From the device's axes to those of the room.
    pub(crate) attitude: [f32; 4],
    /// Acceleration of the body in the room's axes (east, south, up), in g, without gravity.
    pub(crate) pull: [f32; 3],
    /// A tap hits it in this step.
    pub(crate) tap: bool,
    pub(crate) noise: [f32; 4],
}

/// Reads all sensors of a body; `words` are random: noise of the beacons, and which of them are missing.
#[inline]
pub(crate) fn sense(step: &Step, at: [f32; 2], forces: &Forces, words: [u64; 2], tapped: bool) -> Readings {
    Readings { acceleration: acceleration(forces), beacons: beacons(step, at, words), tapped }
}

#[inline]
fn beacons(step: &Step, [x, y]: [f32; 2], [noise, missing]: [u64; 2]) -> [u8; 4] {
    let (to_east, to_south) = (step.floor.width_m - x, step.floor.depth_m - y);
    let (west, east) = (x * x, to_east * to_east);
    let (north, south) = (y * y + HEIGHT_SQUARED, to_south * to_south + HEIGHT_SQUARED);
    let squares = [west + north, east + north, east + south, west + south];
    let noise = normals(noise);
    let missing = lanes(missing);
    let spread = step.noise_db * UNITS_PER_DB;
    std::array::from_fn(|corner| {
        // `corner` is below 4 and so are they: the defaults are never taken.
        let square = squares.get(corner).copied().unwrap_or(1.0);
        let noise = noise.get(corner).copied().unwrap_or_default();
        let lane = missing.get(corner).copied().unwrap_or_default();
        let reading = 255.0 - log2(square) * (DB_PER_LOG2 * UNITS_PER_DB) + noise * spread;
        if u32::from(lane) < step.missing_below { 0 } else { to_byte(reading) }
    })
}

#[inline]
fn acceleration(forces: &Forces) -> [u8; 3] {
    let [east, south, up] = forces.pull;
    // At rest an accelerometer shows what holds it up: 1 g away from the ground.
    let force = into_device(forces.attitude, [east, south, up + 1.0]);
    let [a, b, c] = force;
    let [noise_a, noise_b, noise_c, _] = forces.noise;
    let blow = if forces.tap { TAP_BLOW } else { 0.0 };
    [
        (a + noise_a * ACCELERATION_NOISE) * UNITS_PER_G + ZERO_G,
        (b + noise_b * ACCELERATION_NOISE) * UNITS_PER_G + ZERO_G,
        (c + noise_c * ACCELERATION_NOISE + blow) * UNITS_PER_G + ZERO_G,
    ]
    .map(to_byte)
}

/// A vector of the room in the device's axes: turned by the inverse of the attitude.
#[inline]
fn into_device([w, x, y, z]: [f32; 4], [a, b, c]: [f32; 3]) -> [f32; 3] {
    // With q' = (w, -v): r = a + 2 w (-v × a) + 2 v × (v × a).
    let cross = [y * c - z * b, z * a - x * c, x * b - y * a];
    let [p, q, r] = cross;
    [a + 2.0 * (y * r - z * q - w * p), b + 2.0 * (z * p - x * r - w * q), c + 2.0 * (x * q - y * p - w * r)]
}

/// To the nearest byte; what is out of range is the end of the range.
#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats stop at the ends")]
fn to_byte(value: f32) -> u8 {
    (value + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::settings::{Floor, Radio, WorldSettings};

    fn step(noise_db: f32, missing: f32) -> Step {
        let floor = Floor { width_m: 12.0, depth_m: 9.0 };
        Step::new(&WorldSettings { floor, radio: Radio { noise_db, missing }, ..WorldSettings::default() }, 0.05)
    }

    #[test]
    fn a_reading_falls_with_the_distance() {
        let step = step(0.0, 0.0);
        let row: Vec<u8> = (0..=12u8).map(|x| beacons(&step, [f32::from(x), 0.0], [0, u64::MAX])[0]).collect();
        assert!(row.is_sorted_by(|near, far| near > far), "{row:?}");
        assert_eq!(row[0], 255, "1 m under the beacon: -40 dBm");
        // 10 m: -40 - 25 · log10(10.05) = -65.05 dBm.
        assert_eq!(row[10], 149);
    }

    #[test]
    fn each_corner_hears_its_own_beacon_best() {
        let step = step(0.0, 0.0);
        for (corner, at) in [[1.0, 1.0], [11.0, 1.0], [11.0, 8.0], [1.0, 8.0]].into_iter().enumerate() {
            let readings = beacons(&step, at, [0, u64::MAX]);
            assert_eq!((0..4).max_by_key(|index| readings[*index]), Some(corner), "{readings:?}");
        }
    }

    #[test]
    fn missing_readings_are_zero() {
        assert_eq!(beacons(&step(3.0, 1.0), [5.0, 5.0], [0, u64::MAX]), [0; 4]);
        assert_eq!(beacons(&step(3.0, 0.5), [5.0, 5.0], [0, 0xffff_0000_ffff_0000])[0], 0);
        assert!(beacons(&step(3.0, 0.0), [5.0, 5.0], [0, 0]).iter().all(|reading| *reading > 0));
    }

    #[test]
    fn gravity_is_seen_from_the_device() {
        let read = |attitude, pull| acceleration(&Forces { attitude, pull, tap: false, noise: [0.0; 4] });
        let half = 0.5f32.sqrt();
        assert_eq!(read([1.0, 0.0, 0.0, 0.0], [0.0; 3]), [128, 128, 191], "flat");
        assert_eq!(read([0.0, 1.0, 0.0, 0.0], [0.0; 3]), [128, 128, 64], "upside down");
        assert_eq!(read([half, half, 0.0, 0.0], [0.0; 3]), [128, 191, 128], "its y axis up");
        assert_eq!(read([half, 0.0, half, 0.0], [0.0; 3]), [64, 128, 128], "its x axis down");
        assert_eq!(
            read([half, 0.0, 0.0, half], [1.0, 0.0, 0.0]),
            [128, 64, 191],
            "turned on the spot, pulled to the east"
        );
        assert_eq!(read([1.0, 0.0, 0.0, 0.0], [5.0, -5.0, -1.0]), [255, 0, 128], "clipped, and falling");
    }
}
