//! Where a recording is: a file, something behind HTTP, or an object in a store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What can be said when a text names no place.
const FORMS: &str = "it must be a file, or look like file:///path/night.glrec, http://127.0.0.1:5008/static/night.glrec (a CDN), \
                     s3://bucket/night.glrec, gs://bucket/night.glrec or az://container/night.glrec";

/// Where a recording is. Shown without what may be a password.
#[derive(Clone, PartialEq, Eq)]
pub enum TapePlace {
    /// A file of this machine.
    File(PathBuf),
    /// Read with `GET`, written with `PUT`.
    Http(String),
    /// An object in a store.
    Object(Object),
}

/// An object in a store, whose credentials are in the environment.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    pub(super) cloud: Cloud,
    pub(super) bucket: String,
    pub(super) key: String,
}

/// Whose store it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cloud {
    S3,
    Google,
    Azure,
}

impl Cloud {
    fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Google => "gs",
            Self::Azure => "az",
        }
    }
}

/// Why a text names no place for a recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TapePlaceError(String);

impl TapePlace {
    /// The file, when it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Http(_) | Self::Object(_) => None,
        }
    }

    /// What its last part is called.
    pub(super) fn name(&self) -> &str {
        let whole = match self {
            Self::File(path) => return path.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
            Self::Http(url) => url.split(['?', '#']).next().unwrap_or_default(),
            Self::Object(object) => &object.key,
        };
        whole.rsplit('/').next().unwrap_or_default()
    }
}

impl FromStr for TapePlace {
    type Err = TapePlaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why: &str| TapePlaceError(format!("`{}` {why}", shown(text)));
        let names_nothing = || wrong(&format!("names no recording: {FORMS}"));
        let Some((scheme, rest)) = text.split_once("://") else {
            let is_folder = text.is_empty() || text.ends_with(['/', std::path::MAIN_SEPARATOR]);
            return if is_folder { Err(names_nothing()) } else { Ok(Self::File(text.into())) };
        };
        let cloud = match scheme {
            "file" if !rest.ends_with('/') && (rest.starts_with('/') || rest.starts_with("./")) => {
                return Ok(Self::File(rest.into()));
            }
            "http" | "https" => return http(text, rest).ok_or_else(names_nothing),
            "memory" => {
                return Err(wrong(&format!("would be gone at the end of this very command: {FORMS}")));
            }
            "s3" => Cloud::S3,
            "gs" => Cloud::Google,
            "az" => Cloud::Azure,
            _ => return Err(names_nothing()),
        };
        let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        match rest.split_once('/') {
            Some((bucket, key))
                if !bucket.is_empty()
                    && bucket.bytes().all(name)
                    && !key.is_empty()
                    && object_store::path::Path::parse(key).is_ok_and(|path| path.as_ref() == key) =>
            {
                Ok(Self::Object(Object { cloud, bucket: bucket.to_owned(), key: key.to_owned() }))
            }
            _ => Err(names_nothing()),
        }
    }
}

/// A URL with a host and a name behind it, and without user and password: what lets one in is the token.
fn http(text: &str, rest: &str) -> Option<TapePlace> {
    let url: reqwest::Url = text.parse().ok()?;
    let (host, path) = rest.split(['?', '#']).next()?.split_once('/')?;
    let whole = !host.is_empty() && !host.contains('@') && !path.is_empty() && !path.ends_with('/');
    (whole && url.has_host()).then(|| TapePlace::Http(text.to_owned()))
}

/// The URL without what may be a password in it.
fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://****@{host}"),
        _ => url.to_owned(),
    }
}

impl fmt::Display for TapePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Http(url) => f.write_str(&shown(url)),
            Self::Object(object) => object.fmt(f),
        }
    }
}

impl fmt::Debug for TapePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/{}", self.cloud.scheme(), self.bucket, self.key)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> TapePlace {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn files_urls_and_objects_are_told_apart() {
        for (text, path) in
            [("night.glrec", "night.glrec"), ("a/b", "a/b"), ("file:///a/b", "/a/b"), ("file://./b", "./b")]
        {
            assert_eq!(place(text), TapePlace::File(path.into()), "{text}");
        }
        for text in ["http://127.0.0.1:5008/static/night.glrec", "https://cdn.example/a?sig=x"] {
            assert_eq!(place(text), TapePlace::Http(text.to_owned()));
        }
        for (text, cloud) in [("s3", Cloud::S3), ("gs", Cloud::Google), ("az", Cloud::Azure)] {
            let object = Object { cloud, bucket: "b-1.x".into(), key: "a/night.glrec".into() };
            let text = format!("{text}://b-1.x/a/night.glrec");
            assert_eq!(place(&text), TapePlace::Object(object));
            assert_eq!(place(&text).to_string(), text);
        }
    }

    #[test]
    fn what_names_no_recording_is_refused_without_its_password() {
        for text in [
            "",
            "folder/",
            "file://",
            "file://a",
            "file:///a/",
            "http://",
            "http://a",
            "http://a/",
            "http:///x",
            "http://me:secret@a/x",
            "ftp://a/x?secret",
            "s3://",
            "s3://b",
            "s3://b/",
            "s3:///x",
            "s3://b/../x",
            "s3://b//x",
            "s3://me:secret@b/x",
            "memory://x",
        ] {
            let why = text.parse::<TapePlace>().unwrap_err().to_string();
            assert!(!why.contains("secret") && why.contains("s3://bucket/night.glrec"), "{text}: {why}");
        }
    }

    #[test]
    fn a_signature_in_a_url_is_not_shown_and_is_no_part_of_the_name() {
        let place = place("https://cdn.example/a/night.glrec?sig=secret");
        assert_eq!(format!("{place} {place:?} {}", place.name()), {
            let url = "https://cdn.example/a/night.glrec";
            format!("{url} {url} night.glrec")
        });
    }
}
