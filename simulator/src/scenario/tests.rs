//! Scenarios as people write them: the examples, mistakes of every kind with their lines, and the limits.

use super::*;
use crate::body::{Motion, MotionMix};
use grouploop_bridge::DeviceId;
use std::time::Duration;

const WORKSHOP: &str = include_str!("../../scenarios/workshop.toml");

fn swarm(lines: &str) -> Swarm {
    Scenario::parse(&format!("[[swarm]]\n{lines}")).unwrap().swarms.remove(0)
}

/// Mistakes in the lines behind `[[swarm]]`, whose own line is 0 here.
fn mistakes(lines: &str) -> Vec<(usize, String)> {
    let mistakes = Scenario::parse(&format!("[[swarm]]\n{lines}")).unwrap_err();
    mistakes.into_iter().map(|mistake| (mistake.line - 1, mistake.text)).collect()
}

fn only_mistake(lines: &str) -> String {
    let mut found = mistakes(lines);
    assert_eq!(found.len(), 1, "{lines}: {found:?}");
    found.remove(0).1
}

#[test]
fn every_example_is_one() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios")).unwrap();
    assert_eq!(folder.count(), EXAMPLES.len(), "each file in simulator/scenarios is tested here");
    for (_, text) in EXAMPLES {
        let scenario = Scenario::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        for swarm in &scenario.swarms {
            assert!(Schedule::new(swarm).total().unwrap() > 0);
            swarm.world.validate().unwrap();
        }
    }
}

#[test]
fn the_workshop_says_what_its_comments_say() {
    let found = Scenario::parse(WORKSHOP).unwrap().swarms.remove(0);
    assert_eq!((found.name.as_str(), found.space.as_str(), found.ids.len()), ("makers", "workshop", 30));
    assert_eq!((found.ids[0], found.ids[29]), (DeviceId(0x1a00), DeviceId(0x1a1d)));
    assert_eq!((found.jitter, found.ramp_up), (Duration::from_millis(5), Duration::from_secs(10)));
    assert_eq!(found.duration, Some(Duration::from_secs(600)));
    assert_eq!(found.world.motion, MotionMix { walk: 0.5, dance: 0.2, rest: 0.3, ..MotionMix::NONE });
    assert_eq!((found.world.seed, found.world.bpm, found.world.taps.duration_ms), (42, 110.0, 200));
    assert_eq!(
        (found.slot, found.faults.silent, found.faults.slow_links),
        (CommandSlot::Single, Amount::Count(1), Amount::Share(0.05))
    );
    let commands = found.commands.unwrap();
    assert_eq!((commands.per_second, commands.which.len(), commands.which[0].as_str()), (0.5, 3, "led:ff8000"));
    // What is commented out is right too.
    let lines =
        WORKSHOP.replace("# storm_", "storm_").replace("# [swarm.ws]", "[swarm.ws]").replace("# edges", "edges");
    let lines = lines.replace("# devices_per", "devices_per").replace("transport = \"bus\"", "transport = \"ws\"");
    let found = Scenario::parse(&lines).unwrap().swarms.remove(0);
    assert_eq!(found.churn.storm, Some(Storm { every: Duration::from_secs(300), devices: Amount::Share(0.5) }));
    let edges = vec!["ws://127.0.0.1:5003".to_owned()];
    assert_eq!(found.transport, Transport::Ws { edges, devices_per_connection: 1 });
}

#[test]
fn nothing_need_be_said() {
    let found = swarm("");
    assert_eq!(
        (found.name.as_str(), found.space.as_str(), found.ids.len(), found.rate_hz),
        ("swarm-1", "main", 10, 20.0)
    );
    assert_eq!((found.transport, found.commands, found.duration), (Transport::Bus, None, None));
    assert_eq!((found.churn, found.faults), (Churn::default(), Faults::default()));
    assert_eq!(swarm("motion = \"dance\"").world.motion, MotionMix::only(Motion::Dance));
    assert_eq!(swarm("ids = [\"1A2B\", \"3c4d\"]").ids, [DeviceId(0x1a2b), DeviceId(0x3c4d)]);
    assert_eq!(swarm("commands = { which = [\"led:red\"] }").commands.unwrap().which, ["led:ff0000"]);
}

#[test]
fn eleven_mistakes_are_told_on_eleven_lines() {
    let text = r#"# a file
colour = "blue"
[[swarm]]
name = "One"
devices = 70000
rate = 30
jitter_ms = 80
ramp_up = "soon"
motion = "fly"
transport = "bus"
[swarm.faults]
silent = 1.5
[swarm.commands]
which = ["led:ff0000", "dance:1",
  "led"]
[[swarm]]
seed = -1
"#;
    let found = Scenario::parse(text).unwrap_err();
    let lines: Vec<usize> = found.iter().map(|mistake| mistake.line).collect();
    assert_eq!(lines, [2, 4, 5, 6, 7, 8, 9, 12, 14, 15, 17], "{found:#?}");
    let says = |line: usize, what: &str| {
        let mistake = found.iter().find(|mistake| mistake.line == line).unwrap();
        assert!(mistake.text.contains(what), "{mistake}");
    };
    says(2, "the scenario has no key \"colour\", it has swarm");
    says(4, "`name` is \"One\", it must be 1 to 32 of a-z, 0-9 and -");
    says(
        5,
        "`devices` is 70000, it must be a whole number from 1 to 65536; a space holds no more: spread them over several swarms",
    );
    says(6, "swarm has no key \"rate\", did you mean `rate_hz`?");
    says(7, "`jitter_ms` is 80, it must be a number from 0 to 50");
    says(8, "`ramp_up` is \"soon\", it must be a duration");
    says(9, "`motion` is \"fly\", it must be \"flock\" or \"walk\"");
    says(12, "`silent` is 1.5, it must be a share from 0.0 to 1.0");
    says(14, "`which` is \"dance:1\", it must be a command of the registry");
    says(15, "`which` is \"led\", it must be a command with all its parameters");
    says(17, "`seed` is -1");
}

#[test]
fn lines_that_are_no_toml_do_not_hide_the_others() {
    let found = Scenario::parse("[[swarm]]\nrate_hz = = 5\nrate = 30\nname = \"one\nseed = \"x\"\n").unwrap_err();
    let lines: Vec<usize> = found.iter().map(|mistake| mistake.line).collect();
    assert_eq!(lines, [2, 3, 4, 5], "{found:#?}");
    assert_eq!(Scenario::parse("").unwrap_err()[0].text, "there is no swarm: begin one with a line [[swarm]]");
}

#[test]
fn what_cannot_be_together_is_refused() {
    assert!(only_mistake("ws = { edges = [\"ws://a\"] }").contains("no meaning without transport = \"ws\""));
    assert!(only_mistake("churn = { storm_devices = 3 }").contains("no meaning without `storm_every`"));
    assert!(only_mistake("commands = { per_second = 3 }").contains("does not say `which`"));
    assert!(
        only_mistake("first_id = \"fff0\"\ndevices = 17").contains("there are 16 ids from fff0 on, for 17 devices")
    );
    assert!(only_mistake("ids = [\"1a2b\"]\ndevices = 1").contains("leave one out"));
    assert!(only_mistake("ids = [\"1a2b\", \"1A2B\"]").contains("device 1a2b of space `main` is named twice"));
    let two = mistakes("first_id = \"0000\"\n[[swarm]]\nfirst_id = \"0009\"\n[[swarm]]\nname = \"swarm-1\"");
    assert_eq!(two.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4], "{two:?}");
    assert!(two[0].1.contains("by the swarm on line 2") && two[1].1.contains("two swarms have the `name`"), "{two:?}");
}

#[test]
fn a_space_holds_so_many_devices_and_no_more() {
    assert_eq!(swarm("devices = 65536").ids.len(), 65_536);
    let found = mistakes("devices = 65536\n[[swarm]]\ndevices = 1");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, 3);
    assert!(
        found[0].1.contains("a space holds 65536 devices") && found[0].1.contains("in a `space` of its own"),
        "{found:?}"
    );
    assert!(Scenario::parse("[[swarm]]\ndevices = 65536\n[[swarm]]\nspace = \"b\"\ndevices = 65536").is_ok());
    assert!(Scenario::parse(&"[[swarm]]\n".repeat(MAX_SWARMS)).is_ok());
    let found = Scenario::parse(&"[[swarm]]\n".repeat(MAX_SWARMS + 1)).unwrap_err();
    assert!(found.len() == 1 && found[0].text.contains("1 to 64 tables"), "{found:?}");
    let found = Scenario::parse(&" ".repeat(MAX_SCENARIO_BYTES + 1)).unwrap_err();
    assert!(found[0].text.contains("bytes"));
}

#[test]
fn edges_are_urls_without_a_path() {
    let edges =
        |url: &str| Scenario::parse(&format!("[[swarm]]\ntransport = \"ws\"\nws = {{ edges = [\"{url}\"] }}")).is_ok();
    for good in ["ws://a", "ws://a:5003/", "ws://edge.example.org", "ws://[::1]:5003", "ws://[::1]", "ws://10.0.0.7:1"]
    {
        assert!(edges(good), "{good}");
    }
    for bad in [
        "",
        "ws://",
        "http://a",
        "ws://a/spaces/b",
        "ws://a:0",
        "ws://a:x",
        "ws://:5",
        "ws://a b",
        "a:5003",
        "ws://u@a",
        "wss://a",
        "ws://a:b:1",
        "ws://[:1",
        "ws://a::1",
        "ws://a]b",
    ] {
        assert!(!edges(bad), "{bad}");
    }
}

#[test]
fn random_damage_never_panics() {
    let mut state = 5u64;
    let mut roll = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    let pieces = [
        "[",
        "]",
        "{",
        "}",
        "=",
        "\"",
        "\n",
        "\0",
        "é",
        "99999999999999999999",
        "-",
        "[[swarm]]",
        "inf",
        "nan",
        "1e999",
        "'",
    ];
    for round in 0..2000 {
        let mut text: Vec<char> = EXAMPLES[round % EXAMPLES.len()].1.chars().collect();
        for _ in 0..=roll(6) {
            let at = roll(text.len());
            text.splice(at..(at + roll(20)).min(text.len()), pieces[roll(pieces.len())].chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(mistakes) = Scenario::parse(&text) {
            let lines = text.lines().count() + 1;
            assert!(mistakes.iter().all(|mistake| (1..=lines).contains(&mistake.line) && mistake.text.len() < 2000));
        }
    }
}

#[test]
fn what_is_described_is_read_as_the_same() {
    let round = |swarm: &Swarm| {
        let text = crate::control::definition_as_toml(&describe(swarm)).unwrap();
        let mut again = Scenario::parse(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?} in {text}"));
        assert_eq!(&again.swarms.remove(0), swarm, "{text}");
    };
    for (_, text) in EXAMPLES {
        Scenario::parse(text).unwrap().swarms.iter().for_each(round);
    }
    for lines in [
        "ids = [\"ffff\", \"0000\"]\nseed = 18446744073709551615\nmotion = {}\nduration = \"1h1ms\"",
        "first_id = \"fffe\"\ndevices = 2\nmotion = { walk = 0.1 }\nfaults = { silent = 1.0, flapping = 0.0, malformed = \"12.5%\" }",
        // The longest jitter is rounded up to a nanosecond more.
        "rate_hz = 60\njitter_ms = 16.666666666666666\nmotion = { dance = 2.0 }",
        "transport = \"ws\"\nws = { edges = [\"ws://a:1\", \"ws://[::1]\"], devices_per_connection = 7 }\ntaps = { per_second = 0.3 }",
    ] {
        round(&swarm(lines));
    }
    let shares = describe(&swarm("faults = { silent = 1.0, malformed = 0.25, flapping = 2 }\nbpm = 99.9"));
    let (faults, bpm) = (&shares["faults"], &shares["bpm"]);
    assert_eq!(faults["silent"], "100%", "a page would make a 1 of 1.0");
    assert_eq!((&faults["malformed"], &faults["flapping"], bpm), (&0.25.into(), &2.into(), &99.9.into()));
}

#[test]
fn the_transport_of_those_who_name_none_is_given() {
    let registry = Registry::built_in();
    let edges = vec!["ws://there:1".to_owned()];
    let given = Given {
        transport: Transport::Ws { edges: edges.clone(), devices_per_connection: 9 },
        ..Given::alone(&registry)
    };
    let read =
        |lines: &str| Scenario::parse_given(&format!("[[swarm]]\n{lines}"), &given).unwrap().swarms.remove(0).transport;
    assert_eq!(read(""), given.transport);
    assert_eq!(read("ws = { devices_per_connection = 2 }"), Transport::Ws { edges, devices_per_connection: 2 });
    assert_eq!(read("transport = \"bus\""), Transport::Bus);
}
