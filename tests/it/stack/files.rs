//! What the files of the deployment say, against each other and against the binary.

use grouploop_testkit::NatsServer;
use grouploop_testkit::stack::compose::{Service, required, root, service, services, stack};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Command, Output};

pub(super) fn grouploop(args: &[&str], environment: &BTreeMap<String, String>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grouploop"));
    command.env_clear().current_dir(std::env::temp_dir()).args(args).envs(environment).output().unwrap()
}

pub(super) fn said(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap()
}

pub(super) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn every_container_is_nobody_special_and_bounded() {
    for Service { name, value } in services(&stack(&required())) {
        assert_eq!(value["read_only"], true, "{name}");
        assert_eq!(value["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(value["security_opt"], json!(["no-new-privileges:true"]), "{name}");
        assert_eq!(value["networks"], json!({"hub": null}), "{name}");
        assert_eq!(value["logging"]["options"], json!({"max-size": "10m", "max-file": "3"}), "{name}");
        assert!(value["pids_limit"].is_number(), "{name}");
        assert!(value.get("privileged").is_none() && value.get("network_mode").is_none(), "{name}");
        let once = name.starts_with("store-") || ["settings", "values"].contains(&&*name);
        assert_eq!(value["restart"], if once { "no" } else { "unless-stopped" }, "{name}");
        assert!(once || value["mem_limit"].is_string(), "{name}");
        // The one that gives a new volume to its user.
        assert_eq!(value["user"].as_str().unwrap().starts_with("0:"), name == "store-folder", "{name}");
        assert!(once || name == "nats-exporter" || value["healthcheck"]["test"].is_array(), "{name}");
        for volume in value["volumes"].as_array().into_iter().flatten() {
            assert!(volume["source"].is_string(), "{name}: {volume} has a name, so it does not pile up");
        }
        let from_here = value["volumes"].as_array().into_iter().flatten().filter(|one| one["type"] == "bind");
        assert!(from_here.into_iter().all(|volume| volume["read_only"] == true), "{name}");
    }
}

#[test]
fn only_the_ports_for_people_and_devices_are_published() {
    let mut ports = BTreeMap::new();
    for service in services(&stack(&required())) {
        ports.extend(service.published().into_iter().map(|port| (port, service.name.clone())));
    }
    let expected = [
        ("3000", "grafana"),
        ("5003", "balancer"),
        ("5004", "ui"),
        ("5005", "simulator"),
        ("5006", "ui"),
        ("5007", "ui"),
        ("5008", "cdn"),
        ("5009", "ui"),
        ("5010", "monitor"),
    ];
    assert_eq!(ports, expected.map(|(port, name)| (port.to_owned(), name.to_owned())).into());
    let grafana = &service(&stack(&required()), "grafana").value["ports"][0];
    assert_eq!(grafana["host_ip"], "127.0.0.1");
}

#[test]
fn what_is_bound_into_a_container_is_there() {
    for service in services(&stack(&required())) {
        for (source, target) in service.binds().into_iter().filter(|(_, target)| target != "/apps") {
            assert!(source.exists(), "{}: {} for {target}", service.name, source.display());
            for argument in service.command().iter().filter_map(|argument| argument.rsplit('=').next()) {
                if let Some(file) = argument.strip_prefix(&format!("{target}/")) {
                    assert!(source.join(file).is_file(), "{}: {argument}", service.name);
                }
            }
        }
    }
}

/// Nothing starts before the settings were found good, and nothing that they do not name gets past them.
#[test]
fn everything_waits_until_the_settings_were_looked_at() {
    let stack = stack(&required());
    let waits_for = |service: &Service| -> Vec<(String, String)> {
        let all = service.value["depends_on"].as_object().into_iter().flatten();
        all.map(|(name, how)| (name.clone(), how["condition"].as_str().unwrap().to_owned())).collect()
    };
    fn waits(name: &str, all: &BTreeMap<String, Vec<(String, String)>>) -> bool {
        all[name]
            .iter()
            .any(|(other, how)| (other == "settings" && how == "service_completed_successfully") || waits(other, all))
    }
    let all: BTreeMap<_, _> =
        services(&stack).iter().map(|service| (service.name.clone(), waits_for(service))).collect();
    for name in all.keys().filter(|name| !["settings", "values"].contains(&name.as_str())) {
        assert!(waits(name, &all), "{name}");
    }
    assert_eq!(all["settings"], [("values".to_owned(), "service_completed_successfully".to_owned())]);
    let looked_at = service(&stack, "settings").environment();
    for role in ["edge", "cdn", "simulator", "monitor", "ui"] {
        for name in service(&stack, role).environment().keys() {
            assert!(looked_at.contains_key(name), "{name} of {role}");
        }
    }
}

/// What a role writes on a file system that it cannot change.
#[test]
fn recordings_are_in_a_volume_of_their_own() {
    let simulator = service(&stack(&required()), "simulator");
    let volume = &simulator.value["volumes"][0];
    assert_eq!((&volume["type"], &volume["source"]), (&json!("volume"), &json!("recordings")));
    let folder = &simulator.environment()["GROUPLOOP_SIMULATOR__RECORDINGS"];
    assert!(folder.starts_with(volume["target"].as_str().unwrap()), "{folder}");
    // The image has that folder, so a new volume belongs to the user that it belongs to there.
    assert!(read("Dockerfile").contains(&format!("COPY --from=build --chown=65532:65532 {0} {0}\n", "/data")));
}

/// The image of the store has a folder there, of another user, which a new volume would begin with.
#[test]
fn the_volume_of_the_store_begins_empty() {
    for name in ["store", "store-folder"] {
        let volume = &service(&stack(&required()), name).value["volumes"][0];
        assert_eq!((&volume["source"], &volume["volume"]["nocopy"]), (&json!("store"), &json!(true)), "{name}");
    }
}

#[test]
fn every_command_and_setting_is_one_of_the_binary() {
    let stack = stack(&required());
    let ours = services(&stack).into_iter().filter(|service| service.is_ours() && service.name != "settings");
    let ours: Vec<Service> = ours.collect();
    assert_eq!(ours.len(), 5);
    for service in ours {
        let (command, environment) = (service.command(), service.environment());
        let [role] = &command[..] else { panic!("{}: {command:?}", service.name) };
        let help = grouploop(&[role, "--help"], &BTreeMap::new());
        assert!(help.status.success(), "{role}: {}", said(&help));
        let output = grouploop(&["config", "--format", "json"], &environment);
        assert!(output.status.success(), "{}: {}", service.name, said(&output));
        let settings: Value = serde_json::from_slice(&output.stdout).unwrap();

        // A wrong value is named.
        for (name, value) in &environment {
            if value.parse::<u32>().is_ok() {
                let mut environment = environment.clone();
                environment.insert(name.clone(), "many".into());
                let output = grouploop(&["config"], &environment);
                assert_eq!(output.status.code(), Some(64), "{name}");
                assert!(said(&output).trim_end().lines().count() == 1 && said(&output).contains(name), "{name}");
            }
        }

        // It has time to go before it is killed.
        let number = |key: &str| settings[role][key]["value"].as_u64().unwrap_or(0);
        let drain = number("lame_duck_ms") + number("drain_timeout_ms");
        let grace = seconds(service.value["stop_grace_period"].as_str().unwrap()) * 1000;
        // The bus is drained after the connections, and swarms leave after them.
        assert!(grace >= 2 * drain, "{}: {grace} ms for {drain} ms", service.name);
        assert_eq!(service.value.get("stop_signal"), None, "SIGTERM");

        // It is asked where it listens.
        let health = service.health();
        let [kind, program, verb, url] = &health[..] else { panic!("{}: {health:?}", service.name) };
        assert_eq!([kind, program, verb], ["CMD", "/grouploop", "health"]);
        let listen = settings[role]["listen"]["value"].as_str().unwrap();
        assert_eq!(url.rsplit(':').next(), listen.rsplit(':').next(), "{}", service.name);
    }
}

#[test]
fn the_monitor_asks_every_nats_server_of_the_stack() {
    let stack = stack(&required());
    let servers = services(&stack).into_iter().filter(|service| service.command().iter().any(|one| one == "--name"));
    let servers: Vec<String> = servers.map(|service| format!("http://{}:8222", service.name)).collect();
    let monitor = service(&stack, "monitor").environment();
    assert_eq!(monitor["GROUPLOOP_MONITOR__NATS_URLS"], servers.join(","));
}

#[test]
fn every_role_is_asked_for_its_figures_where_it_has_them() {
    let asked = read("deploy/monitoring/prometheus.yml");
    for service in services(&stack(&required())).iter().filter(|one| one.is_ours() && one.name != "settings") {
        let (name, health) = (&service.name, service.health());
        let port = health.last().and_then(|url| url.rsplit(':').next()).unwrap();
        let fixed = format!("- job_name: {name}\n    static_configs: [{{ targets: [\"{name}:{port}\"] }}]\n");
        let found =
            format!("- job_name: {name}\n    dns_sd_configs:\n      - {{ names: [{name}], type: A, port: {port}, ");
        assert!(asked.contains(&fixed) || asked.contains(&found), "{name}");
    }
}

fn seconds(text: &str) -> u64 {
    text.strip_suffix('s').unwrap().parse().unwrap()
}

#[test]
fn a_nats_server_has_time_to_send_its_clients_away() {
    let limits = read("nats/limits.conf");
    let setting = |name: &str| {
        let value = limits.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap();
        seconds(value.trim_matches('"'))
    };
    let lame_duck = setting("lame_duck_duration") + setting("lame_duck_grace_period");
    for name in ["nats-1", "nats-2", "nats-3"] {
        let nats = service(&stack(&required()), name).value;
        assert_eq!(nats["stop_signal"], "SIGUSR2");
        assert!(seconds(nats["stop_grace_period"].as_str().unwrap()) > lame_duck, "{name}");
    }
    assert!(NatsServer::program().is_file());
}

#[test]
fn the_ports_of_pages_follow_their_variables() {
    let ports = ["EDGE", "DASHBOARD", "SIMULATOR", "EMULATOR", "CDN", "CONTROL", "DOCS", "MONITOR"];
    let mut variables = required();
    variables.extend((6001..).zip(ports).map(|(port, name)| (format!("{name}_PORT"), port.to_string())));
    let stack = stack(&variables);
    let (ui, monitor) = (service(&stack, "ui"), service(&stack, "monitor"));
    let settings = |service: &Service| -> Value {
        let output = grouploop(&["config", "--format", "json"], &service.environment());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (told, told_by_monitor) = (settings(&ui), settings(&monitor));
    for (port, (section, key)) in (6001..).zip([
        ("edge", "listen"),
        ("ui", "listen"),
        ("simulator", "listen"),
        ("ui", "emulator_listen"),
        ("cdn", "listen"),
        ("ui", "control_listen"),
        ("ui", "docs_listen"),
        ("monitor", "listen"),
    ]) {
        assert_eq!(told[section][key]["value"], format!("0.0.0.0:{port}"), "{section}.{key}");
        // Its own is the address that it came from.
        if section != "monitor" {
            assert_eq!(told_by_monitor[section][key]["value"], told[section][key]["value"], "{section}.{key}");
        }
    }
    assert_eq!(monitor.published(), ["6008"]);
    assert_eq!(ui.published(), ["6002", "6004", "6006", "6007"]);
    assert!(ui.health().last().unwrap().ends_with(":6002"));
}

/// systemd itself reads the units, with the binary under test where they name the installed one.
#[test]
fn systemd_takes_the_units_as_they_are() {
    let folder = std::env::temp_dir().join(format!("grouploop-units-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for role in ["edge", "cdn", "simulator", "monitor", "ui"] {
        let unit = read(&format!("deploy/systemd/grouploop-{role}.service"));
        let installed = format!("ExecStart=/usr/local/bin/grouploop {role}\n");
        assert!(unit.contains(&installed), "{role}");
        let here = installed.replace("/usr/local/bin/grouploop", env!("CARGO_BIN_EXE_grouploop"));
        let file = folder.join(format!("grouploop-{role}.service"));
        std::fs::write(&file, unit.replace(&installed, &here)).unwrap();
        let mut command = Command::new("systemd-analyze");
        let output = command.args(["verify", "--man=no"]).arg(&file).output();
        let output = output.expect("systemd-analyze can be started: `make setup` brings it");
        assert!(output.status.success() && said(&output).is_empty(), "{}", said(&output));
        // What it writes, or finds there, is in a folder of its own.
        let has_folder = ["cdn", "simulator", "ui"].contains(&role);
        assert_eq!(unit.contains("\nStateDirectory="), has_folder, "{role}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
