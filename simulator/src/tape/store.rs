//! Recordings far away: whether there is one, bringing one there, and fetching one.

use super::access::Access;
use super::copy::Copy;
use super::far::PIECE;
use super::place::TapePlace;
use super::{TapeError, http, objects};
use std::path::Path;
use tokio::io::AsyncReadExt;

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
