//! Puts the files that a CDN has without a store into the crate: what `make libraries` fetched and `make web` built, as far as it is there. A
//! clone without them builds too, and says what is missing.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where files of one kind come from.
struct Source {
    /// What brings them.
    target: &'static str,
    /// Looked through for changes while a file is missing. Cargo would take a path that is not there for changed, at every build.
    folder: &'static str,
    /// Where each is served, and where it is, seen from the crate's folder.
    files: &'static [(&'static str, &'static str)],
}

const SOURCES: [Source; 2] = [
    Source {
        target: "libraries",
        folder: "libraries",
        files: &[
            ("js/p5.min.js", "libraries/node_modules/p5/lib/p5.min.js"),
            ("js/p5.sound.min.js", "libraries/node_modules/p5/lib/addons/p5.sound.min.js"),
        ],
    },
    Source {
        target: "web",
        folder: "../ui/web",
        files: &[
            ("js/HitloopDevice.js", "../ui/web/dist/js/HitloopDevice.js"),
            ("js/HitloopDeviceManager.js", "../ui/web/dist/js/HitloopDeviceManager.js"),
            ("js/grouploop.js", "../ui/web/dist/js/grouploop.js"),
            ("js/grouploop.d.ts", "../ui/web/dist/js/grouploop.d.ts"),
        ],
    },
];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo names no OUT_DIR"))?);
    let mut entries = String::new();
    for Source { target, folder, files } in SOURCES {
        let mut missing = Vec::new();
        for (path, file) in files {
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
            println!("cargo::rerun-if-changed={folder}");
            let missing = missing.join(", ");
            println!("cargo::warning=the CDN is built without {missing}: run make {target}, then build again");
        }
    }
    let text = format!("pub(crate) const LIBRARIES: &[(&str, &[u8])] = &[\n{entries}];\n");
    fs::write(out.join("libraries.rs"), text)
}
