//! Readings are what a device there would read.

use super::*;

fn beacons(frame: &Frame) -> [u8; 4] {
    let text = std::str::from_utf8(frame.line()).unwrap();
    [10, 12, 14, 16].map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
}

#[test]
fn one_at_rest_feels_one_g_whichever_way_it_lies() {
    let mut settings = settings(Motion::Rest);
    settings.taps.per_second = 0.0;
    let mut world = world(&settings, 200);
    for _ in 0..100 {
        world.step(DT);
    }
    let all: Vec<[f32; 3]> = (0..200).map(|index| acceleration(&world.frame(index).unwrap())).collect();
    assert!(all.iter().all(|force| (size(*force) - 1.0).abs() < 0.08), "{all:?}");
    for axis in 0..3 {
        assert!(all.iter().any(|force| force[axis] > 0.9) && all.iter().any(|force| force[axis] < -0.9));
    }
}

#[test]
fn the_nearest_beacon_is_the_loudest_on_average() {
    let mut world = world(&settings(Motion::Rest), 200);
    let mut sums = vec![[0u32; 4]; 200];
    for _ in 0..100 {
        world.step(DT);
        for (index, sum) in sums.iter_mut().enumerate() {
            for (sum, reading) in sum.iter_mut().zip(beacons(&world.frame(index).unwrap())) {
                *sum += u32::from(reading);
            }
        }
    }
    let mut judged = 0;
    for (index, sum) in sums.iter().enumerate() {
        let view = world.view(index).unwrap();
        // Near the middle lines two are as near.
        if (view.x - 6.0).abs() < 1.5 || (view.y - 4.5).abs() < 1.5 {
            continue;
        }
        let corner = match (view.x < 6.0, view.y < 4.5) {
            (true, true) => 0,
            (false, true) => 1,
            (false, false) => 2,
            (true, false) => 3,
        };
        assert_eq!((0..4).max_by_key(|corner| sum[*corner]), Some(corner), "{view:?} {sum:?}");
        judged += 1;
    }
    assert!(judged > 50, "too few to be true");
}

#[test]
fn readings_go_missing_as_often_as_asked() {
    let mut settings = settings(Motion::Rest);
    settings.radio.missing = 0.1;
    let mut world = world(&settings, 200);
    let mut missing = 0u32;
    for _ in 0..100 {
        world.step(DT);
        let zero = |index| beacons(&world.frame(index).unwrap()).iter().filter(|reading| **reading == 0).count();
        missing += (0..200).map(zero).sum::<usize>() as u32;
    }
    // 80,000 readings: 8,000 and four deviations of 85.
    assert!(missing.abs_diff(8_000) < 340, "{missing}");
}

#[test]
fn taps_come_at_their_rate_and_last_their_time() {
    let tapped = |duration_ms| {
        let taps = Taps { per_second: 0.2, duration_ms };
        let mut world = world(&WorldSettings { taps, ..settings(Motion::Rest) }, 500);
        let mut tapped = 0;
        for _ in 0..400 {
            world.step(DT);
            tapped += (0..500).filter(|index| world.frame(*index).unwrap().tapped()).count();
        }
        tapped
    };
    // 500 devices for 20 s at 0.2 a second: 2,000 and four deviations of 45, less the 1 % that fall on another one.
    let short = tapped(0);
    assert!(short.abs_diff(1_990) < 180, "{short}");
    // 200 ms are four frames, and some of them run into one another.
    let long = tapped(200);
    assert!((3.6..4.05).contains(&(long as f64 / short as f64)), "{short} {long}");
}

#[test]
fn no_taps_and_no_beacons_are_possible() {
    let mut settings = settings(Motion::Walk);
    settings.taps.per_second = 0.0;
    settings.radio.missing = 1.0;
    let mut world = world(&settings, 100);
    for _ in 0..100 {
        world.step(DT);
        assert!((0..100).all(|index| !world.frame(index).unwrap().tapped()));
        assert!((0..100).all(|index| beacons(&world.frame(index).unwrap()) == [0; 4]));
    }
}
