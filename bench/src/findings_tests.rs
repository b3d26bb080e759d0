//! Verdicts from figures made by hand.

use super::*;
use crate::cdn::tests::measured as turns;
use crate::scenario::SCENARIOS;

fn findings(key: char, rounds: &[&[(Metric, f64)]]) -> Findings {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.key == key).unwrap();
    let round = |figures: &&[(Metric, f64)]| Round { edge: Some(measured(figures)), relay: None };
    Findings { scenario, rounds: rounds.iter().map(round).collect(), failures: Vec::new() }
}

fn measured(figures: &[(Metric, f64)]) -> Measured {
    Measured { figures: figures.iter().copied().collect(), ..Measured::default() }
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
fn a_figure_can_have_to_be_large_enough() {
    let verdict = |millions: f64| {
        let figures = [(Metric::MixedMillions, millions), (Metric::FlockCores, 0.5), (Metric::DenseFlockCores, 0.5)];
        exit_code(&[findings('n', &[&figures])])
    };
    assert_eq!((verdict(10.0), verdict(9.9)), (0, 1));
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
        findings.rounds[0].relay = Some(measured(&[(Metric::CpuUsPerInbound, relay)]));
        findings.rows().find(|row| row.metric == Metric::CpuUsPerInbound).unwrap().verdict
    };
    assert_eq!(verdict(7.0, 4.2), Verdict::Met);
    assert_eq!(verdict(14.0, 8.4), Verdict::MetByRatio, "everything twice as slow");
    assert_eq!(verdict(16.0, 8.4), Verdict::Missed);
}

#[test]
fn a_share_is_one_of_what_the_other_gives_in_the_same_run() {
    let of = |cdn: &[f64], nginx: Option<&[f64]>| {
        let mut findings = findings('h', &[]);
        findings.rounds.push(Round { edge: Some(turns(cdn)), relay: nginx.map(turns) });
        (findings.rows().map(|row| row.verdict).collect::<Vec<_>>(), exit_code(&[findings]))
    };
    assert_eq!(of(&[60.0], Some(&[100.0])), (vec![Verdict::Met, Verdict::Shown], 0));
    assert_eq!(of(&[59.0], Some(&[100.0])), (vec![Verdict::Missed, Verdict::Shown], 1));
    assert_eq!(of(&[60.0, 6.0, 50.0], Some(&[100.0, 10.0, 100.0])).1, 0, "the middle of the turns");
    assert_eq!(of(&[60.0], None), (vec![Verdict::Invalid, Verdict::Shown], 2), "nothing to compare with");
    assert_eq!(exit_code(&[findings('h', &[])]), 0, "a CDN that nobody asked for");
}
