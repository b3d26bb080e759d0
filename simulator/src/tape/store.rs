//! Recordings far away: whether there is one, bringing one there, and fetching one.

use super::copy::Copy;
use super::place::TapePlace;
use super::{TapeError, http, objects};
use reqwest::Certificate;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

/// How long the other side may leave us waiting without taking or giving a byte.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a file that are read at a time.
pub(super) const PIECE: usize = 64 * 1024;
/// Time for a connection.
pub(super) const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// What lets one in.
#[derive(Clone, Default)]
pub struct Access {
    /// The token of the CDN at the place, which must be meant for that one; empty for none. It is sent with writes only.
    pub token: String,
    /// The environment, where object stores have their addresses and credentials.
    pub variables: BTreeMap<String, String>,
    /// Certificates that are trusted beside those of the system, where the CDN has HTTPS.
    pub trusted: Vec<Certificate>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access")
    }
}

impl Access {
    /// Whether something is at the place.
    ///
    /// # Errors
    /// When that cannot be told.
    pub(super) async fn is_there(&self, place: &TapePlace) -> Result<bool, TapeError> {
        match place {
            TapePlace::File(path) => Ok(path.exists()),
            TapePlace::Http(url) => http::is_there(place, url, self).await,
            TapePlace::Object(object) => objects::is_there(object, &self.variables).await,
        }
    }

    /// Brings a file to the place, where nothing is yet.
    ///
    /// # Errors
    /// When it did not arrive; nobody sees a part of it then.
    pub(super) async fn bring(&self, file: &Path, place: &TapePlace) -> Result<(), TapeError> {
        match place {
            TapePlace::File(path) => {
                tokio::fs::copy(file, path).await.map(|_| ()).map_err(|why| TapeError::File { path: path.clone(), why })
            }
            TapePlace::Http(url) => http::put(file, place, url, self).await,
            TapePlace::Object(object) => objects::put(file, object, &self.variables).await,
        }
    }

    /// Writes what is at the place into a file.
    ///
    /// # Errors
    /// When it is not there, or did not come whole.
    pub(super) async fn fetch(&self, place: &TapePlace, into: &mut Copy) -> Result<(), TapeError> {
        match place {
            TapePlace::File(path) => {
                let failed = |why| TapeError::File { path: path.clone(), why };
                let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
                let mut piece = vec![0; PIECE];
                loop {
                    let read = file.read(&mut piece).await.map_err(failed)?;
                    let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { return Ok(()) };
                    into.write(piece).await?;
                }
            }
            TapePlace::Http(url) => http::get(place, url, self, into).await,
            TapePlace::Object(object) => objects::get(object, &self.variables, into).await,
        }
    }
}

/// Awaits something far away for as long as it may leave us waiting.
pub(super) async fn patiently<T>(place: &impl fmt::Display, work: impl Future<Output = T>) -> Result<T, TapeError> {
    let late =
        |_| TapeError::Away { place: place.to_string(), why: format!("nothing moved for {} s", PATIENCE.as_secs()) };
    timeout(PATIENCE, work).await.map_err(late)
}
