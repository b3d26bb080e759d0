//! The values of `.env`: each explained, and what is wrong with one said before anything starts.

use super::files::{grouploop, read, said};
use grouploop_testkit::stack::compose::{config, required, root, service, stack};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

#[test]
fn every_variable_is_explained_with_its_default() {
    let mut used = BTreeMap::new();
    for part in read("compose.yaml").split("${").skip(1) {
        let (variable, _) = part.split_once('}').unwrap();
        match (variable.split_once(":-"), variable.split_once(":?")) {
            (Some((name, default)), _) => {
                let before = used.insert(name.to_owned(), default.to_owned());
                assert!(before.is_none_or(|before| before == default), "{name} has two defaults");
            }
            (_, Some((name, _))) => _ = used.insert(name.to_owned(), String::new()),
            // Compose takes them in no certain order, and warns of one without a complaint before it comes to the other.
            (None, None) => panic!("{variable} has neither a default nor a complaint"),
        }
    }
    let example = read(".env.example");
    let mut explained = BTreeMap::new();
    for line in example.lines() {
        let line = line.strip_prefix('#').unwrap_or(line);
        if let Some((name, value)) = line.split_once('=')
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        {
            explained.insert(name.to_owned(), value.to_owned());
        }
    }
    assert_eq!(used, explained);
}

#[test]
fn a_variable_that_is_missing_is_named_in_one_line() {
    for name in required().keys() {
        for missing in [None, Some(String::new())] {
            let mut variables = required();
            variables.remove(name);
            variables.extend(missing.map(|empty| (name.clone(), empty)));
            let output = config(&variables);
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success(), "{name}");
            assert!(said.trim_end().lines().count() == 1 && said.contains(name), "{said}");
            assert!(said.contains("scripts/env.sh"), "{said}");
        }
    }
}

/// Those that Compose takes and a role cannot use.
const WRONG: [(&str, &str); 26] = [
    ("HOST_ADDRESS", "http://stage"),
    ("EDGE_THREADS", "many"),
    ("EDGE_MAX_CONNECTIONS", "-1"),
    ("EDGE_DRAIN_TIMEOUT_MS", "5 s"),
    ("SIMULATOR_MAX_DEVICES", "0"),
    ("SIMULATOR_MAX_FRAMES_PER_SECOND", "20000000000"),
    ("MONITOR_MAX_STREAMS", "many"),
    ("MONITOR_MAX_TAPS", "101"),
    ("LOG_FILTER", "info,grouploop=loud"),
    ("LOG_FILTER", "loud"),
    ("LOG_FORMAT", "xml"),
    ("WS_DEFAULT_URL", "http://stage.example"),
    ("CDN_BASE_URL", "stage"),
    ("CDN_BASE_URL", "http://stage.example:70000"),
    ("CDN_DEVICE_URL", "stage"),
    ("APPS_BASE_URL", "stage"),
    ("SIMULATOR_BASE_URL", "stage"),
    ("EMULATOR_URL", "stage"),
    ("MONITOR_URL", "stage"),
    ("DOCS_URL", "stage"),
    ("TRACING_ENDPOINT", "collector:4318"),
    ("TRACING_FRAMES", "few"),
    ("CDN_STORE", "bucket"),
    ("CDN_STORE_ENDPOINT", "store:8333"),
    ("CDN_STORE_ENDPOINT", "http://store:83330"),
    ("CDN_TOKEN", "short"),
];

#[test]
fn a_value_that_a_role_cannot_use_stops_the_stack_with_a_line_that_names_it() {
    let check = |variables: &BTreeMap<String, String>| {
        let settings = service(&stack(variables), "settings");
        let command = settings.command();
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        grouploop(&words, &settings.environment())
    };
    let good = check(&required());
    assert!(good.status.success() && said(&good).is_empty(), "{}", said(&good));
    for (name, value) in WRONG {
        let mut variables = required();
        variables.insert(name.into(), value.into());
        let output = check(&variables);
        assert_eq!(output.status.code(), Some(64), "{name}");
        let said = said(&output);
        let named = said.contains(&format!("which is {name} in .env)")) || said.contains(&format!(": {name})"));
        assert!(named && said.trim_end().lines().count() == 1, "{name}: {said}");
    }
    // One that has a part in three roles.
    let mut variables = required();
    variables.insert("ALLOW_ORIGINS".into(), "stage".into());
    let output = check(&variables);
    let said = said(&output);
    assert!(said.lines().count() == 3 && said.lines().all(|line| line.contains("which is ALLOW_ORIGINS in")), "{said}");
}

/// Those that no role sees, and that Compose and the images of others take, or complain of without a name.
#[test]
fn a_value_that_no_role_sees_stops_the_stack_with_a_line_that_names_it() {
    let check = |variables: &[(&str, &str)]| {
        let mut all = required();
        all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let values = service(&stack(&all), "values");
        let [sh, script, argument] = &values.entrypoint()[..] else { panic!("{:?}", values.entrypoint()) };
        let script = root().join(script.strip_prefix("/stack/").unwrap());
        Command::new(sh).arg(script).arg(argument).env_clear().envs(values.environment()).output().unwrap()
    };
    let good = check(&[]);
    assert!(good.status.success() && said(&good).is_empty(), "{}", said(&good));
    for (name, value) in [
        ("EDGE_REPLICAS", "0"),
        ("EDGE_PORT", "0"),
        ("DOCS_PORT", "5003"),
        ("BALANCER_RESOLVER", "127.0.0.300"),
        ("PROMETHEUS_RETENTION", "long"),
        ("STORE_VOLUMES", "0"),
        ("CDN_STORE", "file:///data"),
        ("EDGE_STOP_GRACE", "1s"),
        ("EDGE_DRAIN_TIMEOUT_MS", "60000"),
        ("NATS_EDGE_PASSWORD", "a\"b"),
        ("GRAFANA_PASSWORD", "a b"),
    ] {
        let output = check(&[(name, value)]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.trim_end().lines().count() == 1 && said.contains(name), "{name}: {said}");
    }
    let output = check(&[("EDGE_DRAIN_TIMEOUT_MS", "60000"), ("EDGE_STOP_GRACE", "3m")]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn complaints_know_every_variable_by_its_name_in_env() {
    let mut made = BTreeSet::new();
    for line in read("compose.yaml").lines() {
        if let Some((name, value)) = line.trim().split_once(": ")
            && ["GROUPLOOP_", "AWS_"].iter().any(|prefix| name.starts_with(prefix))
            && name != "GROUPLOOP_COMMIT"
            // Compose lets no password be empty, and any other is good.
            && name != "GROUPLOOP_BUS__NATS__PASSWORD"
            && let Some((_, variable)) = value.split_once("${")
        {
            let end = variable.find([':', '}']).unwrap();
            made.insert(format!("{name}={}", &variable[..end]));
        }
    }
    let environment = service(&stack(&required()), "ui").environment();
    let told: BTreeSet<String> = environment["GROUPLOOP_ENV_NAMES"].split_whitespace().map(str::to_owned).collect();
    assert_eq!(told, made);
}

/// A folder with what `scripts/env.sh` needs, gone when dropped.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("grouploop-{name}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("scripts")).unwrap();
        for file in ["scripts/env.sh", ".env.example"] {
            std::fs::copy(root().join(file), folder.join(file)).unwrap();
        }
        Self(folder)
    }

    fn env_sh(&self) -> Output {
        Command::new("sh").arg(self.0.join("scripts/env.sh")).output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn env_sh_names_what_compose_tells_the_value_of_alone() {
    let folder = Folder::new("env-wrong");
    assert!(folder.env_sh().status.success());
    let file = folder.0.join(".env");
    let made = std::fs::read_to_string(&file).unwrap();
    for (name, value) in [
        ("EDGE_PORT", "many"),
        ("DASHBOARD_PORT", "70000"),
        ("SIMULATOR_PORT", "-1"),
        ("MONITOR_PORT", "5006"),
        // The default of another.
        ("CDN_PORT", "5005"),
        ("BIND", "here"),
        ("BIND", "999.1.1.1"),
        ("GRAFANA_BIND", "localhost"),
        ("BALANCER_RESOLVER", "dns"),
        ("EDGE_REPLICAS", "few"),
        ("STORE_VOLUMES", "0"),
        ("EDGE_MEMORY", "lots"),
        ("MONITOR_MEMORY", "all"),
        ("EDGE_STOP_GRACE", "soon"),
        ("EDGE_STOP_GRACE", "5s"),
        ("PROMETHEUS_RETENTION", "long"),
        ("APPS", "apps"),
        ("NATS_EDGE_PASSWORD", "a\"b"),
        ("STORE_SECRET", ""),
        ("CDN_TOKEN", "abcdefghijklmnop$later"),
        ("EDGE_PROT", "5003"),
    ] {
        std::fs::write(&file, format!("{made}COMPOSE_PROFILES=monitoring\n{name}={value}\n")).unwrap();
        let output = folder.env_sh();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.trim_end().lines().count() == 1 && said.contains(name), "{name}: {said}");
    }
    // Each default is good.
    std::fs::write(
        &file,
        made.replace("\n#", "\n")
            .lines()
            .filter(|line| line.contains('='))
            .fold(String::new(), |text, line| text + line + "\n"),
    )
    .unwrap();
    let output = folder.env_sh();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn env_sh_makes_what_the_stack_needs() {
    let folder = Folder::new("env");
    let make = || folder.env_sh();
    let folder = &folder.0;
    assert!(make().status.success());
    let made = std::fs::read_to_string(folder.join(".env")).unwrap();
    let values: BTreeMap<String, String> = made
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let passwords: BTreeSet<&String> = required().keys().map(|name| &values[name]).collect();
    assert!(passwords.len() == required().len() && passwords.iter().all(|one| one.len() == 48), "{made}");
    assert!(config(&values).status.success());
    // A second time changes nothing.
    assert!(make().status.success());
    assert_eq!(std::fs::read_to_string(folder.join(".env")).unwrap(), made);
    // Who runs in a container is nobody here, and has to read it.
    std::fs::set_permissions(folder.join(".env.example"), Permissions::from_mode(0o640)).unwrap();
    let output = make();
    assert!(!output.status.success() && said(&output).contains(".env.example: the users of the containers"));
}
