//! Command lines, and what becomes of them.

use super::values::parse_max_bytes;
use super::*;
use clap::CommandFactory;
use grouploop_bridge::{DeviceId, Space};
use std::time::Duration;

fn parse(line: &str) -> Cli {
    Cli::try_parse_from(line.split(' ')).unwrap()
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn without_a_command_it_is_up_and_takes_its_flags() {
    let cli = parse("grouploop --listen 0.0.0.0:1 --nats nats://a --log debug --set edge.threads=2 --config x.toml");
    assert!(cli.command.is_none());
    assert_eq!(
        cli.flags(),
        Flags {
            config: Some("x.toml".into()),
            set: vec!["edge.threads=2".into()],
            named: vec![
                ("--listen", "edge.listen", "0.0.0.0:1".into()),
                ("--log", "log.filter", "debug".into()),
                ("--nats", "bus.nats.url", "nats://a".into()),
                ("--nats", "bus.engine", "nats".into()),
            ],
        }
    );
}

#[test]
fn every_role_takes_listen_before_or_after_its_name() {
    for line in [
        "grouploop edge --listen a",
        "grouploop --listen a up",
        "grouploop config --listen a",
        "grouploop --listen b up --listen a",
    ] {
        assert_eq!(parse(line).flags().named, [("--listen", "edge.listen", "a".to_owned())], "{line}");
    }
    for (line, key) in [
        ("grouploop cdn --listen a", "cdn.listen"),
        ("grouploop simulator --listen a", "simulator.listen"),
        ("grouploop monitor --listen a", "monitor.listen"),
        ("grouploop ui --listen a", "ui.listen"),
    ] {
        assert_eq!(parse(line).flags().named, [("--listen", key, "a".to_owned())], "{line}");
    }
    assert!(Cli::try_parse_from(["grouploop", "send", "all", "status", "--listen", "a"]).is_err());
}

#[test]
fn every_role_takes_tls_and_everybody_whom_to_trust() {
    let tls = ("--tls", "tls.enabled", "true".to_owned());
    for line in [
        "grouploop --tls",
        "grouploop up --tls",
        "grouploop edge --tls",
        "grouploop cdn --tls",
        "grouploop simulator --tls",
        "grouploop monitor --tls",
        "grouploop ui --tls",
    ] {
        assert_eq!(parse(line).flags().named.as_slice(), std::slice::from_ref(&tls), "{line}");
    }
    assert!(Cli::try_parse_from(["grouploop", "watch", "--tls"]).is_err());
    for line in ["grouploop watch --ca a.pem", "grouploop --ca a.pem health https://a", "grouploop edge --ca a.pem"] {
        assert_eq!(parse(line).flags().named, [("--ca", "tls.ca_file", "a.pem".to_owned())], "{line}");
    }
}

#[test]
fn common_flags_stand_anywhere() {
    for line in ["grouploop --config a edge", "grouploop edge --config a"] {
        assert_eq!(parse(line).flags().config, Some("a".into()), "{line}");
    }
}

#[test]
fn watch_takes_devices_and_a_space() {
    let cli = parse("grouploop watch --space class-3b --device 1A2b --device 0001,ffff --url ws://a:1");
    let Some(Command::Watch(args)) = cli.command else { panic!() };
    assert_eq!(args.device, [DeviceId(0x1a2b), DeviceId(1), DeviceId(0xffff)]);
    assert_eq!(args.peer.space.unwrap().as_str(), "class-3b");
    assert_eq!(args.peer.url.unwrap(), "ws://a:1");
    for wrong in ["--device xyz", "--device 1a2b3", "--space A", "--space a.b"] {
        assert!(Cli::try_parse_from(["grouploop", "watch"].into_iter().chain(wrong.split(' '))).is_err(), "{wrong}");
    }
}

#[test]
fn send_takes_a_target_a_command_and_parameters() {
    let cli = parse("grouploop send 1a2b led_set 0 ff0000 --timeout 0.5");
    let Some(Command::Send(args)) = cli.command else { panic!() };
    assert_eq!((args.target.as_str(), args.command.as_str()), ("1a2b", "led_set"));
    assert_eq!(args.parameters, ["0", "ff0000"]);
    assert_eq!(args.timeout, Duration::from_millis(500));
    for wrong in [
        &["1a2b"][..],
        &["1a:2b", "led"],
        &["", "led"],
        &["all", "led\nping"],
        &["all", "led", "a\nb"],
        &["all", "status", "--timeout", "-1"],
    ] {
        assert!(Cli::try_parse_from(["grouploop", "send"].iter().chain(wrong)).is_err(), "{wrong:?}");
    }
}

#[test]
fn record_takes_a_place_and_limits() {
    let cli = parse("grouploop record --space class-3b night.glrec --duration 1h30m --max-bytes 1G --nats nats://a");
    let Some(Command::Record(args)) = cli.command else { panic!() };
    assert_eq!((args.duration, args.max_bytes), (Some(Duration::from_secs(5400)), Some(1 << 30)));
    assert_eq!((args.place.to_string(), args.space.as_str()), ("night.glrec".to_owned(), "class-3b"));
    let Some(Command::Record(args)) = parse("grouploop record night.glrec").command else { panic!() };
    assert_eq!(args.space, Space::main());
    for wrong in ["--space a", "--space a memory://x", "--space a x --max-bytes 63K", "--space A x"] {
        let line = ["grouploop", "record"].into_iter().chain(wrong.split(' '));
        assert!(Cli::try_parse_from(line).is_err(), "{wrong}");
    }
    for (text, bytes) in [("65536", 65536), ("64K", 65536), ("3M", 3 << 20), ("2T", 2 << 40)] {
        assert_eq!(parse_max_bytes(text), Ok(bytes));
    }
    for text in ["", "G", "-1", "+70000", "1.5G", "99999999999T", "1000000B", "ü"] {
        assert!(parse_max_bytes(text).is_err(), "{text}");
    }
}

#[test]
fn replay_takes_speed_devices_and_another_space() {
    let cli = parse("grouploop replay s3://b/night.glrec --speed 2 --loop --devices 1a2b,3C4D --space other");
    let Some(Command::Replay(args)) = cli.command else { panic!() };
    assert_eq!(args.devices, [DeviceId(0x1a2b), DeviceId(0x3c4d)]);
    assert_eq!((args.speed.to_string().as_str(), args.repeat), ("2", true));
    assert_eq!(args.space.unwrap().as_str(), "other");
    for wrong in ["x --speed 0", "x --speed 101", "x --devices 1a2", "ftp://a/x", ""] {
        let line = ["grouploop", "replay"].into_iter().chain(wrong.split(' '));
        assert!(Cli::try_parse_from(line).is_err(), "{wrong}");
    }
}
