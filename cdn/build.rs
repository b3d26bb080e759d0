//! Puts the files that a CDN has without a store into the crate: what `make libraries` fetched, as far as it is there. A clone without it
//! builds too, and says what is missing.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the crate holds: where it is served, and the file, seen from the crate's folder.
const FILES: &[(&str, &str)] = &[
    ("js/p5.min.js", "libraries/node_modules/p5/lib/p5.min.js"),
    ("js/p5.sound.min.js", "libraries/node_modules/p5/lib/addons/p5.sound.min.js"),
];
/// Looked through for changes while a file is missing. Cargo would take a path that is not there for changed, at every build.
const WAITED_FOR_IN: &str = "libraries";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo names no OUT_DIR"))?);
    let (mut entries, mut missing) = (String::new(), Vec::new());
    for (path, file) in FILES {
        if !Path::new(file).is_file() {
            missing.push(*path);
            continue;
        }
        println!("cargo::rerun-if-changed={file}");
        // A copy, so that what is compiled names no folder of this machine.
        let copy = out.join(path);
        fs::create_dir_all(copy.parent().unwrap_or(&out))?;
        fs::copy(file, copy)?;
        let _ = writeln!(entries, "    ({path:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/\", {path:?}))),");
    }
    if !missing.is_empty() {
        println!("cargo::rerun-if-changed={WAITED_FOR_IN}");
        println!(
            "cargo::warning=the CDN is built without {}: run make libraries, then build again",
            missing.join(", ")
        );
    }
    let text = format!("pub(crate) const LIBRARIES: &[(&str, &[u8])] = &[\n{entries}];\n");
    fs::write(out.join("libraries.rs"), text)
}
