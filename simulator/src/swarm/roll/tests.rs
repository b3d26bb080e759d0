//! Who comes and goes, with times made up.

use super::*;
use crate::scenario::Storm;

const SECOND: Duration = Duration::from_secs(1);

fn roll(devices: usize, churn: Churn, faults: Faults) -> Roll {
    let mut roll = Roll::new(devices, 1, churn, &faults, Duration::ZERO);
    (0..devices as u32).for_each(|place| assert!(roll.begin(place, Duration::ZERO) && roll.appear(place)));
    roll
}

fn moves(roll: &mut Roll, now: Duration) -> (u32, u32) {
    let (mut left, mut back) = (0, 0);
    roll.moves(now, |step| match step {
        Move::Leaves(_) => left += 1,
        Move::Returns(_) => back += 1,
    });
    (left, back)
}

#[test]
fn devices_leave_as_often_as_is_said_and_come_back() {
    let churn = Churn { leave_per_minute: 6.0, away: SECOND, storm: None };
    let mut roll = roll(100, churn, Faults::default());
    let (mut left, mut back) = (0, 0);
    for ms in (0..60_000).step_by(5) {
        let (gone, returned) = moves(&mut roll, Duration::from_millis(ms));
        left += gone;
        back += returned;
        assert_eq!(roll.present() + left - back, 100);
    }
    // 600 on average, fewer by the tenth of the time that they are away.
    assert!((450..650).contains(&left) && back > left - 40, "{left} left, {back} came back");
}

#[test]
fn a_storm_takes_the_share_at_once_and_they_are_back_together() {
    let churn = Churn {
        storm: Some(Storm { every: 10 * SECOND, devices: Amount::Share(0.5) }),
        away: SECOND,
        ..Churn::default()
    };
    let mut roll = roll(40, churn, Faults::default());
    assert_eq!(moves(&mut roll, 9 * SECOND), (0, 0));
    assert_eq!(moves(&mut roll, 10 * SECOND), (20, 0));
    assert_eq!(roll.present(), 20);
    assert_eq!(moves(&mut roll, 11 * SECOND), (0, 20));
    assert_eq!(moves(&mut roll, 20 * SECOND), (20, 0));
}

#[test]
fn flapping_devices_go_and_come_again_and_again() {
    let mut roll = roll(10, Churn::default(), Faults { flapping: Amount::Count(3), ..Faults::default() });
    let (mut left, mut back) = (0, 0);
    for ms in (0..35_000).step_by(10) {
        let (gone, returned) = moves(&mut roll, Duration::from_millis(ms));
        left += gone;
        back += returned;
    }
    assert!((15..=18).contains(&left) && left - back <= 3, "{left} {back}");
}

#[test]
fn faults_hit_as_many_as_is_said_and_the_same_each_time() {
    let faults = Faults {
        silent: Amount::Count(3),
        malformed: Amount::Share(0.1),
        slow_links: Amount::Count(200),
        failing_updates: Amount::Count(1),
        ..Faults::default()
    };
    let roll = || roll(100, Churn::default(), faults);
    let one = roll();
    let count = |which: fn(Mark) -> bool| (0..100).filter(|place| which(one.mark(*place))).count();
    assert_eq!(
        [count(Mark::is_silent), count(Mark::is_malformed), count(Mark::is_slow), count(Mark::fails_updates)],
        [3, 10, 100, 1]
    );
    assert_eq!(one.marks, roll().marks);
    assert!((0..100).all(|place| one.mark(place).sends() != one.mark(place).is_silent()));
}

#[test]
fn a_smaller_roll_forgets_who_is_not_in_it() {
    let mut roll = roll(10, Churn::default(), Faults::default());
    assert!(roll.leave(9, SECOND) && roll.leave(1, SECOND) && !roll.leave(1, SECOND));
    roll.resize(5);
    assert_eq!((roll.marks.len(), roll.present()), (5, 4));
    assert_eq!(moves(&mut roll, SECOND), (0, 1));
    roll.resize(8);
    assert_eq!(roll.present(), 5, "new ones have not begun");
    assert!(!roll.mark(7).has_begun() && !roll.mark(7).sends());
}

#[test]
fn one_of_which_no_frame_went_out_is_looked_at_each_time() {
    let mut roll = Roll::new(1, 1, Churn::default(), &Faults::default(), Duration::ZERO);
    assert!(roll.begin(0, Duration::ZERO));
    assert!(roll.mark(0).sends() && !roll.mark(0).is_plain());
    assert!(roll.appear(0) && !roll.appear(0) && roll.mark(0).is_plain());
}

#[test]
fn one_that_is_busy_sends_nothing_also_when_it_was_away_meanwhile() {
    let mut roll = roll(1, Churn::default(), Faults::default());
    assert!(roll.mark(0).is_plain());
    roll.set_busy(0, true);
    assert!(!roll.mark(0).sends() && roll.mark(0).is_present());
    assert!(roll.leave(0, SECOND));
    assert_eq!(moves(&mut roll, SECOND), (0, 1));
    assert!(!roll.mark(0).sends() && roll.mark(0).is_present());
    roll.set_busy(0, false);
    assert!(roll.mark(0).is_plain());
}

#[test]
fn who_is_broken_stays_broken_when_the_swarm_changes() {
    let faults = |silent| Faults { silent: Amount::Count(silent), flapping: Amount::Count(2), ..Faults::default() };
    let mut roll = roll(100, Churn::default(), faults(10));
    let silent = |roll: &Roll| -> Vec<u32> { (0..100).filter(|place| roll.mark(*place).is_silent()).collect() };
    let before = silent(&roll);
    roll.set_faults(&faults(12), SECOND);
    assert!(silent(&roll).len() == 12 && before.iter().all(|place| silent(&roll).contains(place)));
    roll.resize(101);
    roll.set_faults(&faults(10), SECOND);
    assert!(before.iter().filter(|place| !silent(&roll).contains(place)).count() <= 1);
}
