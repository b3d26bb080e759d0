//! A world is the same on every machine and in every run, whoever comes and goes, and holds out.

use super::*;
use bytes::BytesMut;
use grouploop_bridge::LINE_LEN;

fn lines(world: &World) -> BytesMut {
    let mut lines = BytesMut::new();
    world.write_frames(0..world.len(), &mut lines);
    lines
}

/// FNV-1a over the lines of some steps.
fn hash(world: &mut World, steps: u32) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for _ in 0..steps {
        world.step(DT);
        for byte in lines(world) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

#[test]
fn frames_are_the_same_bytes_on_every_machine() {
    let pinned = MOTIONS.map(|motion| hash(&mut world(&settings(motion), 200), 200));
    let expected = [
        0xfc0d_f2e0_ecce_7f9c,
        0x7a54_1931_9e8c_e50c,
        0xd3d5_6149_76e1_d8f8,
        0x341b_3492_839b_0c9f,
        0x6f57_7d19_fdac_f3f7,
    ];
    assert_eq!(pinned, expected, "a change of the model is a change of every recorded run: {pinned:#x?}");
}

#[test]
fn another_seed_is_another_world() {
    let other = WorldSettings { seed: 43, ..settings(Motion::Walk) };
    assert_ne!(hash(&mut world(&other, 10), 5), hash(&mut world(&settings(Motion::Walk), 10), 5));
}

#[test]
fn a_round_in_pieces_is_the_same_as_at_once() {
    for motion in MOTIONS {
        let (mut whole, mut pieces) = (world(&settings(motion), 100), world(&settings(motion), 100));
        for _ in 0..100 {
            whole.step(DT);
            for start in (0..100).step_by(30) {
                pieces.step_range(start..start + 30, DT);
            }
        }
        assert_eq!(lines(&whole), lines(&pieces), "{motion:?}");
    }
}

#[test]
fn devices_that_come_and_go_do_not_change_the_others() {
    for motion in [Motion::Walk, Motion::Dance, Motion::Rest, Motion::Free] {
        let (mut calm, mut busy) = (world(&settings(motion), 50), world(&settings(motion), 50));
        for round in 0..60u16 {
            if round % 10 == 0 {
                busy.add(DeviceId(1_000 + round)).unwrap();
            }
            if round % 20 == 19 {
                busy.remove(50).unwrap();
            }
            calm.step(DT);
            busy.step(DT);
            assert_eq!(lines(&busy)[..50 * LINE_LEN], lines(&calm)[..], "{motion:?}");
        }
    }
}

#[test]
fn the_last_device_takes_the_place_of_one_that_leaves() {
    let mut world = world(&settings(Motion::Walk), 4);
    let (last, view) = (world.frame(3), world.view(3));
    assert_eq!(world.remove(1), Some(DeviceId(1)));
    assert_eq!(world.view(1), view);
    assert_eq!(world.ids(), [0, 3, 2].map(DeviceId));
    assert_eq!(world.frame(1), last);
    assert_eq!((world.remove(3), world.frame(3), world.view(3)), (None, None, None));
    world.truncate(1);
    assert_eq!(world.len(), 1);
}

#[test]
fn a_body_is_that_of_its_device_wherever_it_stands() {
    let (mut alone, mut behind) = (World::new(&settings(Motion::Walk)), world(&settings(Motion::Walk), 5));
    assert_eq!((alone.add(DeviceId(0x1a2b)), behind.add(DeviceId(0x1a2b))), (Some(0), Some(5)));
    for _ in 0..50 {
        alone.step(DT);
        behind.step(DT);
        assert_eq!(alone.frame(0), behind.frame(5));
    }
}

#[test]
fn a_step_is_never_shorter_or_longer_than_a_frame_can_follow() {
    let mut still = world(&settings(Motion::Rest), 50);
    still.step(Duration::ZERO);
    assert!((0..50).all(|index| (size(acceleration(&still.frame(index).unwrap())) - 1.0).abs() < 0.9));
    let mut walking = world(&settings(Motion::Walk), 50);
    let before: Vec<BodyView> = (0..50).map(|index| walking.view(index).unwrap()).collect();
    walking.step(Duration::from_secs(3_600));
    for (index, before) in before.iter().enumerate() {
        let view = walking.view(index).unwrap();
        assert!((view.x - before.x).abs() < 2.0 && (view.y - before.y).abs() < 2.0, "{before:?} {view:?}");
    }
}

#[test]
fn a_world_holds_as_many_devices_as_there_are_ids() {
    let mut world = world(&settings(Motion::Rest), u16::MAX);
    assert_eq!(world.add(DeviceId(u16::MAX)), Some(MAX_DEVICES - 1));
    assert_eq!(world.add(DeviceId(0)), None);
    world.step(DT);
    assert!(world.heap_bytes() / MAX_DEVICES <= 200, "{} bytes", world.heap_bytes());
}

#[test]
fn lines_are_those_of_the_frames() {
    let world = world(&settings(Motion::Walk), 5);
    let mut some = BytesMut::new();
    world.write_frames(3..9, &mut some);
    let expected: Vec<u8> = [3, 4].into_iter().flat_map(|index| *world.frame(index).unwrap().line()).collect();
    assert_eq!(some, expected);
    assert_eq!(world.frame(3).unwrap().device(), DeviceId(3));
    #[expect(clippy::reversed_empty_ranges, reason = "that is the case")]
    world.write_frames(4..2, &mut some);
    assert_eq!(some.len(), 2 * LINE_LEN);
}

#[test]
fn settings_change_while_it_runs_and_bodies_go_on_from_where_they_are() {
    let mut world = world(&settings(Motion::Walk), 1_000);
    world.step(DT);
    let before: Vec<BodyView> = (0..1_000).map(|index| world.view(index).unwrap()).collect();
    let motion = MotionMix { walk: 1.0, dance: 1.0, ..MotionMix::NONE };
    world.change(&WorldSettings { seed: 9, motion, ..WorldSettings::default() });
    assert_eq!(world.settings().seed, 42);
    let after: Vec<BodyView> = (0..1_000).map(|index| world.view(index).unwrap()).collect();
    assert!(before.iter().zip(&after).all(|(before, after)| (before.x, before.y) == (after.x, after.y)));
    let dancing = after.iter().filter(|view| view.motion == Motion::Dance).count();
    assert!(dancing.abs_diff(500) < 65, "{dancing}");
    let small = Floor { width_m: 2.0, depth_m: 2.0 };
    world.change(&WorldSettings { floor: small, motion: MotionMix::only(Motion::Flock), ..WorldSettings::default() });
    world.step(DT);
    assert!((0..1_000).map(|index| world.view(index).unwrap()).all(|view| view.x <= 2.0 && view.y <= 2.0));
}

#[test]
fn no_settings_and_no_step_break_it() {
    let wild = WorldSettings {
        floor: Floor { width_m: f32::NAN, depth_m: f32::INFINITY },
        motion: MotionMix { flock: 1.0, walk: f32::INFINITY, dance: -1.0, rest: f32::NAN, free: 1e30 },
        bpm: f32::MAX,
        taps: Taps { per_second: -1.0, duration_ms: u32::MAX },
        radio: Radio { noise_db: f32::MAX, missing: 7.0 },
        ..WorldSettings::default()
    };
    for settings in MOTIONS.map(settings).into_iter().chain([wild]) {
        let mut world = world(&settings, 50);
        for dt in [Duration::ZERO, Duration::MAX, Duration::from_nanos(1), Duration::from_secs(1)] {
            for _ in 0..50 {
                world.step(dt);
            }
        }
        let Floor { width_m, depth_m } = world.settings().floor;
        for view in (0..50).map(|index| world.view(index).unwrap()) {
            assert!((0.0..=width_m).contains(&view.x) && (0.0..=depth_m).contains(&view.y), "{view:?}");
            assert!(view.attitude.iter().all(|part| part.is_finite()));
        }
        world.step_range(70..90, DT);
    }
}
