//! Movements look like what they are.

use super::*;

fn velocities(world: &mut World) -> Vec<[f32; 2]> {
    let place = |world: &World| (0..world.len()).map(|index| world.view(index).unwrap()).collect::<Vec<_>>();
    let before = place(world);
    world.step(DT);
    let after = place(world);
    before.iter().zip(&after).map(|(from, to)| [(to.x - from.x) / 0.05, (to.y - from.y) / 0.05]).collect()
}

#[test]
fn one_that_turns_freely_is_seen_from_all_sides_slowly() {
    let mut settings = settings(Motion::Free);
    settings.taps.per_second = 0.0;
    let mut world = world(&settings, 1);
    let track: Vec<[f32; 3]> = (0..6_000)
        .map(|_| {
            world.step(DT);
            acceleration(&world.frame(0).unwrap())
        })
        .collect();
    for axis in 0..3 {
        assert!(track.iter().any(|force| force[axis] > 0.8) && track.iter().any(|force| force[axis] < -0.8));
    }
    let fastest = track.windows(2).map(|pair| (pair[0][0] - pair[1][0]).abs()).fold(0.0, f32::max);
    assert!(fastest < 0.4, "{fastest}");
}

#[test]
fn a_dancer_bounces_with_the_beat() {
    let mut settings = settings(Motion::Dance);
    settings.taps.per_second = 0.0;
    // A beat of 10 frames.
    settings.bpm = 120.0;
    let mut world = world(&settings, 20);
    for index in 0..20 {
        let sizes: Vec<f32> = (0..400)
            .map(|_| {
                world.step(DT);
                size(acceleration(&world.frame(index).unwrap())) - 1.0
            })
            .collect();
        let likeness = |lag: usize| sizes.iter().zip(&sizes[lag..]).map(|(one, other)| one * other).sum::<f32>();
        assert!(likeness(10) > 0.6 * likeness(0), "{index}: a beat later it is the same");
        assert!(likeness(5) < 0.0, "{index}: half a beat later it is the opposite");
    }
    let lifts: Vec<f32> = (0..40)
        .map(|_| {
            world.step(DT);
            world.view(0).unwrap().lift
        })
        .collect();
    assert!(lifts.iter().any(|lift| *lift > 0.03) && lifts.iter().any(|lift| *lift < -0.03), "{lifts:?}");
}

#[test]
fn dancers_share_a_beat_but_are_not_one_machine() {
    let mut world = world(&settings(Motion::Dance), 30);
    for _ in 0..333 {
        world.step(DT);
    }
    // Some come while the music plays.
    for id in 30..60 {
        world.add(DeviceId(id)).unwrap();
    }
    let mut tracks = vec![Vec::new(); 60];
    for _ in 0..40 {
        world.step(DT);
        for (index, track) in tracks.iter_mut().enumerate() {
            track.push(world.view(index).unwrap().lift);
        }
    }
    let product = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f32>();
    let likeness =
        |one: &[f32], other: &[f32]| product(one, other) / (product(one, one) * product(other, other)).sqrt();
    let all: Vec<f32> = tracks.iter().map(|track| likeness(&tracks[0], track)).collect();
    assert!(all.iter().all(|likeness| *likeness > 0.25), "{all:?}");
    assert!(all.iter().any(|likeness| *likeness < 0.9), "{all:?}");
}

#[test]
fn walkers_get_around_at_a_walking_pace() {
    let mut world = world(&settings(Motion::Walk), 100);
    let mut corners = [0.0f32; 2];
    for _ in 0..2_000 {
        for velocity in velocities(&mut world) {
            assert!(size([velocity[0], velocity[1], 0.0]) < 1.6, "{velocity:?}");
        }
        let view = world.view(0).unwrap();
        corners = [corners[0].max(view.x), corners[1].max(view.y)];
    }
    assert!(corners[0] > 8.0 && corners[1] > 6.0, "{corners:?}");
    let speeds: Vec<f32> =
        velocities(&mut world).iter().map(|velocity| size([velocity[0], velocity[1], 0.0])).collect();
    assert!((0.8..1.4).contains(&(speeds.iter().sum::<f32>() / 100.0)), "{speeds:?}");
}

#[test]
fn a_flock_aligns_keeps_its_distance_and_stays_on_the_floor() {
    let floor = Floor { width_m: 20.0, depth_m: 15.0 };
    let mut world = world(&WorldSettings { floor, ..settings(Motion::Flock) }, 150);
    // How much each goes where its neighbours within 1.5 m go: 1 is exactly, 0 is not at all.
    let alignment = |world: &mut World| {
        let velocities = velocities(world);
        let views: Vec<BodyView> = (0..150).map(|index| world.view(index).unwrap()).collect();
        let (mut sum, mut pairs) = (0.0, 0.0);
        for (one, [vx, vy]) in views.iter().zip(&velocities) {
            for (other, [wx, wy]) in views.iter().zip(&velocities) {
                let square = (one.x - other.x).powi(2) + (one.y - other.y).powi(2);
                if square > 0.0 && square < 2.25 {
                    sum += (vx * wx + vy * wy) / (size([*vx, *vy, 0.0]) * size([*wx, *wy, 0.0])).max(0.001);
                    pairs += 1.0;
                }
            }
        }
        sum / pairs
    };
    let before = alignment(&mut world);
    for _ in 0..600 {
        world.step(DT);
        for index in 0..150 {
            let view = world.view(index).unwrap();
            assert!((0.0..=20.0).contains(&view.x) && (0.0..=15.0).contains(&view.y), "{view:?}");
        }
    }
    let after = (0..20).map(|_| alignment(&mut world)).sum::<f32>() / 20.0;
    assert!(before < 0.3 && after > 0.8, "{before} {after}");
    let views: Vec<BodyView> = (0..150).map(|index| world.view(index).unwrap()).collect();
    let nearest = |one: &BodyView| {
        let squares = views.iter().filter(|other| other.device != one.device);
        squares.map(|other| (one.x - other.x).powi(2) + (one.y - other.y).powi(2)).fold(f32::MAX, f32::min).sqrt()
    };
    let mut nearest: Vec<f32> = views.iter().map(nearest).collect();
    nearest.sort_by(f32::total_cmp);
    assert!(nearest[0] > 0.15 && nearest[75] > 0.4, "{nearest:?}");
}
