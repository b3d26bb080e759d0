//! Each command and what it does; updates; texts that nobody should send.

use super::*;
use std::time::Duration;

const START: Duration = Duration::from_secs(100);

fn after(ms: u64) -> Duration {
    START + Duration::from_millis(ms)
}

/// A wearable that has obeyed these lines at the start.
fn obeyed(lines: &[&str]) -> Wearable {
    let mut wearable = Wearable::new();
    for line in lines {
        assert_eq!(wearable.obey(line, START), Outcome::Done, "{line}");
    }
    wearable
}

fn leds(wearable: &Wearable, now: Duration) -> [String; LEDS] {
    wearable.state(now).leds.map(|color| color.to_string())
}

#[test]
fn a_wearable_without_commands_is_a_pointer() {
    assert_eq!(size_of::<Wearable>(), size_of::<usize>());
    let mut wearable = Wearable::new();
    assert_eq!(leds(&wearable, START), ["000000"; LEDS]);
    assert_eq!(wearable.obey("Connected to GroupLoop WebSocket server", START), Outcome::Ignored);
    assert_eq!(format!("{wearable:?}"), "Wearable(None)", "an unknown command allocates nothing");
}

#[test]
fn led_lights_all_leds() {
    assert_eq!(leds(&obeyed(&["led:ff8000"]), START), ["ff8000"; LEDS]);
    assert_eq!(leds(&obeyed(&["led:red"]), START), ["000000"; LEDS], "the firmware knows no names");
    assert_eq!(obeyed(&["pattern:breathing", "led:00ff00"]).state(START).pattern, Pattern::Breathing);
}

#[test]
fn pattern_chooses_what_the_leds_do() {
    let wearable = obeyed(&["led:0000ff", "pattern:cycle"]);
    assert_eq!(leds(&wearable, START)[..2], ["0000ff", "000000"]);
    assert_eq!(leds(&wearable, after(250))[..3], ["000040", "0000ff", "000000"]);
    assert_eq!(leds(&obeyed(&["led:0000ff", "pattern:off"]), START), ["000000"; LEDS]);
    assert_eq!(obeyed(&["led:0000ff"]).obey("pattern:disco", START), Outcome::Ignored);
}

#[test]
fn brightness_dims_everything() {
    assert_eq!(leds(&obeyed(&["led:ff8000", "led_set:0:ffffff", "brightness:128"]), START)[..2], ["808080", "804000"]);
    assert_eq!(obeyed(&["brightness:900"]).state(START).brightness, 255);
    assert_eq!(obeyed(&["brightness:-1"]).state(START).brightness, 0);
}

#[test]
fn spring_param_tunes_the_spring() {
    let spring = obeyed(&["spring_param:64140a"]).state(START).spring;
    assert_eq!((spring.constant, spring.damping, spring.mass), (10.0, 2.0, 1.1));
    assert_eq!(Wearable::new().obey("spring_param:6414", START), Outcome::Ignored);
}

#[test]
fn reset_starts_the_pattern_again() {
    let mut wearable = obeyed(&["led:ffffff", "pattern:breathing", "led_set:3:ff0000"]);
    assert_eq!(leds(&wearable, after(2_000))[3], "ff0000");
    assert_eq!(leds(&wearable, after(2_000))[0], "ffffff");
    assert_eq!(wearable.obey("reset:", after(2_000)), Outcome::Done);
    assert_eq!(leds(&wearable, after(2_000)), ["000000"; LEDS]);
    assert_eq!(leds(&wearable, after(4_000)), ["ffffff"; LEDS]);
}

#[test]
fn vibrate_runs_the_motor_for_a_time() {
    let wearable = obeyed(&["vibrate:500"]);
    assert!(wearable.state(START).vibrating);
    assert!(wearable.state(after(499)).vibrating);
    assert!(!wearable.state(after(500)).vibrating);
    assert_eq!(Wearable::new().obey("vibrate:0", START), Outcome::Ignored);
    assert_eq!(Wearable::new().obey("vibrate:-5", START), Outcome::Ignored);
}

#[test]
fn single_leds_hide_the_pattern() {
    let mut wearable = obeyed(&["led:0000ff", "led_set:2:ff0000", "led_off:4"]);
    assert_eq!(leds(&wearable, START), ["0000ff", "0000ff", "ff0000", "0000ff", "000000", "0000ff"]);
    assert_eq!(wearable.obey("led_set:6:ff0000", START), Outcome::Ignored);
    assert_eq!(wearable.obey("led_off:-1", START), Outcome::Ignored);
    assert_eq!(wearable.obey("led_all_off:", START), Outcome::Done);
    assert_eq!(leds(&wearable, START), ["000000"; LEDS]);
}

#[test]
fn the_serial_port_shows_state_and_leds() {
    let mut wearable = obeyed(&["led:00ff00", "led_off:5"]);
    let Outcome::Printed(line) = wearable.obey("led_get_state:", START) else { panic!() };
    assert_eq!(line, "led 0: 00ff00, led 1: 00ff00, led 2: 00ff00, led 3: 00ff00, led 4: 00ff00, led 5: 000000");
    let Outcome::Printed(line) = wearable.obey("status", START) else { panic!() };
    assert_eq!(line, "version stock, color 00ff00, pattern solid, brightness 255, vibrating false");
}

#[test]
fn an_update_goes_away_and_comes_back() {
    let mut wearable = obeyed(&["led:ff0000"]);
    let outcome = wearable.obey("ota:http://host:5008/firmware/x.bin", START);
    assert_eq!(outcome, Outcome::Fetch("http://host:5008/firmware/x.bin".into()));
    assert_eq!(wearable.activity(after(60_000)), Activity::Updating);
    assert_eq!(wearable.obey("led:00ff00", after(10)), Outcome::Ignored);
    wearable.updated("2.1.0", after(1_000));
    assert_eq!(wearable.activity(after(1_000)), Activity::Absent);
    assert_eq!(wearable.obey("led:00ff00", after(1_001)), Outcome::Ignored);
    let back = after(1_000) + REBOOT;
    assert_eq!((wearable.activity(back), wearable.version()), (Activity::Running, Some("2.1.0")));
    assert_eq!(leds(&wearable, back), ["000000"; LEDS], "it has forgotten its colour");
    assert_eq!(wearable.obey("led:00ff00", back), Outcome::Done);
}

#[test]
fn an_update_that_fails_changes_nothing() {
    let mut wearable = obeyed(&["led:ff0000"]);
    assert!(matches!(wearable.obey("ota:http://host/x", START), Outcome::Fetch(_)));
    wearable.update_failed();
    assert_eq!((wearable.activity(START), wearable.version()), (Activity::Running, None));
    assert_eq!(leds(&wearable, START), ["ff0000"; LEDS]);
    wearable.updated("9", START);
    assert_eq!(wearable.version(), None, "nobody asked for it");
    assert_eq!(wearable.obey("ota:", START), Outcome::Ignored);
}

#[test]
fn hostile_texts_never_panic() {
    use rand_xoshiro::rand_core::{Rng, SeedableRng};
    let mut rng = rand_xoshiro::SplitMix64::seed_from_u64(3);
    let pieces = [
        "led",
        "_set",
        "pattern",
        "spring",
        "_param",
        "brightness",
        "vibrate",
        "ota",
        "reset",
        ":",
        ":",
        ":",
        "-",
        "é",
        "\0",
        "\u{202e}",
        "99999999999999999999",
        "ffffff",
        "0x",
        "#",
        " ",
        "\n",
        "6",
        "2147483647",
    ];
    let mut wearable = Wearable::new();
    for round in 0..50_000u64 {
        let count = rng.next_u32() as usize % 7;
        let text: String = (0..count).map(|_| pieces[rng.next_u32() as usize % pieces.len()]).collect();
        let now = Duration::from_millis(round * 7);
        if matches!(wearable.obey(&text, now), Outcome::Fetch(_)) {
            wearable.updated(&text, now);
        }
        drop(wearable.state(now));
    }
    assert_eq!(wearable.obey(&"led:".repeat(100_000), Duration::MAX), Outcome::Ignored);
    assert_eq!(obeyed(&["vibrate:2147483647"]).obey("vibrate:2147483647", Duration::MAX), Outcome::Done);
    drop(obeyed(&["pattern:spring"]).state(Duration::MAX));
}
