//! Tables and JSON from what was found.

use crate::cdn::turn::Turn;
use crate::findings::Findings;
use crate::measured::{Measured, Round, median};
use crate::simulator::ran::Run;
use crate::swarm::Outcome;
use grouploop_bench::table::{number, render};
use serde_json::json;

/// A machine is called idle when others use no more of it than this.
const IDLE: f64 = 0.1;
const MIB: f64 = 1_048_576.0;

/// The targets and what became of them.
pub(crate) fn targets(all: &[Findings]) -> String {
    let head = [
        "scenario",
        "what",
        "target",
        "measured",
        "relay, nginx or NATS, same run",
        "ratio (target's)",
        "known: relay / other relay / Python",
        "verdict",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for findings in all {
        for (index, row) in findings.rows().enumerate() {
            let (what, unit) = row.metric.words();
            let with_unit = |value: f64| format!("{} {unit}", number(value)).trim_end().to_owned();
            let figure = |value: Option<f64>| value.map_or("–".into(), with_unit);
            let target = match (row.limit, row.least, row.share) {
                (Some(0.0), ..) => "0".into(),
                (Some(limit), ..) => format!("≤ {}", with_unit(limit)),
                (None, Some(least), _) => format!("≥ {}", with_unit(least)),
                (None, None, Some(share)) => format!("≥ {:.0} % of nginx", share * 100.0),
                (None, None, None) => String::new(),
            };
            let ratio = match (row.ratio, row.ratio_allowed.or(row.share)) {
                (Some(ratio), Some(allowed)) => format!("{ratio:.2} ({allowed:.2})"),
                (None, Some(allowed)) => format!("– ({allowed:.2})"),
                _ => String::new(),
            };
            let title = format!("{}: {}", row.scenario, findings.scenario.name);
            rows.push(vec![
                if index == 0 { title } else { String::new() },
                what.into(),
                target,
                figure(row.edge),
                figure(row.relay),
                ratio,
                row.known.map_or(String::new(), |known| format!("{} / {}", known.relay, known.others)),
                row.verdict.word().into(),
            ]);
        }
    }
    render(&rows)
}

/// How the loads behind the figures ran: all latencies, and what the generator itself did.
pub(crate) fn loads(all: &[Findings]) -> String {
    let head = [
        "load",
        "server",
        "frames/s in",
        "out",
        "p50 ms",
        "p90",
        "p99",
        "p99.9",
        "max",
        "server cores",
        "generator µs/frame",
        "its lag p99 ms",
        "other load",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for findings in all {
        for (name, pick) in [
            ("edge", (|round| round.edge.as_ref()) as fn(&Round) -> Option<&Measured>),
            ("relay", |round| round.relay.as_ref()),
        ] {
            // Invalid ones are shown when there is nothing else.
            let mut outcomes: Vec<&Outcome> =
                findings.rounds.iter().filter_map(|round| pick(round)?.outcome.as_ref()).collect();
            let is_valid = outcomes.iter().any(|outcome| outcome.valid);
            outcomes.retain(|outcome| outcome.valid == is_valid);
            if outcomes.is_empty() {
                continue;
            }
            let figure = |of: fn(&Outcome) -> f64| {
                number(median(outcomes.iter().map(|outcome| of(outcome)).collect()).unwrap_or(f64::NAN))
            };
            rows.push(vec![
                findings.scenario.key.to_string(),
                if is_valid { name.into() } else { format!("{name} (invalid)") },
                figure(|load| (load.inbound as f64 / load.seconds).round()),
                figure(|load| (load.delivered as f64 / load.seconds).round()),
                figure(|load| load.latency.p50_ms),
                figure(|load| load.latency.p90_ms),
                figure(|load| load.latency.p99_ms),
                figure(|load| load.latency.p999_ms),
                figure(|load| load.latency.max_ms),
                figure(|load| load.server_cpu_seconds / load.seconds),
                figure(|load| load.generator_us_per_inbound),
                figure(|load| load.generator_lag_p99_ms),
                format!("{} %", figure(|load| (load.foreign_load * 100.0).round())),
            ]);
        }
    }
    if rows.len() > 1 { render(&rows) } else { String::new() }
}

/// What wrk saw of the CDN and of nginx.
pub(crate) fn turns(all: &[Findings]) -> String {
    let head = [
        "file",
        "server",
        "requests/s",
        "MB/s",
        "p50 ms",
        "p90",
        "p99",
        "p99.9",
        "max",
        "server cores",
        "µs/request",
        "wrk's cores",
        "other load",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for findings in all {
        for (name, pick) in [
            ("CDN", (|round| round.edge.as_ref()) as fn(&Round) -> Option<&Measured>),
            ("nginx", |round| round.relay.as_ref()),
        ] {
            let turns: Vec<&Turn> = findings.rounds.iter().filter_map(pick).flat_map(|side| &side.turns).collect();
            if turns.is_empty() {
                continue;
            }
            let middle = |of: fn(&Turn) -> f64| median(turns.iter().map(|turn| of(turn)).collect()).unwrap_or(f64::NAN);
            let figure = |of: fn(&Turn) -> f64| number(middle(of));
            rows.push(vec![
                findings.scenario.key.to_string(),
                name.into(),
                figure(|turn| turn.requests_per_second.round()),
                figure(|turn| turn.mb_per_second.round()),
                figure(|turn| turn.latency.p50_ms),
                figure(|turn| turn.latency.p90_ms),
                figure(|turn| turn.latency.p99_ms),
                figure(|turn| turn.latency.p999_ms),
                figure(|turn| turn.latency.max_ms),
                figure(|turn| turn.server_cores),
                figure(|turn| turn.cpu_us_per_request),
                figure(|turn| turn.generator_cores),
                format!("{:.0} %", middle(|turn| turn.foreign_load) * 100.0),
            ]);
        }
    }
    if rows.len() > 1 { render(&rows) } else { String::new() }
}

/// What the simulator did, one line for each run of each round.
pub(crate) fn runs(all: &[Findings]) -> String {
    let head = [
        "run",
        "devices",
        "seconds",
        "frames scheduled",
        "sent",
        "late or skipped",
        "dropped",
        "simulator cores",
        "µs/frame",
        "its peak MB",
        "NATS or edge cores",
        "other load",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for findings in all {
        rows.extend(findings.runs().map(|run| run_row(findings.scenario.key, run)));
    }
    if rows.len() > 1 { render(&rows) } else { String::new() }
}

fn run_row(key: char, run: &Run) -> Vec<String> {
    let dropped: Vec<String> = run.dropped.iter().map(|(reason, frames)| format!("{frames} {reason}")).collect();
    vec![
        key.to_string(),
        run.devices.to_string(),
        number(run.seconds),
        run.scheduled.to_string(),
        run.sent.to_string(),
        format!("{} %", number(run.missed_percent())),
        if dropped.is_empty() { "0".into() } else { dropped.join(", ") },
        number(run.simulator_cores),
        number(run.cpu_us_per_frame),
        number(run.peak_bytes as f64 / MIB),
        number(run.server_cores),
        format!("{:.0} %", run.foreign_load * 100.0),
    ]
}

/// What a reader must know before believing the tables: failures, the speed of this machine, and who else used it.
pub(crate) fn notes(all: &[Findings]) -> String {
    let mut lines = Vec::new();
    for findings in all {
        let key = findings.scenario.key;
        lines.extend(findings.failures.iter().map(|why| format!("- {key} failed: {}", why.replace('\n', "\n  "))));
        let invalid = findings.outcomes().filter(|outcome| !outcome.valid).count();
        let all_loads = findings.outcomes().count();
        if invalid > 0 {
            lines.push(format!(
                "- {key}: {invalid} of {all_loads} loads invalid even when repeated, because the generator fell behind; they do not count."
            ));
        }
    }
    let slower = all.iter().flat_map(Findings::rows).filter_map(|row| Some(row.relay? / row.known?.relay)).collect();
    if let Some(slower) = median(slower) {
        lines.push(format!(
            "- The relay costs {slower:.1} times what it costs where the known figures come from, so they do not compare with this \
             machine's directly. The ratio does: in brackets, what a target allows where the relay has its known cost."
        ));
    }
    let during_loads = all.iter().flat_map(Findings::outcomes).map(|outcome| outcome.foreign_load);
    let during_turns = all.iter().flat_map(Findings::turns).map(|turn| turn.foreign_load);
    let during_runs = all.iter().flat_map(Findings::runs).map(|run| run.foreign_load);
    let foreign = during_loads.chain(during_turns).chain(during_runs).fold(0.0, f64::max);
    if foreign > IDLE {
        lines.push(format!(
            "- The machine was not idle: other programs took up to {:.0} % of it, which makes latencies and CPU times worse.",
            foreign * 100.0
        ));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Everything, for programs.
pub(crate) fn json(all: &[Findings], about: &[(&str, String)]) -> serde_json::Value {
    let scenarios: Vec<_> = all
        .iter()
        .map(|findings| {
            let side = |measured: &Option<Measured>| {
                measured.as_ref().map(|measured| {
                    let figures: Vec<_> = measured
                        .figures
                        .iter()
                        .map(|(metric, value)| json!({ "metric": metric, "value": value }))
                        .collect();
                    json!({
                        "figures": figures,
                        "load": measured.outcome,
                        "turns": measured.turns,
                        "runs": measured.runs,
                    })
                })
            };
            let rounds: Vec<_> = findings
                .rounds
                .iter()
                .map(|round| json!({ "edge": side(&round.edge), "relay": side(&round.relay) }))
                .collect();
            json!({
                "key": findings.scenario.key,
                "name": findings.scenario.name,
                "targets": findings.rows().collect::<Vec<_>>(),
                "rounds": rounds,
                "failures": findings.failures,
            })
        })
        .collect();
    let about: serde_json::Map<_, _> = about.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({ "about": about, "scenarios": scenarios })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cdn::tests::measured;
    use crate::metric::Metric;
    use crate::scenario::SCENARIOS;

    fn side(metric: Metric, figure: f64) -> Option<Measured> {
        Some(Measured { figures: [(metric, figure)].into(), ..Measured::default() })
    }

    fn findings(edge: f64, relay: f64) -> Findings {
        let metric = Metric::CpuUsPerInbound;
        of('d', Round { edge: side(metric, edge), relay: side(metric, relay) })
    }

    fn of(key: char, round: Round) -> Findings {
        let scenario = SCENARIOS.iter().find(|scenario| scenario.key == key).unwrap();
        Findings { scenario, rounds: vec![round], failures: vec!["no edge".into()] }
    }

    #[test]
    fn the_table_names_the_target_and_the_ratio() {
        let text = targets(&[findings(30.0, 24.0)]);
        for wanted in ["≤ 26 µs", "30 µs", "24 µs", "1.25 (2.17)", "12 / 55 / 254", "**failed**"] {
            assert!(text.contains(wanted), "no {wanted} in {text}");
        }
    }

    #[test]
    fn a_share_is_told_as_what_it_is_of() {
        let round = Round { edge: Some(measured(&[7_500.0])), relay: Some(measured(&[10_000.0])) };
        let text = targets(&[of('h', round)]);
        for wanted in ["≥ 60 % of nginx", "7500 /s", "10000 /s", "0.75 (0.60)"] {
            assert!(text.contains(wanted), "no {wanted} in {text}");
        }
    }

    #[test]
    fn a_least_figure_and_the_runs_behind_it_are_told() {
        let run = Run {
            devices: 50_000,
            seconds: 14.0,
            scheduled: 14_000_000,
            sent: 13_999_000,
            missed: 140_000,
            dropped: [("bus_away".to_owned(), 1_000)].into(),
            connections: (0, 0),
            simulator_cores: 0.5,
            server_cores: 0.25,
            cpu_us_per_frame: 0.5,
            foreign_load: 0.5,
            peak_bytes: 32 << 20,
        };
        let measured = Measured { runs: vec![run], ..side(Metric::FramesPerSecond, 999_929.0).unwrap() };
        let all = [of('l', Round { edge: Some(measured), relay: None })];
        assert!(targets(&all).contains("| ≥ 999000 /s | 999929 /s |"), "{}", targets(&all));
        let row = "| l   | 50000   | 14      | 14000000         | 13999000 | 1 %             | 1000 bus_away |";
        assert!(runs(&all).contains(row), "{}", runs(&all));
        assert!(notes(&all).contains("took up to 50 %"), "{}", notes(&all));
    }

    #[test]
    fn notes_tell_failures_and_the_speed_of_the_machine() {
        let text = notes(&[findings(30.0, 24.0)]);
        assert!(text.starts_with("- d failed: no edge\n- The relay costs 2.0 times"), "{text}");
    }
}
