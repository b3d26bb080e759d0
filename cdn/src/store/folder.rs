//! What a folder as a store needs beside the `object_store` crate: replacing a file only when it is the one that was seen, which file systems
//! cannot do by themselves, and never following a link out of the folder.

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Held while something is written on a condition, by every process that uses the folder.
const LOCK: &str = ".lock";
/// Time between two tries to have it.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// A folder with objects in it.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
    objects: Arc<LocalFileSystem>,
}

/// While it lives no other process writes into the folder on a condition.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

impl Folder {
    /// Makes the folder when it is not there.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(root)?;
        let root = root.canonicalize()?;
        let objects = LocalFileSystem::new_with_prefix(&root).map_err(io::Error::other)?;
        Ok(Self { root, objects: Arc::new(objects.with_automatic_cleanup(false)) })
    }

    pub(super) fn objects(&self) -> Arc<dyn ObjectStore> {
        self.objects.clone()
    }

    /// Whether the folder is there and can be read.
    pub(super) async fn probe(&self) -> io::Result<()> {
        let mut entries = tokio::fs::read_dir(&self.root).await.map_err(|error| self.named(error))?;
        entries.next_entry().await.map_err(|error| self.named(error))?;
        Ok(())
    }

    fn named(&self, error: io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("the folder {}: {error}", self.root.display()))
    }

    /// Whether the file, or for a new one the folder that it will be in, is inside of this folder once every link is followed.
    pub(super) async fn holds(&self, path: &ObjectPath) -> bool {
        let (root, mut place) = (self.root.clone(), self.root.join(path.as_ref()));
        let look = move || loop {
            match place.canonicalize() {
                // A pipe or a device would hold up whoever opens it.
                Ok(real) => {
                    let plain = real.metadata().is_ok_and(|meta| meta.is_file() || meta.is_dir());
                    return plain && real.starts_with(&root);
                }
                // A link that leads nowhere would be written through. A file that is seen only now was made meanwhile, where its folder is.
                Err(_) if place.symlink_metadata().is_ok_and(|meta| meta.is_symlink()) => return false,
                Err(_) if place.pop() && place.starts_with(&root) => {}
                Err(_) => return true,
            }
        };
        tokio::task::spawn_blocking(look).await.unwrap_or(false)
    }

    /// Removes the folders that a removed file leaves empty, but for the one of all.
    pub(super) async fn tidy(&self, path: &ObjectPath) {
        let (root, mut place) = (self.root.clone(), self.root.join(path.as_ref()));
        let tidy = move || {
            // One that is not empty stays, and so do those above it.
            while place.pop() && place != root && place.starts_with(&root) && std::fs::remove_dir(&place).is_ok() {}
        };
        let _ = tokio::task::spawn_blocking(tidy).await;
    }

    /// Waits until nobody else writes on a condition.
    pub(super) async fn lock(&self) -> io::Result<FolderLock> {
        let path = self.root.join(LOCK);
        let open = move || OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = tokio::task::spawn_blocking(open).await.map_err(io::Error::other)??;
        // Asked for again and again, because a thread that waits for a lock cannot be called back.
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(FolderLock { _file: file }),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_PAUSE).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}
