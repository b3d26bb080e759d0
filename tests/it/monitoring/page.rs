//! `docs/metrics.md`, which is written from the code.

use super::catalogue::{Metric, ROLES, read};
use grouploop_testkit::stack::compose::root;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Set, the page is written; else it is compared.
const WRITE: &str = "GROUPLOOP_WRITE_DOCS";

const HEAD: &str = "\
# Metrics

Every role answers `/metrics` on its ports, as OpenMetrics text for Prometheus. [`deploy/monitoring/`](deploy.md#monitoring) has dashboards and alerts made of them, and [what to do
about those](runbooks.md). No label is ever a device, a space or a swarm: those are on the bus, in the heartbeats of the nodes.

Each value of a label is there from the start, at 0, but for `status`, where a value appears with the first answer of it.
";

const FOOT: &str = "
This page is written from the code, and a test compares: `GROUPLOOP_WRITE_DOCS=1 make unit ARGS=metrics_page` writes it anew.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for role in ROLES {
        let _ = write!(page, "\n## {}\n\n{}\n\n", role.name, role.about);
        page += "| name | kind | unit | meaning | labels |\n| --- | --- | --- | --- | --- |\n";
        for metric in &read(&(role.told)()) {
            let Metric { name, kind, meaning, .. } = metric;
            let _ = writeln!(page, "| `{name}` | {kind} | {} | {meaning} | {} |", unit(metric), labels(metric));
        }
    }
    page + FOOT
}

fn unit(metric: &Metric) -> &str {
    match metric.unit.as_str() {
        "" if metric.meaning.starts_with("1 while") => "1 or 0",
        "" => "number",
        unit => unit,
    }
}

fn labels(metric: &Metric) -> String {
    let label = |(name, values): (&String, &BTreeSet<String>)| match name.as_str() {
        // As many as HTTP has.
        "status" => "`status`: that of HTTP".to_owned(),
        _ => format!("`{name}`: {}", values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")),
    };
    metric.labels.iter().map(label).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_metrics_page_names_every_metric_and_nothing_else() {
    let file = root().join("docs/metrics.md");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&file, page()).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap();
    for (written, said) in written.lines().zip(page().lines()) {
        assert_eq!(written, said, "docs/metrics.md is older than the code: write it anew as its last line says");
    }
    assert_eq!(written, page());
}
