//! Every metric that there is, as the roles tell it.

use std::collections::{BTreeMap, BTreeSet};

/// A role, what is said of it, and all that it can tell.
pub(super) struct Role {
    pub(super) name: &'static str,
    pub(super) prefix: &'static str,
    pub(super) about: &'static str,
    pub(super) told: fn() -> String,
}

pub(super) const ROLES: &[Role] = &[
    role("Edge", "grouploop_edge_", "Of each edge.", grouploop_edge::metrics_catalogue),
    role("CDN", "grouploop_cdn_", "Of each CDN.", grouploop_cdn::metrics_catalogue),
    role(
        "Simulator",
        "grouploop_simulator_",
        "Of each simulator. Totals are since its start, of all swarms, also those that are gone.",
        grouploop_simulator::metrics_catalogue,
    ),
    role(
        "Pages",
        "grouploop_ui_",
        "Of the pages' server, the same at each of its ports; `page` is that of the port.",
        grouploop_ui::metrics_catalogue,
    ),
    role(
        "Monitor",
        "grouploop_monitor_",
        "Of each monitor, about its own work; what it shows of others they tell themselves.",
        grouploop_monitor::metrics_catalogue,
    ),
];

const fn role(name: &'static str, prefix: &'static str, about: &'static str, told: fn() -> String) -> Role {
    Role { name, prefix, about, told }
}

/// One metric.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Metric {
    /// With the suffix of a counter.
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) unit: String,
    pub(super) meaning: String,
    /// The values of each label.
    pub(super) labels: BTreeMap<String, BTreeSet<String>>,
}

/// Reads the text format of Prometheus.
pub(super) fn read(text: &str) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = Vec::new();
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(about) = line.strip_prefix("# ") {
            let (key, rest) = about.split_once(' ').unwrap();
            let (name, value) = rest.split_once(' ').unwrap();
            match key {
                "HELP" => {
                    let meaning = value.trim_end_matches('.').to_owned();
                    metrics.push(Metric { name: name.to_owned(), meaning, ..Metric::default() });
                }
                "TYPE" => metrics.last_mut().unwrap().kind = value.to_owned(),
                "UNIT" => metrics.last_mut().unwrap().unit = value.to_owned(),
                _ => panic!("{line}"),
            }
            continue;
        }
        let metric = metrics.last_mut().unwrap();
        let Some((_, labels)) = line.rsplit_once(' ').unwrap().0.split_once('{') else { continue };
        for label in labels.trim_end_matches('}').split(',') {
            let (name, value) = label.split_once('=').unwrap();
            metric.labels.entry(name.to_owned()).or_default().insert(value.trim_matches('"').to_owned());
        }
    }
    for metric in &mut metrics {
        metric.labels.remove("le");
        if metric.kind == "counter" {
            metric.name += "_total";
        }
    }
    metrics
}

/// The names under which Prometheus has the metrics of all roles.
pub(super) fn names() -> BTreeSet<String> {
    let metrics = ROLES.iter().flat_map(|role| read(&(role.told)()));
    let names = metrics.flat_map(|Metric { name, kind, .. }| match kind.as_str() {
        "histogram" => ["_bucket", "_sum", "_count"].map(|suffix| format!("{name}{suffix}")).to_vec(),
        _ => vec![name],
    });
    names.collect()
}

#[test]
fn every_metric_is_named_after_its_role_and_known_once() {
    for role in ROLES {
        let metrics = read(&(role.told)());
        let names: BTreeSet<&String> = metrics.iter().map(|metric| &metric.name).collect();
        assert_eq!(names.len(), metrics.len(), "{}", role.name);
        for Metric { name, kind, meaning, .. } in &metrics {
            assert!(name.starts_with(role.prefix) && !meaning.is_empty(), "{name}");
            assert!(["counter", "gauge", "histogram"].contains(&kind.as_str()), "{name} is a {kind}");
        }
    }
}
