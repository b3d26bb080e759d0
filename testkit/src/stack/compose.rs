//! `compose.yaml` as Docker Compose reads it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A program that `make setup` puts into `.tools`.
///
/// # Panics
/// When it is not there.
pub fn tool(name: &str) -> PathBuf {
    let path = root().join(".tools/bin").join(name);
    assert!(path.exists(), "no {name} for the tests: run `make setup`");
    path
}

/// The variables that have no default, each with a value of its own.
pub fn required() -> BTreeMap<String, String> {
    let names = [
        "NATS_CLUSTER_PASSWORD",
        "NATS_EDGE_PASSWORD",
        "NATS_SIMULATOR_PASSWORD",
        "NATS_CDN_PASSWORD",
        "NATS_MONITOR_PASSWORD",
        "NATS_PEOPLE_PASSWORD",
        "STORE_KEY",
        "STORE_SECRET",
        "GRAFANA_PASSWORD",
    ];
    // With a digit in front, as random ones have.
    (0..).zip(names).map(|(number, name)| (name.to_owned(), format!("{number}e{}", name.to_lowercase()))).collect()
}

/// Runs `docker-compose config` with these variables, and without any `.env`.
///
/// # Panics
/// When it cannot be run.
pub fn config(variables: &BTreeMap<String, String>) -> Output {
    let mut command = Command::new(tool("docker-compose"));
    command.env_clear().envs(variables).current_dir(root());
    command.args(["--env-file", "/dev/null", "--profile", "monitoring", "config", "--format", "json"]);
    command.output().unwrap()
}

/// The file with these variables in it.
///
/// # Panics
/// When Docker Compose does not take it.
pub fn stack(variables: &BTreeMap<String, String>) -> Value {
    let output = config(variables);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One service.
#[derive(Debug, Clone)]
pub struct Service {
    /// `edge`, `nats-1` …
    pub name: String,
    /// All that is said of it.
    pub value: Value,
}

/// All services, by name.
///
/// # Panics
/// When it is no stack.
pub fn services(stack: &Value) -> Vec<Service> {
    let all = stack["services"].as_object().unwrap().iter();
    all.map(|(name, value)| Service { name: name.clone(), value: value.clone() }).collect()
}

/// One of them.
///
/// # Panics
/// When there is no such service.
pub fn service(stack: &Value, name: &str) -> Service {
    services(stack).into_iter().find(|service| service.name == name).unwrap_or_else(|| panic!("no service {name}"))
}

impl Service {
    /// Whether it is one of our roles.
    pub fn is_ours(&self) -> bool {
        self.value["image"] == "grouploop:local"
    }

    /// What is run, without the program of the image.
    pub fn command(&self) -> Vec<String> {
        texts(&self.value["command"])
    }

    /// What is run in place of the program of the image.
    pub fn entrypoint(&self) -> Vec<String> {
        texts(&self.value["entrypoint"])
    }

    /// Its health check, with the `CMD` before it.
    pub fn health(&self) -> Vec<String> {
        texts(&self.value["healthcheck"]["test"])
    }

    /// Its variables.
    ///
    /// # Panics
    /// When a value is no text.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let pairs = self.value["environment"].as_object().into_iter().flatten();
        pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
    }

    /// Folders of this machine and where they are in the container.
    ///
    /// # Panics
    /// When one has no name.
    pub fn binds(&self) -> Vec<(PathBuf, String)> {
        let volumes = self.value["volumes"].as_array().into_iter().flatten().filter(|one| one["type"] == "bind");
        volumes
            .map(|one| (one["source"].as_str().unwrap().into(), one["target"].as_str().unwrap().to_owned()))
            .collect()
    }

    /// The ports of this machine.
    ///
    /// # Panics
    /// When one has no number.
    pub fn published(&self) -> Vec<String> {
        let ports = self.value["ports"].as_array().into_iter().flatten();
        ports.map(|port| port["published"].as_str().unwrap().to_owned()).collect()
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|one| one.as_str().unwrap().to_owned()).collect()
}
