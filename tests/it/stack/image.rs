//! What the Dockerfile builds, as far as that can be seen without an engine.

use super::files::{read, said};
use grouploop_testkit::stack::compose::{root, tool};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with what a stage has copied from the context of the build, gone when dropped.
struct Stage {
    folder: PathBuf,
    lines: Vec<String>,
}

impl Stage {
    /// Copies up to the first `RUN` that has this in it, or to the end of the stage.
    fn new(name: &str, until: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("grouploop-stage-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = read("Dockerfile").replace("\\\n", " ");
        let lines = file.lines().skip_while(|line| !line.ends_with(&format!(" AS {name}"))).skip(1);
        let lines: Vec<String> = lines.take_while(|line| !line.starts_with("FROM ")).map(str::to_owned).collect();
        for line in &lines {
            if line.starts_with("RUN ") && line.contains(until) {
                break;
            }
            let Some(files) = line.strip_prefix("COPY ").filter(|files| !files.starts_with("--from")) else { continue };
            let (sources, target) = files.rsplit_once(' ').unwrap();
            for source in sources.split(' ') {
                copy(source, &folder.join(target));
            }
        }
        Self { folder, lines }
    }

    /// The first step that has this in it.
    fn step(&self, has: &str) -> &str {
        self.lines.iter().filter_map(|line| line.strip_prefix("RUN ")).find(|step| step.contains(has)).unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// As `COPY` does: a file below a folder that exists or ends with a slash, the content of a folder; without what `.dockerignore` keeps out.
fn copy(source: &str, target: &Path) {
    let from = root().join(source);
    if from.is_file() {
        std::fs::create_dir_all(target).unwrap();
        std::fs::copy(&from, target.join(from.file_name().unwrap())).unwrap();
        return;
    }
    std::fs::create_dir_all(target).unwrap();
    for entry in std::fs::read_dir(&from).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if ["node_modules", "dist", "tests"].contains(&&*name) {
            continue;
        }
        let path = format!("{source}/{name}");
        let below = root().join(&path).is_dir();
        copy(&path, &if below { target.join(&name) } else { target.to_owned() });
    }
}

#[test]
fn the_image_has_every_port_and_copies_what_is_there() {
    let file = read("Dockerfile");
    let exposed = file.lines().find_map(|line| line.strip_prefix("EXPOSE ")).unwrap();
    assert_eq!(exposed, "5003 5004 5005 5006 5007 5008 5009 5010");
    for line in file.lines().filter(|line| line.starts_with("COPY ") && !line.contains("--from")) {
        let mut words: Vec<&str> = line.split(' ').skip(1).collect();
        words.pop();
        for source in words {
            assert!(root().join(source).exists(), "{line}");
            let top = source.split('/').next().unwrap();
            let ignored =
                read(".dockerignore").lines().all(|line| line != format!("!{top}") && line != format!("!{source}"));
            assert!(!ignored, "{source} is let into the build");
        }
    }
    for member in ["bridge", "serve", "edge", "cdn", "monitor", "simulator", "ui", "testkit", "bench"] {
        assert!(file.contains(&format!("COPY {member}/Cargo.toml {member}/")), "{member}");
    }
    let manifest = read("Cargo.toml");
    let members = manifest.lines().find(|line| line.starts_with("members = ")).unwrap();
    assert_eq!(members.matches('"').count(), 2 * 9, "each has its line in the Dockerfile");
}

/// The layer of what we depend on is built before any code of ours is there, so its step must make each file that Cargo looks for.
#[test]
fn the_layer_of_dependencies_has_all_that_cargo_looks_for() {
    let stage = Stage::new("build", "cargo build");
    let (step, _) = stage.step("cargo build").split_once("&& cargo build").unwrap();
    assert!(Command::new("sh").arg("-c").arg(step).current_dir(&stage.folder).status().unwrap().success());
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(&stage.folder);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let known: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = known["packages"].as_array().unwrap();
    for target in packages.iter().flat_map(|package| package["targets"].as_array().unwrap()) {
        // Tests are not built there.
        let path = target["src_path"].as_str().unwrap();
        assert!(target["kind"] == json!(["test"]) || Path::new(path).is_file(), "{path}");
    }
}

/// The documentation is built of what its stage has, which is not the whole repository.
#[test]
fn the_documentation_is_built_of_what_its_stage_has() {
    let stage = Stage::new("docs", "mkdocs");
    std::os::unix::fs::symlink(root().join("ui/docs/node_modules"), stage.folder.join("ui/docs/node_modules")).unwrap();
    let step = stage.step("mkdocs").replacen("mkdocs", "python3 -m mkdocs", 1);
    let mut command = Command::new("sh");
    command.arg("-c").arg(step).current_dir(&stage.folder);
    command.env("PYTHONPATH", root().join(".tools/docs")).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(stage.folder.join("ui/docs/dist/index.html").is_file());
}

#[test]
fn the_linter_finds_nothing_in_the_dockerfile() {
    let output = Command::new(tool("hadolint")).arg(root().join("Dockerfile")).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}
