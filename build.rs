//! The commit that is built, for `--version`: GROUPLOOP_COMMIT, else what git knows of this folder, else none.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=GROUPLOOP_COMMIT");
    let named = env::var("GROUPLOOP_COMMIT").ok().map(|commit| commit.trim().to_owned());
    let commit = named.filter(|commit| !commit.is_empty()).or_else(|| {
        // A build for development would begin anew with each commit.
        (env::var("PROFILE").as_deref() == Ok("release")).then(of_this_folder)?
    });
    println!("cargo::rustc-env=GROUPLOOP_BUILT_FROM={}", commit.as_deref().unwrap_or_default());
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let version = match commit {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo::rustc-env=GROUPLOOP_VERSION={version}");
}

/// The commit of a clone that has its history; without one, or without git, there is none.
fn of_this_folder() -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|text| !text.is_empty())
    };
    // Of this folder itself, and not of one around it into which an archive was unpacked.
    let whole = git(&["rev-parse", "--show-prefix"]).is_none();
    if !whole {
        return None;
    }
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    // Grows with each commit and each change of branch.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    Some(commit)
}
