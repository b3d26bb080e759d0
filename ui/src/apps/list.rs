//! The list of apps: which folders are one, and what their READMEs say.

use super::readme::Readme;
use super::{AppName, Inner};
use cap_std::fs::Dir;
use serde::Serialize;
use std::io::{self, ErrorKind, Read};

/// Apps in the list; the rest can still be opened.
const MAX_APPS: usize = 200;
/// Entries of the folder that are looked at.
const MAX_ENTRIES: usize = 4096;
/// Bytes of a README that are read.
const MAX_README_BYTES: u64 = 64 * 1024;
/// Bytes of HTML in the whole list; the READMEs that come after that are left out, and their titles stay.
const MAX_HTML_BYTES: usize = 1 << 20;

/// An app, as its card shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct App {
    /// That of its folder.
    pub(crate) name: String,
    /// The first heading of its README, or its name.
    pub(crate) title: String,
    /// Where it is, on this host.
    pub(crate) url: String,
    /// The first paragraph of its README, as text; empty without one.
    pub(crate) description: String,
    /// Its README as HTML that does nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) readme_html: Option<String>,
}

/// Everything that is an app, by name.
pub(super) fn list(apps: &Inner) -> io::Result<Vec<App>> {
    let Some(folder) = apps.open()? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut html_left = MAX_HTML_BYTES;
    for name in names(apps, &folder)? {
        let Some(app) = open_app(apps, &folder, &name) else { continue };
        if found.len() == MAX_APPS {
            apps.said.once("?", || {
                tracing::warn!(apps.folder = %apps.folder.display(), apps.first_unlisted = %name, "more than {MAX_APPS} apps; the rest is not listed");
            });
            break;
        }
        let readme = read_readme(&app).map(|text| Readme::parse(&text, &name));
        let (title, description, html) = match readme {
            Some(readme) => (readme.title, readme.description, Some(readme.html)),
            None => (None, String::new(), None),
        };
        let html = html.filter(|html| html.len() <= html_left);
        html_left -= html.as_ref().map_or(0, String::len);
        found.push(App {
            title: title.unwrap_or_else(|| name.to_string()),
            url: format!("/apps/{name}/"),
            name: name.to_string(),
            description,
            readme_html: html,
        });
    }
    Ok(found)
}

/// Names that can be those of apps, in order.
fn names(apps: &Inner, folder: &Dir) -> io::Result<Vec<AppName>> {
    let mut names = Vec::new();
    for (count, entry) in folder.entries()?.enumerate() {
        if count == MAX_ENTRIES {
            apps.said.once("*", || {
                tracing::warn!(apps.folder = %apps.folder.display(), "more than {MAX_ENTRIES} entries; the rest is not looked at");
            });
            break;
        }
        let entry = entry?;
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        // Files beside the apps, and what is hidden, are nobody's mistake.
        if shown.starts_with('.') || entry.file_type()?.is_file() {
            continue;
        }
        let Some(name) = AppName::parse(&shown) else {
            apps.said.once(&shown, || {
                tracing::warn!(
                    app.name = %shown.escape_debug(),
                    "a folder of this name is no app: it must be 1 to 64 letters, digits and . _ - without spaces"
                );
            });
            continue;
        };
        names.push(name);
    }
    names.sort_unstable();
    Ok(names)
}

/// The folder of an app, when it is one.
fn open_app(apps: &Inner, folder: &Dir, name: &AppName) -> Option<Dir> {
    if apps.ours.contains(name.as_str()) {
        apps.said.once(name.as_str(), || {
            tracing::warn!(app.name = %name, "an app has the name of a page of ours, which is served instead; give its folder another name");
        });
        return None;
    }
    let app = folder.open_dir(name.as_str());
    match app.and_then(|app| app.metadata("index.html").map(|index| (app, index.is_file()))) {
        Ok((app, true)) => Some(app),
        Ok((_, false)) => None,
        Err(error) => {
            apps.said.once(name.as_str(), || match error.kind() {
                ErrorKind::NotFound => tracing::info!(app.name = %name, "a folder without index.html is no app"),
                ErrorKind::PermissionDenied => {
                    tracing::warn!(app.name = %name, %error, "an app may not be read, or is a link that leads out of the folder of apps");
                }
                _ => tracing::warn!(app.name = %name, %error, "an app cannot be read"),
            });
            None
        }
    }
}

/// The beginning of its README; what is no text in it shows its damage.
fn read_readme(app: &Dir) -> Option<String> {
    // Looked at first, for a pipe would hold us up.
    app.metadata("README.md").ok().filter(|about| about.is_file())?;
    let mut bytes = Vec::new();
    app.open("README.md").ok()?.take(MAX_README_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
