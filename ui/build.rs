//! Puts the pages that `make web` built into the crate, and the documentation that `make docs` built, as far as they are there. A clone
//! without them builds too, and says what is missing.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder for each page, whole in itself.
const PAGES: &str = "web/dist/pages";
/// What browsers show in a tab, for apps that bring no icon of their own.
const ICON: &str = "web/design/icon.svg";
/// A page too, of many pages.
const DOCS: &str = "docs/dist";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo names no OUT_DIR"))?);
    let copies = out.join("pages");
    // What an earlier build left is not served.
    match fs::remove_dir_all(&copies) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(&copies)?,
    }
    let mut files = Vec::new();
    // While one is not there, what it is made in is looked through for changes: Cargo would take a path that is not there for changed, at
    // every build.
    for (folder, before, made_in, made_by) in [(PAGES, "", "web", "web"), (DOCS, "docs/", "docs", "docs")] {
        if Path::new(folder).is_dir() {
            println!("cargo::rerun-if-changed={folder}");
            collect(Path::new(folder), before, &mut |name| {
                let source = Path::new(folder).join(name.strip_prefix(before).unwrap_or(&name));
                files.push((name, source));
            })?;
        } else {
            println!("cargo::rerun-if-changed={made_in}");
            println!("cargo::warning=the pages of make {made_by} are not built in: run it, then build again");
        }
    }
    files.sort();
    let mut text = "pub(crate) const PAGES: &[(&str, &str, &[u8])] = &[\n".to_owned();
    for (file, source) in &files {
        // A file beside the folders belongs to no page.
        let Some((page, path)) = file.split_once('/') else { continue };
        // A copy, so that what is compiled names no folder of this machine.
        let copy = copies.join(file);
        fs::create_dir_all(copy.parent().unwrap_or(&copies))?;
        fs::copy(source, copy)?;
        let _ = writeln!(
            text,
            "    ({page:?}, {path:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/pages/\", {file:?}))),"
        );
    }
    text.push_str("];\npub(crate) const ICON: Option<&[u8]> = ");
    if Path::new(ICON).is_file() {
        println!("cargo::rerun-if-changed={ICON}");
        fs::copy(ICON, out.join("icon.svg"))?;
        text.push_str("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/icon.svg\")));\n");
    } else {
        text.push_str("None;\n");
    }
    fs::write(out.join("pages.rs"), text)
}

/// Names of all files that are not hidden, seen from the first folder, with slashes whatever the system has.
fn collect(folder: &Path, before: &str, found: &mut dyn FnMut(String)) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| io::Error::other("the name of a built file is no text"))?;
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{before}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found(name);
        }
    }
    Ok(())
}
