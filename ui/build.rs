//! Puts the pages that `make web` built into the crate, as far as they are there. A clone without them builds too, and says what is missing.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder for each page, whole in itself.
const PAGES: &str = "web/dist/pages";
/// What browsers show in a tab, for apps that bring no icon of their own.
const ICON: &str = "web/design/icon.svg";
/// Looked through for changes while there are no pages. Cargo would take a path that is not there for changed, at every build.
const WAITED_FOR_IN: &str = "web";

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
    if Path::new(PAGES).is_dir() {
        println!("cargo::rerun-if-changed={PAGES}");
        collect(Path::new(PAGES), "", &mut files)?;
        files.sort();
    } else {
        println!("cargo::rerun-if-changed={WAITED_FOR_IN}");
        println!("cargo::warning=the pages are not built in: run make web, then build again");
    }
    let mut text = "pub(crate) const PAGES: &[(&str, &str, &[u8])] = &[\n".to_owned();
    for file in &files {
        // A file beside the folders belongs to no page.
        let Some((page, path)) = file.split_once('/') else { continue };
        // A copy, so that what is compiled names no folder of this machine.
        let copy = copies.join(file);
        fs::create_dir_all(copy.parent().unwrap_or(&copies))?;
        fs::copy(Path::new(PAGES).join(file), copy)?;
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

/// Names of all files, seen from the first folder, with slashes whatever the system has.
fn collect(folder: &Path, before: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| io::Error::other("the name of a built file is no text"))?;
        let name = format!("{before}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}
