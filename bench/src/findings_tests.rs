//! Verdicts from figures made by hand.

use super::*;
use crate::scenario::SCENARIOS;

fn findings(key: char, rounds: &[&[(Metric, f64)]]) -> Findings {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.key == key).unwrap();
    let round = |figures: &&[(Metric, f64)]| Round {
        edge: Some(Measured { figures: figures.iter().copied().collect(), outcome: None }),
        relay: None,
    };
    Findings { scenario, rounds: rounds.iter().map(round).collect(), failures: Vec::new() }
}

fn memory(kb: f64) -> [(Metric, f64); 2] {
    [(Metric::ViewerKb, kb), (Metric::DeviceKb, 8.0)]
}

#[test]
fn medians_are_judged_and_decide_the_exit_code() {
    let met = findings('e', &[&memory(5.0), &memory(9.0), &memory(5.5)]);
    assert!(met.rows().all(|row| row.verdict == Verdict::Met));
    assert_eq!(exit_code(&[met]), 0);
    assert_eq!(exit_code(&[findings('e', &[&memory(6.1)])]), 1);
}

#[test]
fn one_bad_round_spoils_a_count() {
    let quiet = [(Metric::CommandsLost, 0.0), (Metric::CommandP99Ms, 2.0)];
    let lossy = [(Metric::CommandsLost, 1.0), (Metric::CommandP99Ms, 2.0)];
    assert_eq!(exit_code(&[findings('f', &[&quiet, &quiet, &quiet])]), 0);
    assert_eq!(exit_code(&[findings('f', &[&quiet, &lossy, &quiet])]), 1);
}

#[test]
fn what_could_not_be_measured_is_no_success() {
    let mut broken = findings('e', &[]);
    assert_eq!(exit_code(&[findings('e', &[])]), 0, "an edge that nobody asked for");
    broken.failures.push("no edge".into());
    assert_eq!(exit_code(&[broken]), 2);
    assert_eq!(exit_code(&[findings('e', &[&[]])]), 2, "measured, but no round was valid");
}

#[test]
fn an_even_number_of_rounds_has_a_median_too() {
    assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
    assert_eq!(median(vec![]), None);
}

#[test]
fn a_slower_machine_is_judged_by_the_ratio_to_its_relay() {
    let verdict = |edge: f64, relay: f64| {
        let mut findings = findings('a', &[&[(Metric::CpuUsPerInbound, edge)]]);
        let figures = [(Metric::CpuUsPerInbound, relay)].into_iter().collect();
        findings.rounds[0].relay = Some(Measured { figures, outcome: None });
        findings.rows().find(|row| row.metric == Metric::CpuUsPerInbound).unwrap().verdict
    };
    assert_eq!(verdict(7.0, 4.2), Verdict::Met);
    assert_eq!(verdict(14.0, 8.4), Verdict::MetByRatio, "everything twice as slow");
    assert_eq!(verdict(16.0, 8.4), Verdict::Missed);
}
