//! `grouploop simulate` on the command line. A swarm can be said in flags; each has the name of the key that it is in a scenario.

use clap::Args;
use std::path::PathBuf;

/// `grouploop simulate`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SimulateArgs {
    /// A scenario: a file, or the name of an example (workshop, festival, reconnect-storm, firmware-day)
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenario: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) swarm: SwarmArgs,
    /// Watch what arrives: `bus`, or the edges to look through, as ws://host:5003,ws://…; without a value the bus, or with WebSockets the
    /// edges of the swarm
    #[arg(long, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = "Report")]
    pub(crate) measure: Option<String>,
    /// What must come true for exit code 0, such as 'p99<20ms,lost=0' or 'main-stage.p99<30ms'
    #[arg(long, value_name = "LIST", help_heading = "Report")]
    pub(crate) expect: Option<String>,
    /// Write the report to FILE as JSON
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) report: Option<PathBuf>,
    /// Say nothing but the report
    #[arg(long, help_heading = "Report")]
    pub(crate) quiet: bool,
}

/// One swarm.
#[derive(Debug, Clone, Default, Args)]
#[group(id = "swarm", multiple = true)]
#[command(next_help_heading = "Swarm")]
pub(crate) struct SwarmArgs {
    /// How many devices [default: 10]
    #[arg(long, value_name = "N", value_parser = number)]
    pub(crate) devices: Option<String>,
    /// Frames a second of each, 0.1 to 1000 [default: 20]
    #[arg(long, value_name = "HZ", value_parser = number, alias = "rate")]
    pub(crate) rate_hz: Option<String>,
    /// How long, such as 30s or 10m [default: until Ctrl-C]
    #[arg(long, value_name = "TIME")]
    pub(crate) duration: Option<String>,
    /// In what time they appear, one after the other
    #[arg(long, value_name = "TIME")]
    pub(crate) ramp_up: Option<String>,
    /// The space that they are in [default: main]
    #[arg(long, value_name = "NAME")]
    pub(crate) space: Option<String>,
    /// Their ids from this one on, 4 hex digits [default: 0000]
    #[arg(long, value_name = "ID")]
    pub(crate) first_id: Option<String>,
    /// flock, walk, dance, rest, free, or shares: walk=0.6,dance=0.4
    #[arg(long, value_name = "WHAT")]
    pub(crate) motion: Option<String>,
    /// Beats a minute of those who dance, 20 to 300
    #[arg(long, value_name = "N", value_parser = number)]
    pub(crate) bpm: Option<String>,
    /// The same seed, the same frames
    #[arg(long, value_name = "N", value_parser = number)]
    pub(crate) seed: Option<String>,
    /// Taps a second of each device, 0 to 20
    #[arg(long, value_name = "N", value_parser = number)]
    pub(crate) taps_per_second: Option<String>,
    /// How much later than its time a frame may be
    #[arg(long, value_name = "MS", value_parser = number)]
    pub(crate) jitter_ms: Option<String>,
    /// How often a device leaves, times a minute
    #[arg(long, value_name = "N", value_parser = number)]
    pub(crate) leave_per_minute: Option<String>,
    /// How long it stays away
    #[arg(long, value_name = "TIME")]
    pub(crate) away: Option<String>,
    /// What goes wrong and with how many: silent=3, malformed=0.1, duplicate_ids=…, slow_links=…, flapping=…, failing_updates=…
    #[arg(long, value_name = "FAULT=AMOUNT", value_delimiter = ',', value_parser = pair)]
    pub(crate) fault: Vec<(String, String)>,
    /// How they take commands: queue, single (as stock firmware: of two within 10 ms the first is lost) or none
    #[arg(long, value_name = "HOW")]
    pub(crate) slot: Option<String>,
    /// bus, or ws for real WebSockets [default: bus with NATS, else ws]
    #[arg(long, value_name = "HOW")]
    pub(crate) transport: Option<String>,
    /// The edges to connect to with ws; may be repeated [default: ui.ws_default_url, else the edge on this machine]
    #[arg(long, value_name = "WS_URL", value_delimiter = ',')]
    pub(crate) edge: Vec<String>,
    /// Devices that share a connection with ws [default: 1]
    #[arg(long, value_name = "N", value_parser = number)]
    pub(crate) devices_per_connection: Option<String>,
}

/// A number as it may stand in TOML; its range is the scenario's matter.
fn number(text: &str) -> Result<String, String> {
    let is_number =
        text.parse::<f64>().is_ok_and(f64::is_finite) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number && !text.starts_with('.') && !text.ends_with('.') {
        Ok(text.to_owned())
    } else {
        Err("it must be a number".to_owned())
    }
}

/// `key=number`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it must be a name, `=` and an amount, such as silent=0.1")?;
    let key_is_plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if !key_is_plain {
        return Err("before the `=` it must be a name such as silent".to_owned());
    }
    // A share of them all, as a scenario writes it too.
    let amount = match value.strip_suffix('%') {
        Some(percent) => quoted(&format!("{}%", number(percent)?)),
        None => number(value)?,
    };
    Ok((key.to_owned(), amount))
}

impl SwarmArgs {
    /// Whether nothing is said.
    pub(crate) fn is_empty(&self) -> bool {
        self.to_toml(None) == Self::default().to_toml(None)
    }

    /// The swarm as a scenario, whose reader knows what may be said. `ws` are the edges to use without a transport that says otherwise.
    pub(crate) fn to_toml(&self, ws: Option<&[String]>) -> String {
        let mut text = String::from("[[swarm]]\n");
        let mut line = |key: &str, value: String| {
            text.push_str(key);
            text.push_str(" = ");
            text.push_str(&value);
            text.push('\n');
        };
        let words = [
            ("duration", &self.duration),
            ("ramp_up", &self.ramp_up),
            ("space", &self.space),
            ("first_id", &self.first_id),
            ("slot", &self.slot),
        ];
        for (key, word) in words {
            if let Some(word) = word {
                line(key, quoted(word));
            }
        }
        let numbers = [
            ("devices", &self.devices),
            ("rate_hz", &self.rate_hz),
            ("bpm", &self.bpm),
            ("seed", &self.seed),
            ("jitter_ms", &self.jitter_ms),
        ];
        for (key, number) in numbers {
            if let Some(number) = number {
                line(key, number.clone());
            }
        }
        if let Some(motion) = &self.motion {
            let shares: Result<Vec<_>, _> = motion.split(',').map(pair).collect();
            line("motion", shares.map_or_else(|_| quoted(motion), |shares| table(&shares)));
        }
        if let Some(taps) = &self.taps_per_second {
            line("taps", table(&[("per_second".into(), taps.clone())]));
        }
        let away = self.away.iter().map(|away| ("away".to_owned(), quoted(away)));
        let leave = self.leave_per_minute.iter().map(|often| ("leave_per_minute".to_owned(), often.clone()));
        let churn: Vec<_> = leave.chain(away).collect();
        if !churn.is_empty() {
            line("churn", table(&churn));
        }
        if !self.fault.is_empty() {
            line("faults", table(&self.fault));
        }
        let over_ws = self.transport.as_deref().map_or(ws.is_some(), |transport| transport == "ws");
        if let Some(transport) = self.transport.as_deref().or(over_ws.then_some("ws")) {
            line("transport", quoted(transport));
        }
        let named = if self.edge.is_empty() { ws.filter(|_| over_ws).unwrap_or_default() } else { &self.edge };
        let edges = named.iter().map(|edge| quoted(edge)).collect::<Vec<_>>().join(", ");
        let mut connections = Vec::new();
        if !edges.is_empty() {
            connections.push(("edges".to_owned(), format!("[{edges}]")));
        }
        if let Some(each) = &self.devices_per_connection {
            connections.push(("devices_per_connection".to_owned(), each.clone()));
        }
        if !connections.is_empty() {
            line("ws", table(&connections));
        }
        text
    }
}

/// A text as TOML writes it: the escapes of JSON are among those of TOML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn table(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use grouploop_simulator::scenario::{Amount, Scenario, Transport};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: SimulateArgs,
    }

    fn args(line: &str) -> SimulateArgs {
        Line::try_parse_from(["simulate"].into_iter().chain(line.split_whitespace())).unwrap().args
    }

    #[test]
    fn flags_say_what_a_scenario_says() {
        let line = "--devices 50 --rate 10 --duration 1m --ramp-up 5s --space lab --first-id 1a00 --motion walk=0.5,dance=0.5 --bpm 96 \
                    --seed 7 --taps-per-second 0.5 --jitter-ms 5 --leave-per-minute 0.5 --away 3s --fault silent=3,malformed=0.1,flapping=50% --slot single";
        let swarm = Scenario::parse(&args(line).swarm.to_toml(None)).unwrap().swarms.remove(0);
        assert_eq!((swarm.ids.len(), swarm.ids[0].0, swarm.rate_hz, swarm.space.as_str()), (50, 0x1a00, 10.0, "lab"));
        assert_eq!((swarm.duration.unwrap().as_secs(), swarm.ramp_up.as_secs(), swarm.jitter.as_millis()), (60, 5, 5));
        assert_eq!(
            (swarm.world.motion.walk, swarm.world.bpm, swarm.world.seed, swarm.world.taps.per_second),
            (0.5, 96.0, 7, 0.5)
        );
        assert_eq!((swarm.churn.leave_per_minute, swarm.churn.away.as_secs()), (0.5, 3));
        assert_eq!((swarm.faults.silent, swarm.faults.malformed), (Amount::Count(3), Amount::Share(0.1)));
        assert_eq!(swarm.faults.flapping, Amount::Share(0.5));
        assert_eq!(swarm.transport, Transport::Bus);
        assert_eq!(
            Scenario::parse(&args("--motion dance").swarm.to_toml(None)).unwrap().swarms[0].world.motion.dance,
            1.0
        );
    }

    #[test]
    fn without_a_bus_for_several_processes_devices_connect_to_edges() {
        let edges = ["ws://127.0.0.1:5003".to_owned()];
        let transport = |line: &str, ws: Option<&[String]>| {
            Scenario::parse(&args(line).swarm.to_toml(ws)).map(|mut scenario| scenario.swarms.remove(0).transport)
        };
        let ws = |edges: &[&str], devices_per_connection| {
            Ok(Transport::Ws { edges: edges.iter().map(ToString::to_string).collect(), devices_per_connection })
        };
        assert_eq!(transport("", None), Ok(Transport::Bus));
        assert_eq!(transport("", Some(&edges)), ws(&["ws://127.0.0.1:5003"], 1));
        assert_eq!(
            transport("--edge ws://a:1,ws://b:2 --devices-per-connection 5", Some(&edges)),
            ws(&["ws://a:1", "ws://b:2"], 5)
        );
        assert_eq!(transport("--transport bus", Some(&edges)), Ok(Transport::Bus));
        assert_eq!(transport("--transport ws", None), ws(&["ws://127.0.0.1:5003"], 1));
    }

    #[test]
    fn what_is_wrong_is_said_by_the_reader_of_scenarios() {
        let text = args("--devices 70000 --rate 0 --space A --motion fly").swarm.to_toml(None);
        let mistakes = Scenario::parse(&text).unwrap_err();
        assert_eq!(mistakes.len(), 4, "{mistakes:?}");
        for wrong in ["--devices x", "--devices -1", "--fault silent", "--fault Silent=1", "--rate 1e3x", "--report"] {
            assert!(Line::try_parse_from(["simulate"].into_iter().chain(wrong.split(' '))).is_err(), "{wrong}");
        }
    }
}
