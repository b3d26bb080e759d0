//! Arithmetic that gives the same bits on every machine, and noise that costs little: one random word serves several fields.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// The sine of a phase in turns, of less than a million; within 0.0001.
#[inline]
pub(crate) fn wave(turns: f32) -> f32 {
    // At this size a number has no digits behind the point: adding it rounds to whole turns, in fewer instructions than a call.
    const ROUND: f32 = 12_582_912.0;
    // Without branches, which would be guessed wrongly half of the time: folded onto a quarter of a turn, and the sign put back.
    let half = turns - ((turns + ROUND) - ROUND);
    let folded = 0.25 - (half.abs() - 0.25).abs();
    let square = folded * folded;
    (folded * (6.281_52 + square * (-41.108_41 + square * 73.741_75))).copysign(half)
}

/// What is behind the point of a number that is not negative. A cast, because `floor` is a call where the instruction is missing.
#[inline]
pub(crate) fn fraction(number: f32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "phases are small")]
    let whole = number as i32 as f32;
    number - whole
}

/// The logarithm to base 2 of a number of at least 1; within 0.001.
#[inline]
pub(crate) fn log2(number: f32) -> f32 {
    let bits = number.to_bits();
    #[expect(clippy::cast_precision_loss, reason = "an exponent has 8 bits")]
    let exponent = ((bits >> 23) as i32 - 127) as f32;
    let rest = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000) - 1.0;
    exponent + rest + rest * (1.0 - rest) * (0.421_576_6 - rest * 0.156_848_17)
}

/// Four numbers with mean 0, deviation 1 and nearly normal distribution (at most 3.3), from one random word: each is the sum of
/// four of its nibbles, and all four are summed at once.
#[inline]
pub(crate) fn normals(word: u64) -> [f32; 4] {
    const NIBBLES: u64 = 0x0f0f_0f0f_0f0f_0f0f;
    const BYTES: u64 = 0x00ff_00ff_00ff_00ff;
    // The mean and the deviation of the sum of four numbers of 0 to 15.
    const MEAN: f32 = 30.0;
    const SCALE: f32 = 1.0 / 9.219_544;
    let pairs = (word & NIBBLES) + ((word >> 4) & NIBBLES);
    let sums = (pairs & BYTES) + ((pairs >> 8) & BYTES);
    lanes(sums).map(|sum| (f32::from(sum) - MEAN) * SCALE)
}

/// The four 16-bit numbers of a word.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "that is what takes a word apart")]
pub(crate) fn lanes(word: u64) -> [u16; 4] {
    [word as u16, (word >> 16) as u16, (word >> 32) as u16, (word >> 48) as u16]
}

/// 0 to below 1, of a 16-bit number.
#[inline]
pub(crate) fn unit(lane: u16) -> f32 {
    f32::from(lane) * (1.0 / 65_536.0)
}

/// The noise stream of one device in one world: independent of all other devices.
pub(crate) fn stream(seed: u64, device: u16) -> SplitMix64 {
    let mut of_world = SplitMix64::seed_from_u64(seed);
    let mut of_device = SplitMix64::seed_from_u64(of_world.next_u64() ^ u64::from(device) << 48);
    // Twice through the mixer: streams of this generator differ only in where they start.
    SplitMix64::seed_from_u64(of_device.next_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_a_sine() {
        for step in -4_000..4_000i16 {
            let turns = f32::from(step) / 1_000.0;
            let sine = (std::f64::consts::TAU * f64::from(turns)).sin();
            assert!((f64::from(wave(turns)) - sine).abs() < 2e-4, "{turns}");
        }
    }

    #[test]
    fn the_logarithm_is_near_enough() {
        for step in 0..100_000u32 {
            let number = 1.0 + step as f32 * 0.37;
            assert!((f64::from(log2(number)) - f64::from(number).log2()).abs() < 1.5e-3, "{number}");
        }
    }

    #[test]
    fn noise_has_the_moments_of_a_normal_distribution() {
        let mut rng = stream(1, 2);
        let all: Vec<f64> = (0..50_000).flat_map(|_| normals(rng.next_u64())).map(f64::from).collect();
        let count = all.len() as f64;
        let mean = all.iter().sum::<f64>() / count;
        let variance = all.iter().map(|value| value * value).sum::<f64>() / count;
        let far = all.iter().filter(|value| value.abs() > 2.0).count() as f64 / count;
        assert!(mean.abs() < 0.01, "{mean}");
        assert!((variance - 1.0).abs() < 0.02, "{variance}");
        assert!((far - 0.0455).abs() < 0.012, "{far}");
    }

    #[test]
    fn streams_of_neighbours_have_nothing_in_common() {
        let heads: Vec<u64> = (0..1_000).map(|device| stream(7, device).next_u64()).collect();
        let ones: u32 = heads.windows(2).map(|pair| (pair[0] ^ pair[1]).count_ones()).sum();
        assert!((ones / 999).abs_diff(32) <= 1, "{ones}");
        assert_ne!(stream(7, 1).next_u64(), stream(8, 1).next_u64());
    }
}
