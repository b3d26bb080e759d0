//! A file of an app: opened inside of the folder of apps, and streamed as its client takes it.

use super::{AppName, AppPath, Apps};
use crate::error::HttpError;
use crate::http::Kind;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use cap_std::fs::{Dir, File, OpenOptions};
use grouploop_serve::content::{Delivery, Encoding, MediaType, Tags, hex};
use sha2::{Digest, Sha256};
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

/// Bytes that are read at a time.
const PIECE_BYTES: usize = 16 * 1024;
/// Browsers ask each time whether a file is still so: whoever works on an app sees what changed at the next reload.
const CACHE: &str = "no-cache";

/// What is at a path.
enum Found {
    File(Opened),
    Folder,
}

/// A file that is open, as it was then.
struct Opened {
    file: std::fs::File,
    size: u64,
    modified: SystemTime,
    tags: Tags,
}

/// Answers GET or HEAD; `None` when there is a folder, whose URL ends in a slash.
pub(super) async fn answer(
    apps: Apps,
    name: AppName,
    path: AppPath,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Option<Response>, HttpError> {
    let media_type = MediaType::of(path.path.file_name().and_then(|name| name.to_str()).unwrap_or_default());
    let is_index = path.is_index;
    let opening = apps.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let Some(folder) = opening.open()? else { return Ok(None) };
        // Before the path, so that a missing app is told from a missing file.
        let Some(app) = some(folder.open_dir(name.as_str()))? else { return Ok(None) };
        drop(app);
        Ok(Some(some(open(&folder, &Path::new(name.as_str()).join(path.path)))?))
    });
    let opened = opened.await.unwrap_or_else(|_| Err(io::Error::other("stopped")));
    let found = match opened.map_err(|error| apps.unreadable(&error))? {
        None => return Err(HttpError::NoApp),
        Some(None) if is_index => return Err(HttpError::NoIndex),
        Some(None) => return Err(HttpError::NotFound),
        Some(Some(found)) => found,
    };
    match found {
        Found::File(opened) => {
            send(opened, media_type, method, headers).map_err(|error| apps.unreadable(&error))?.map(Some)
        }
        // A folder that is called index.html.
        Found::Folder if is_index => Err(HttpError::NoIndex),
        Found::Folder => Ok(None),
    }
}

/// What is there, or that nothing is: what leads out of the folder, or may not be read, is not there for anybody.
fn some<T>(opened: io::Result<T>) -> io::Result<Option<T>> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(error) if is_nothing(&error) => {
            tracing::debug!(%error, "no file of an app");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn is_nothing(error: &io::Error) -> bool {
    // A link that leads to itself, and a socket or a device that is not there.
    #[cfg(unix)]
    if matches!(error.raw_os_error(), Some(libc::ELOOP | libc::ENXIO | libc::ENODEV)) {
        return true;
    }
    matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::NotADirectory
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidFilename
    )
}

fn open(folder: &Dir, path: &Path) -> io::Result<Found> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        // A pipe without a writer would hold us up for ever.
        options.custom_flags(libc::O_NONBLOCK);
    }
    let file = folder.open_with(path, &options)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Ok(Found::Folder);
    }
    if !about.is_file() {
        return Err(ErrorKind::NotFound.into());
    }
    let modified = about.modified().map_or(UNIX_EPOCH, cap_std::time::SystemTime::into_std);
    let tags = Tags::new(&state_of(&file, about.len(), modified)?);
    Ok(Found::File(Opened { file: file.into_std(), size: about.len(), modified, tags }))
}

/// What becomes another one when somebody changes the file, in hex digits. The date alone would not do: an archive or an image of a container
/// may set it to whatever it likes. The time of the change of the inode is the kernel's.
fn state_of(file: &File, size: u64, modified: SystemTime) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(size.to_le_bytes());
    hash.update(modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_le_bytes());
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt;
        let about = file.metadata()?;
        for number in [about.dev(), about.ino()] {
            hash.update(number.to_le_bytes());
        }
        for number in [about.ctime(), about.ctime_nsec()] {
            hash.update(number.to_le_bytes());
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(hex(&hash.finalize()))
}

fn send(
    opened: Opened,
    media_type: MediaType,
    method: &Method,
    headers: &HeaderMap,
) -> io::Result<Result<Response, HttpError>> {
    let Opened { mut file, size, modified, tags } = opened;
    // HTTP dates have no fractions.
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    let modified = UNIX_EPOCH + Duration::from_secs(since.as_secs());
    let delivery = Delivery::decide(method, headers, tags.typed(Encoding::Identity).as_ref(), Some(modified), size);
    match delivery {
        Delivery::PreconditionFailed => return Ok(Err(HttpError::PreconditionFailed)),
        Delivery::NoSuchRange => return Ok(Err(HttpError::NoSuchRange(size))),
        _ => {}
    }
    let part = delivery.bytes(size);
    let length = part.end.saturating_sub(part.start);
    let body = if *method == Method::HEAD || length == 0 {
        Body::empty()
    } else {
        // A place in a file, which no disk has to be asked for.
        file.seek(SeekFrom::Start(part.start))?;
        // One that grows meanwhile is not sent beyond what was said; one that shrinks ends the connection.
        let reader = tokio::fs::File::from_std(file).take(length);
        Body::from_stream(ReaderStream::with_capacity(reader, PIECE_BYTES))
    };
    let mut response = Response::new(body);
    *response.status_mut() = delivery.status();
    let sent = response.headers_mut();
    sent.insert(header::ETAG, tags.header(Encoding::Identity).clone());
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
    if let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(modified)) {
        sent.insert(header::LAST_MODIFIED, date);
    }
    if response.status() != StatusCode::NOT_MODIFIED {
        let sent = response.headers_mut();
        sent.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type.content_type));
        delivery.describe(size, sent);
    }
    response.extensions_mut().insert(Kind::App);
    Ok(Ok(response))
}
