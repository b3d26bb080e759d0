//! The rules and the dashboards, checked with Prometheus' own `promtool`, and against the metrics that there are.

use super::catalogue::{ROLES, names, read};
use grouploop_testkit::stack::compose::{root, tool};
use grouploop_testkit::{NatsServer, http_get};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the exporter makes of a NATS server's `/varz`: each number there under this prefix.
const NATS: &str = "gnatsd_varz_";
/// Prometheus' own.
const OWN: [&str; 2] = ["up", "ALERTS"];

fn monitoring() -> PathBuf {
    root().join("deploy/monitoring")
}

fn promtool(args: &[&str], file: &Path) {
    let output = Command::new(tool("promtool")).args(args).arg(file).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
}

/// The lines of the rules that begin with a key, without it.
fn rules(key: &str) -> Vec<String> {
    let text = std::fs::read_to_string(monitoring().join("rules.yml")).unwrap();
    let lines = text.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix(key));
    lines.map(|value| value.trim().to_owned()).collect()
}

struct Dashboard {
    file: String,
    value: Value,
}

fn dashboards() -> Vec<Dashboard> {
    let files = std::fs::read_dir(monitoring().join("grafana/dashboards")).unwrap();
    let read = |path: PathBuf| Dashboard {
        file: path.file_name().unwrap().to_str().unwrap().to_owned(),
        value: serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap(),
    };
    files.map(|file| read(file.unwrap().path())).collect()
}

fn panels(dashboard: &Dashboard) -> &[Value] {
    dashboard.value["panels"].as_array().unwrap()
}

/// Every query of every dashboard, as Grafana sends it.
fn queries() -> Vec<String> {
    let mut queries = Vec::new();
    for dashboard in dashboards() {
        for target in panels(&dashboard).iter().flat_map(|panel| panel["targets"].as_array().unwrap()) {
            queries.push(target["expr"].as_str().unwrap().replace("$__rate_interval", "1m"));
        }
    }
    queries
}

/// The names of metrics in a query: what is neither in quotes, nor of a label, nor a function or a word of the language.
fn metrics_in(query: &str) -> BTreeSet<String> {
    let mut plain = String::new();
    let (mut quoted, mut braces) = (false, 0);
    for c in query.chars() {
        match c {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => braces += 1,
            '}' | ']' if !quoted => braces -= 1,
            _ if quoted || braces > 0 => {}
            c => plain.push(c),
        }
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = BTreeSet::new();
    let (mut rest, mut labels) = (plain.as_str(), false);
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_' || (labels && c == ')')) {
        rest = &rest[start..];
        if rest.starts_with(')') {
            (labels, rest) = (false, &rest[1..]);
            continue;
        }
        let (word, after) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
        rest = after;
        if labels {
            continue;
        }
        labels = ["by", "without", "on", "ignoring"].contains(&word);
        let language = labels || ["or", "and", "unless", "offset", "bool", "m"].contains(&word);
        let number = word.len() < 2;
        if !language
            && !number
            && !after.trim_start().starts_with('(')
            && !["sum", "count", "min", "max"].contains(&word)
        {
            found.insert(word.to_owned());
        }
    }
    found
}

#[test]
fn the_names_in_a_query_are_found() {
    let query =
        "sum by (job, le) (rate(one_total{a=\"x_total\"}[5m])) / on (b) count(two offset 10m) > 0.5 or three - time()";
    assert_eq!(metrics_in(query), ["one_total", "two", "three"].map(str::to_owned).into());
}

#[test]
fn promtool_takes_the_configuration_and_every_alert_fires_and_does_not() {
    promtool(&["check", "config"], &monitoring().join("prometheus.yml"));
    promtool(&["test", "rules"], &monitoring().join("rules.test.yml"));
    let tests = std::fs::read_to_string(monitoring().join("rules.test.yml")).unwrap();
    for alert in rules("alert:") {
        assert!(tests.contains(&format!("- alertname: {alert}\n")), "{alert} is seen to fire");
        assert!(tests.contains(&format!("- {{ alertname: {alert}, ")), "{alert} is seen not to fire");
    }
}

#[test]
fn every_alert_has_its_section_in_the_runbooks() {
    let runbooks = std::fs::read_to_string(root().join("docs/runbooks.md")).unwrap();
    let sections: BTreeSet<String> = runbooks
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|heading| {
            format!(
                "'{{{{ or $externalLabels.docs \"http://localhost:5006\" | reReplaceAll \"/+$\" \"\" }}}}/runbooks/#{}'",
                heading.to_lowercase().replace(' ', "-")
            )
        })
        .collect();
    let named: BTreeSet<String> = rules("runbook_url:").into_iter().collect();
    assert_eq!(named, sections);
    let alerts = rules("alert:");
    assert_eq!(rules("runbook_url:").len(), alerts.len());
    for alert in alerts {
        assert!(runbooks.contains(&format!("`{alert}`")), "{alert}");
    }
}

#[test]
fn every_query_of_the_dashboards_parses() {
    let mut rules = "groups:\n  - name: dashboards\n    rules:\n".to_owned();
    for (number, query) in queries().iter().enumerate() {
        let _ =
            writeln!(rules, "      - record: panel_{number}\n        expr: {}", serde_json::to_string(query).unwrap());
    }
    let file = std::env::temp_dir().join(format!("grouploop-queries-{}.yml", std::process::id()));
    std::fs::write(&file, rules).unwrap();
    promtool(&["check", "rules"], &file);
    std::fs::remove_file(&file).unwrap();
}

/// Every query of the rules and of the dashboards.
fn all_queries() -> Vec<String> {
    let text = std::fs::read_to_string(monitoring().join("rules.yml")).unwrap();
    // A rule's query is what stands between its `expr` and the next key.
    let of_rules = text.split("expr: ").skip(1).map(|part| {
        let end = part.find("\n        for:").or_else(|| part.find("\n        labels:")).unwrap();
        part[..end].trim_start_matches('|').to_owned()
    });
    of_rules.chain(queries()).collect()
}

/// The labels of our own that a query asks for, each with a value, or with what it begins with before `.*`.
fn labels_in(query: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (at, _) in query.match_indices('"') {
        let before = query[..at].trim_end_matches(['=', '~', '!']);
        // A quote that closes has no operator before it.
        if before.len() == at {
            continue;
        }
        let label = &before[before.rfind(|c| !is_name(c)).map_or(0, |end| end + 1)..];
        let values = query[at + 1..].split('"').next().unwrap();
        // Prometheus sets these itself.
        if !["job", "instance", "alertstate"].contains(&label) {
            found.extend(values.split('|').map(|value| (label.to_owned(), value.to_owned())));
        }
    }
    found
}

#[test]
fn every_query_is_about_labels_that_exist() {
    let mut known = BTreeSet::new();
    for metric in ROLES.iter().flat_map(|role| read(&(role.told)())) {
        for (label, values) in metric.labels {
            known.extend(values.into_iter().map(|value| (label.clone(), value)));
        }
    }
    let asked: Vec<(String, String)> = all_queries().iter().flat_map(|query| labels_in(query)).collect();
    assert!(asked.len() > 8, "{asked:?}");
    for (label, value) in asked {
        let is_known = match value.strip_suffix(".*") {
            Some(start) => known.iter().any(|(other, value)| *other == label && value.starts_with(start)),
            None => known.contains(&(label.clone(), value.clone())),
        };
        assert!(is_known, "no metric has {label}=\"{value}\"");
    }
}

#[tokio::test]
async fn every_query_is_about_metrics_that_exist() {
    let server = NatsServer::with_config("http_port: -1").await;
    let varz = http_get(server.http_addr().await, "/varz").await.json();
    let numbers = varz.as_object().unwrap().iter().filter(|(_, value)| value.is_number());
    let mut known = names();
    known.extend(numbers.map(|(name, _)| format!("{NATS}{name}")));
    known.extend(OWN.map(str::to_owned));
    let all = all_queries();
    assert!(all.len() > 60, "{} queries", all.len());
    for query in all {
        let metrics = metrics_in(&query);
        assert!(!metrics.is_empty(), "{query}");
        for metric in metrics {
            assert!(known.contains(&metric), "{metric} in {query}");
        }
    }
}

#[test]
fn every_panel_says_what_it_shows_and_in_which_unit() {
    let mut ids = BTreeSet::new();
    for dashboard in dashboards() {
        let Dashboard { file, value } = &dashboard;
        assert!(ids.insert(value["uid"].as_str().unwrap().to_owned()), "{file}");
        let mut numbers = BTreeSet::new();
        for panel in panels(&dashboard) {
            let title = panel["title"].as_str().unwrap();
            assert!(numbers.insert(panel["id"].as_u64().unwrap()), "{file}: {title}");
            assert!(!panel["description"].as_str().unwrap().is_empty(), "{file}: {title}");
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{file}: {title}");
            let place = &panel["gridPos"];
            let number = |key: &str| place[key].as_u64().unwrap();
            assert!(number("x") + number("w") <= 24 && number("h") > 0, "{file}: {title}");
        }
    }
    assert_eq!(ids, ["cdn", "edges", "nats", "system"].map(|name| format!("grouploop-{name}")).into());
}
