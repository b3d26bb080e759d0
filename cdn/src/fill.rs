//! Puts what the program brings along into the store: into an empty one all of it, later what is new in an upgrade, and never over anything
//! that somebody changed, nor where somebody removed it.
//!
//! A record in the store says what was put there, by hash, and by which version of the program. What is still so is ours to replace, unless a
//! newer program put it there: in a rolling upgrade old and new ones run side by side. What is otherwise is somebody's.

use crate::built_in::BuiltIn;
use crate::path::AssetPath;
use crate::store::{Condition, Store, StoreError, Version};
use bytes::Bytes;
use futures_util::StreamExt;
use grouploop_serve::content::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The record; no URL leads to it.
const RECORD: &str = ".grouploop/built-in.json";
/// How often it is begun again because another CDN does the same.
const TRIES: usize = 10;

/// What was put into the store, as SHA-256 in hex by path.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// Of the newest program that wrote it.
    #[serde(default)]
    version: String,
    files: BTreeMap<String, String>,
}

/// What was done.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) installed: usize,
    pub(crate) replaced: usize,
    /// Somebody's own, or removed.
    pub(crate) left: usize,
}

/// Does it, as a program of this version.
pub(crate) async fn fill(store: &Store, files: &[BuiltIn], version: &str) -> Result<Filled, StoreError> {
    for _ in 1..TRIES {
        match attempt(store, files, version).await {
            Err(StoreError::Conflict | StoreError::Changed) => {}
            other => return other,
        }
    }
    attempt(store, files, version).await
}

/// The numbers of `1.2.3`; what is no number counts as 0.
fn numbers(version: &str) -> [u64; 3] {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let mut parts = core.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

async fn attempt(store: &Store, files: &[BuiltIn], version: &str) -> Result<Filled, StoreError> {
    let (before, condition) = match store.read_note(RECORD).await {
        // One that cannot be read is as good as none: then every file that is there is somebody's.
        Ok((bytes, version)) => (serde_json::from_slice(&bytes).unwrap_or_default(), Condition::Is(version)),
        Err(StoreError::NotFound) => (Record::default(), Condition::Absent),
        Err(error) => return Err(error),
    };
    if numbers(&before.version) > numbers(version) {
        return Ok(Filled { left: files.len(), ..Filled::default() });
    }
    let mut record = Record { version: version.to_owned(), ..before.clone() };
    let mut filled = Filled::default();
    for file in files {
        let Some(path) = AssetPath::parse(file.path) else { continue };
        let ours = hex(&Sha256::digest(file.bytes));
        let known = record.files.get(file.path);
        match present(store, &path).await? {
            Some((now, _)) if now == ours => {}
            Some((now, version)) if known == Some(&now) => {
                store.write(&path, Bytes::from_static(file.bytes), &Condition::Is(version)).await?;
                filled.replaced += 1;
            }
            None if known.is_none() => {
                store.write(&path, Bytes::from_static(file.bytes), &Condition::Absent).await?;
                filled.installed += 1;
            }
            _ => {
                filled.left += 1;
                continue;
            }
        }
        record.files.insert(file.path.to_owned(), ours);
    }
    if record != before {
        let bytes = serde_json::to_vec_pretty(&record).unwrap_or_default();
        store.write_note(RECORD, bytes.into(), &condition).await?;
    }
    Ok(filled)
}

/// The hash and the state of what is there.
async fn present(store: &Store, path: &AssetPath) -> Result<Option<(String, Version)>, StoreError> {
    let mut reading = match store.read(path, None, None).await {
        Ok(reading) => reading,
        Err(StoreError::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut hash = Sha256::new();
    while let Some(piece) = reading.bytes.next().await {
        hash.update(&piece?);
    }
    Ok(Some((hex(&hash.finalize()), reading.version)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn store() -> Store {
        Store::open("memory://", [], Duration::from_secs(5)).unwrap()
    }

    async fn text(store: &Store, path: &str) -> Option<String> {
        let mut reading = store.read(&AssetPath::parse(path).unwrap(), None, None).await.ok()?;
        let mut text = String::new();
        while let Some(piece) = reading.bytes.next().await {
            text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
        Some(text)
    }

    async fn write(store: &Store, path: &str, text: &'static str) {
        store.write(&AssetPath::parse(path).unwrap(), text.into(), &Condition::Any).await.unwrap();
    }

    const fn file(path: &'static str, text: &'static str) -> BuiltIn {
        BuiltIn { path, bytes: text.as_bytes() }
    }

    #[tokio::test]
    async fn an_empty_store_gets_everything_once() {
        let store = store();
        let files = [file("js/a.js", "a1"), file("js/b.js", "b1")];
        assert_eq!(fill(&store, &files, "1.0.0").await, Ok(Filled { installed: 2, ..Filled::default() }));
        assert_eq!(text(&store, "js/a.js").await.as_deref(), Some("a1"));
        assert_eq!(fill(&store, &files, "1.0.0").await, Ok(Filled::default()));
    }

    #[tokio::test]
    async fn an_upgrade_replaces_what_nobody_changed_and_nothing_else() {
        let store = store();
        write(&store, "js/own.js", "theirs").await;
        let first = ["js/a.js", "js/changed.js", "js/removed.js", "js/own.js"].map(|path| file(path, "1"));
        assert_eq!(fill(&store, &first, "1.0.0").await, Ok(Filled { installed: 3, replaced: 0, left: 1 }));
        write(&store, "js/changed.js", "theirs").await;
        store.delete(&AssetPath::parse("js/removed.js").unwrap(), &Condition::Any).await.unwrap();
        let second =
            ["js/a.js", "js/changed.js", "js/removed.js", "js/own.js", "js/new.js"].map(|path| file(path, "2"));
        assert_eq!(fill(&store, &second, "1.0.0").await, Ok(Filled { installed: 1, replaced: 1, left: 3 }));
        for (path, expected) in [
            ("js/a.js", Some("2")),
            ("js/changed.js", Some("theirs")),
            ("js/removed.js", None),
            ("js/own.js", Some("theirs")),
            ("js/new.js", Some("2")),
        ] {
            assert_eq!(text(&store, path).await.as_deref(), expected, "{path}");
        }
    }

    #[tokio::test]
    async fn who_puts_a_file_back_as_it_was_gets_upgrades_again() {
        let store = store();
        fill(&store, &[file("js/a.js", "1")], "1.0.0").await.unwrap();
        write(&store, "js/a.js", "theirs").await;
        fill(&store, &[file("js/a.js", "2")], "1.0.0").await.unwrap();
        write(&store, "js/a.js", "2").await;
        fill(&store, &[file("js/a.js", "3")], "1.0.0").await.unwrap();
        assert_eq!(text(&store, "js/a.js").await.as_deref(), Some("2"), "seen as theirs until it was seen as ours");
        fill(&store, &[file("js/a.js", "2")], "1.0.0").await.unwrap();
        fill(&store, &[file("js/a.js", "3")], "1.0.0").await.unwrap();
        assert_eq!(text(&store, "js/a.js").await.as_deref(), Some("3"));
    }

    #[tokio::test]
    async fn an_older_program_takes_nothing_back() {
        let store = store();
        fill(&store, &[file("js/a.js", "new")], "1.10.0").await.unwrap();
        let older = [file("js/a.js", "old"), file("js/b.js", "old")];
        assert_eq!(fill(&store, &older, "1.9.3").await, Ok(Filled { left: 2, ..Filled::default() }));
        assert_eq!(text(&store, "js/a.js").await.as_deref(), Some("new"));
        assert_eq!(fill(&store, &[file("js/a.js", "newer")], "1.10.0").await.unwrap().replaced, 1);
    }

    #[tokio::test]
    async fn several_at_once_agree() {
        let store = store();
        let files: Vec<BuiltIn> = ["js/a.js", "js/b.js", "js/c.js"].map(|path| file(path, "1")).into();
        let all = (0..4).map(|_| fill(&store, &files, "1.0.0"));
        let done = futures_util::future::join_all(all).await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        assert_eq!(fill(&store, &files, "1.0.0").await, Ok(Filled::default()));
    }
}
