//! The apps that people drop into a folder: one folder for each, with an index.html. Read fresh each time, so that one that is dropped in is
//! there at the next reload.
//!
//! ```text
//!  /apps/<name>/…  ─▶ name, path: only what a folder of apps can have ─▶ file: opened inside of the folder, streamed
//!  /api/apps       ─▶ list: what is there, and what each README says  ─▶ readme: Markdown to HTML that does nothing
//! ```
//!
//! An app is code that people trust as they trust whoever put it there; what we see to is that its files are all that anybody gets.

mod file;
mod list;
mod name;
mod path;
mod readme;
mod said;

pub(crate) use list::App;
pub(crate) use name::AppName;

use crate::error::HttpError;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use grouploop_serve::Seldom;
use path::AppPath;
use said::Said;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The folder of apps. Clones are cheap.
#[derive(Debug, Clone)]
pub(crate) struct Apps(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Empty for none.
    folder: PathBuf,
    /// Names of our own pages, which no app can have.
    ours: BTreeSet<String>,
    said: Said,
    failures: StdMutex<Seldom>,
    /// One list at a time: it is some work.
    listing: Arc<Mutex<Option<Listed>>>,
}

/// The newest list, and when it was begun.
#[derive(Debug)]
struct Listed {
    begun: Instant,
    apps: Arc<[App]>,
}

impl Apps {
    pub(crate) fn new(folder: &str, ours: BTreeSet<String>) -> Self {
        Self(Arc::new(Inner {
            folder: folder.into(),
            ours,
            said: Said::default(),
            failures: StdMutex::new(Seldom::new(Duration::from_secs(10))),
            listing: Arc::default(),
        }))
    }

    /// GET or HEAD of a file of an app; `path` as it stands in the URL behind `/apps/<name>/`. `None` when that is a folder, whose URL ends in
    /// a slash.
    pub(crate) async fn answer(
        &self,
        name: AppName,
        path: &str,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<Response>, HttpError> {
        let path = AppPath::from_url(path).ok_or(HttpError::NotFound)?;
        file::answer(self.clone(), name, path, method, headers).await
    }

    /// All of them, by name, as they are now. Those who wait for a list that others asked for share the next.
    pub(crate) async fn list(&self) -> Result<Arc<[App]>, HttpError> {
        let asked = Instant::now();
        let mut newest = self.0.listing.clone().lock_owned().await;
        if let Some(listed) = newest.as_ref().filter(|listed| listed.begun >= asked) {
            return Ok(listed.apps.clone());
        }
        let apps = self.clone();
        // Locked to the end of the work, which goes on when whoever asked is gone.
        let work = tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            let apps: Arc<[App]> = list::list(&apps.0)?.into();
            *newest = Some(Listed { begun, apps: apps.clone() });
            Ok(apps)
        });
        work.await.unwrap_or_else(|_| Err(io::Error::other("stopped"))).map_err(|error| self.unreadable(&error))
    }

    /// The folder; `None` when there is none.
    fn open(&self) -> io::Result<Option<Dir>> {
        self.0.open()
    }

    /// A fault of the machine, which somebody has to know of.
    fn unreadable(&self, error: &io::Error) -> HttpError {
        let unsaid = self.0.failures.lock().unwrap_or_else(PoisonError::into_inner).say(Instant::now());
        if let Some(unsaid) = unsaid {
            tracing::error!(apps.folder = %self.0.folder.display(), %error, unsaid, "apps cannot be read");
        }
        HttpError::AppsUnreadable
    }
}

impl Inner {
    fn open(&self) -> io::Result<Option<Dir>> {
        if self.folder.as_os_str().is_empty() {
            return Ok(None);
        }
        match Dir::open_ambient_dir(&self.folder, ambient_authority()) {
            Ok(dir) => Ok(Some(dir)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::{Pin, pin};
    use std::task::Poll;

    /// Has it begin, and come to where it waits.
    async fn begin(mut asked: Pin<&mut impl Future>) {
        assert!(poll_fn(|cx| Poll::Ready(asked.as_mut().poll(cx).is_pending())).await);
    }

    #[test]
    fn one_list_is_made_at_a_time_and_those_who_wait_share_the_next() {
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let apps = Apps::new("/nonexistent", BTreeSet::new());
        runtime.block_on(async {
            // Work waits behind this.
            let (go_on, wait) = std::sync::mpsc::channel::<()>();
            let before = tokio::task::spawn_blocking(move || wait.recv());
            begin(pin!(apps.list())).await;
            let (mut second, mut third) = (pin!(apps.list()), pin!(apps.list()));
            begin(second.as_mut()).await;
            begin(third.as_mut()).await;
            assert!(apps.0.listing.try_lock().is_err(), "the first is still to be made, also when who asked is gone");
            drop(go_on);
            assert!(before.await.unwrap().is_err());
            let (second, third) = (second.await.unwrap(), third.await.unwrap());
            assert!(Arc::ptr_eq(&second, &third), "both waited, and one list is as new as they asked for");
            assert!(!Arc::ptr_eq(&second, &apps.list().await.unwrap()), "who asks later gets a newer one");
        });
    }
}
