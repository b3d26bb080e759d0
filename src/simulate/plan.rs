//! What is to be run: from a file, an example that the program brings along, or flags. Everything that is wrong is said at once.

use super::args::SimulateArgs;
use super::default_edge;
use crate::settings::Settings;
use grouploop_bridge::EngineKind;
use grouploop_simulator::report::Expectations;
use grouploop_simulator::scenario::{EXAMPLES, MAX_SCENARIO_BYTES, Scenario, Swarm, Transport};
use std::io::Read as _;
use std::path::Path;

/// What is to be run, and how it is looked at.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) swarms: Vec<Swarm>,
    /// Edges to look through.
    pub(super) edges_watched: Vec<String>,
    /// Whether to look at the bus.
    pub(super) watches_bus: bool,
    pub(super) expectations: Expectations,
    /// What people should know before it begins.
    pub(super) notice: Option<String>,
}

impl Plan {
    /// Reads it.
    ///
    /// # Errors
    /// Every mistake, in a line each.
    pub(super) fn read(args: &SimulateArgs, settings: &Settings) -> Result<Self, Vec<String>> {
        let embedded = settings.bus.engine == EngineKind::Embedded;
        let edge = default_edge(settings).map_err(|error| vec![error])?;
        let mut swarms = match &args.scenario {
            Some(file) if !args.swarm.is_empty() => {
                let file = file.display();
                return Err(vec![format!(
                    "the scenario {file} says what its swarms are: leave the flags of a swarm out, or change a copy of it (edges without a name \
                     in it are those of ui.ws_default_url: --set ui.ws_default_url=ws://…)"
                )]);
            }
            Some(file) => from_file(file)?,
            None => {
                let ws = embedded.then(|| vec![edge.clone()]);
                let text = args.swarm.to_toml(ws.as_deref());
                let scenario = Scenario::parse(&text).map_err(|mistakes| {
                    mistakes.into_iter().map(|mistake| format!("simulate: {}", mistake.text)).collect::<Vec<_>>()
                })?;
                scenario.swarms
            }
        };
        let mut notice = None;
        if embedded {
            if args.swarm.transport.as_deref() == Some("bus") {
                return Err(vec![
                    "--transport bus needs a bus that several processes share: add --nats nats://…, or leave it out"
                        .to_owned(),
                ]);
            }
            let moved = over_websockets(&mut swarms, &edge);
            if moved > 0 && args.scenario.is_some() {
                notice = Some(format!(
                    "bus.engine is embedded, which no other process shares: devices connect to {edge} over WebSocket (--nats uses a bus)"
                ));
            }
        }
        let (watches_bus, edges_watched) = watched(args.measure.as_deref(), &swarms, embedded)?;
        let measuring = watches_bus || !edges_watched.is_empty();
        let expectations = match &args.expect {
            Some(text) => Expectations::parse(text).map_err(|error| error.lines())?,
            None => Expectations::default(),
        };
        let names: Vec<&str> = swarms.iter().map(|swarm| swarm.name.as_str()).collect();
        expectations.check(&names, measuring).map_err(|error| error.lines())?;
        Ok(Self { swarms, edges_watched, watches_bus, expectations, notice })
    }
}

/// The swarms of a file, or of an example when there is no such file.
fn from_file(file: &Path) -> Result<Vec<Swarm>, Vec<String>> {
    let name = file.to_string_lossy();
    let text = match read(file) {
        Ok(text) => text,
        Err(error) => match EXAMPLES.iter().find(|(example, _)| *example == name) {
            Some((_, text)) if !file.exists() => (*text).to_owned(),
            _ => {
                let examples: Vec<&str> = EXAMPLES.iter().map(|(name, _)| *name).collect();
                return Err(vec![format!(
                    "the scenario {name} cannot be read: {error}; the examples are {}",
                    examples.join(", ")
                )]);
            }
        },
    };
    let in_file =
        |mistake: grouploop_simulator::scenario::Mistake| format!("{name}:{}: {}", mistake.line, mistake.text);
    Scenario::parse(&text)
        .map(|scenario| scenario.swarms)
        .map_err(|mistakes| mistakes.into_iter().map(in_file).collect())
}

/// Not more than a scenario may have, whatever the file is.
fn read(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(file)?.take(MAX_SCENARIO_BYTES as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// Has the swarms that were to be on the bus connect to an edge. How many these were.
fn over_websockets(swarms: &mut [Swarm], edge: &str) -> usize {
    let on_bus = swarms.iter_mut().filter(|swarm| swarm.transport == Transport::Bus);
    on_bus
        .map(|swarm| swarm.transport = Transport::Ws { edges: vec![edge.to_owned()], devices_per_connection: 1 })
        .count()
}

/// Where to look: at the bus, and through which edges.
fn watched(measure: Option<&str>, swarms: &[Swarm], embedded: bool) -> Result<(bool, Vec<String>), Vec<String>> {
    let Some(places) = measure else { return Ok((false, Vec::new())) };
    if places.is_empty() {
        // As near to what is sent as can be: the bus that all of it goes over, or the edges.
        if !embedded {
            return Ok((true, Vec::new()));
        }
        let mut edges: Vec<String> = Vec::new();
        for swarm in swarms {
            if let Transport::Ws { edges: named, .. } = &swarm.transport {
                edges.extend(named.iter().filter(|edge| !edges.contains(edge)).cloned().collect::<Vec<_>>());
            }
        }
        return Ok((false, edges));
    }
    let (bus, edges): (Vec<&str>, Vec<&str>) =
        places.split(',').map(str::trim).filter(|place| !place.is_empty()).partition(|place| *place == "bus");
    if !bus.is_empty() && embedded {
        return Err(vec![
            "--measure bus needs a bus that several processes share: add --nats nats://…, or name edges".to_owned(),
        ]);
    }
    Ok((!bus.is_empty(), edges.into_iter().map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::load;
    use std::collections::BTreeMap;

    fn settings(nats: bool) -> Settings {
        let named = if nats { vec![("--nats", "bus.engine", "nats".to_owned())] } else { Vec::new() };
        let flags = crate::settings::Flags { config: None, set: Vec::new(), named };
        load(&flags, &BTreeMap::new(), Path::new("/nonexistent")).unwrap().settings
    }

    fn read(args: &SimulateArgs, nats: bool) -> Result<Plan, Vec<String>> {
        Plan::read(args, &settings(nats))
    }

    #[test]
    fn an_example_runs_on_a_laptop_over_websockets_and_with_nats_on_the_bus() {
        let args =
            SimulateArgs { scenario: Some("workshop".into()), measure: Some(String::new()), ..Default::default() };
        let plan = read(&args, false).unwrap();
        assert!(
            matches!(&plan.swarms[0].transport, Transport::Ws { edges, .. } if edges[..] == ["ws://127.0.0.1:5003"])
        );
        assert!(plan.notice.is_some() && !plan.watches_bus && plan.edges_watched == ["ws://127.0.0.1:5003"]);
        let plan = read(&args, true).unwrap();
        assert_eq!((&plan.swarms[0].transport, plan.notice), (&Transport::Bus, None));
        assert!(plan.watches_bus && plan.edges_watched.is_empty());
    }

    #[test]
    fn every_mistake_is_said_before_anything_runs() {
        let file = std::env::temp_dir().join(format!("grouploop-{}.toml", std::process::id()));
        std::fs::write(&file, "[[swarm]]\ndevices = 0\nrate_hz = 0\n").unwrap();
        let args = |scenario: &Path| SimulateArgs { scenario: Some(scenario.into()), ..Default::default() };
        let mistakes = read(&args(&file), false).unwrap_err();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
        assert!(mistakes[0].contains(".toml:2: `devices` is 0") && mistakes[1].contains(".toml:3: "), "{mistakes:?}");
        assert!(read(&args(&file), false).unwrap_err()[0].contains("workshop, festival"));
        let with = |measure: Option<&str>, expect: Option<&str>| SimulateArgs {
            measure: measure.map(str::to_owned),
            expect: expect.map(str::to_owned),
            ..Default::default()
        };
        assert!(read(&with(Some("bus"), None), false).unwrap_err()[0].contains("--nats"));
        assert!(read(&with(None, Some("p99<20ms,nonsense=1")), false).unwrap_err().len() == 1);
        assert!(read(&with(None, Some("p99<20ms,lost=0")), true).unwrap_err()[0].contains("--measure"));
        assert!(read(&with(Some("bus"), Some("p99<20ms,lost=0")), true).is_ok());
        let mut bus = with(None, None);
        bus.swarm.transport = Some("bus".into());
        assert!(read(&bus, false).unwrap_err()[0].contains("--nats"));
        bus.scenario = Some("workshop".into());
        assert!(read(&bus, true).unwrap_err()[0].contains("leave the flags"));
    }
}
