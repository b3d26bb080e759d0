//! Which store a URL means, and how it is opened.

use super::folder::Folder;
use super::{OpenError, Store};
use axum::http::uri::Authority;
use grouploop_serve::port_of;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What can be said when a URL is none of a store.
const FORMS: &str = "it must look like file://./data/cdn, file:///srv/cdn, s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or \
                     memory://";

/// A store as its URL names it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Folder(PathBuf),
    Memory,
    S3 { bucket: String, prefix: String },
    Google { bucket: String, prefix: String },
    Azure { container: String, prefix: String },
}

impl Place {
    fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| format!("`{}` is no URL, {FORMS}", shown(url)))?;
        if scheme == "file" {
            let relative = rest.starts_with("./") || rest.starts_with("../") || rest == ".";
            return if relative || rest.starts_with('/') {
                Ok(Self::Folder(PathBuf::from(rest)))
            } else {
                Err(format!("`{}` names no folder, {FORMS}", shown(url)))
            };
        }
        if scheme == "memory" {
            return if rest.trim_matches('/').is_empty() {
                Ok(Self::Memory)
            } else {
                Err("memory:// takes nothing behind it".into())
            };
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let (bucket, prefix) = (bucket.to_owned(), prefix.trim_matches('/').to_owned());
        let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !matches!(scheme, "s3" | "gs" | "az") {
            return Err(format!("`{}` has an unknown scheme, {FORMS}", shown(url)));
        }
        if bucket.is_empty() || !bucket.bytes().all(name) || Path::parse(&prefix).is_err() {
            return Err(format!(
                "`{}` must name a bucket or container, with credentials in the environment: {FORMS}",
                shown(url)
            ));
        }
        Ok(match scheme {
            "s3" => Self::S3 { bucket, prefix },
            "gs" => Self::Google { bucket, prefix },
            _ => Self::Azure { container: bucket, prefix },
        })
    }
}

/// The URL without what may be a password in it.
pub(crate) fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://****@{host}"),
        _ => url.to_owned(),
    }
}

/// Whether a URL names a store.
///
/// # Errors
/// Why not, and what it must look like.
pub(crate) fn check_url(url: &str) -> Result<(), String> {
    Place::parse(url).map(|_| ())
}

/// What S3's address may be called in the environment.
const ENDPOINTS: [&str; 3] = ["aws_endpoint", "aws_endpoint_url", "aws_endpoint_url_s3"];

/// All that is wrong with the variables that a store far away has its address and its credentials in, each as
/// `cdn.store: <why> (from the environment: <name>)`. Of other stores, and of URLs that name none, there is nothing to say.
pub fn variables_complaints(url: &str, variables: &BTreeMap<String, String>) -> Vec<String> {
    let Ok(place @ (Place::S3 { .. } | Place::Google { .. } | Place::Azure { .. })) = Place::parse(url) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let is_s3 = matches!(place, Place::S3 { .. });
    for (name, value) in variables.iter().filter(|(name, value)| is_endpoint(name) && is_s3 && !value.is_empty()) {
        let good = value.parse::<axum::http::Uri>().is_ok_and(|uri| {
            let names_a_place = |to: &Authority| !to.host().is_empty() && port_of(to, 80).is_some();
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some_and(names_a_place)
        });
        if !good {
            let value = shown(value);
            found.push(format!(
                "cdn.store: {name} is `{value}`, which is no URL; it must look like http://store:8333 (from the environment: {name})"
            ));
        }
    }
    let opens = |without: Option<&String>| {
        let rest = variables.iter().filter(|(name, _)| Some(*name) != without);
        open(url, rest.map(|(name, value)| (name.clone(), value.clone())), Duration::from_secs(1))
    };
    if found.is_empty()
        && let Err(OpenError { why, .. }) = opens(None)
    {
        // What is said names no variable; the one is to blame without which all is well.
        let culprit = variables.keys().find(|name| is_of_store(name) && opens(Some(*name)).is_ok());
        let from = culprit.map_or_else(String::new, |name| format!(" (from the environment: {name})"));
        found.push(format!("cdn.store: {} cannot be opened: {why}{from}", shown(url)));
    }
    found
}

fn is_endpoint(name: &str) -> bool {
    ENDPOINTS.contains(&name.to_ascii_lowercase().as_str())
}

fn is_of_store(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["aws_", "google_", "azure_"].iter().any(|prefix| name.starts_with(prefix))
}

/// Opens the store that the URL names. `variables` are those of the environment; of them the usual ones of each cloud count. Nothing is
/// asked of a store far away yet, so one that is down is no error here.
pub(super) fn open(
    url: &str,
    variables: impl IntoIterator<Item = (String, String)>,
    timeout: Duration,
) -> Result<Store, OpenError> {
    // rustls takes its cryptography from whoever is first to say so; a second one in the process is content with it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let wrong = |why: object_store::Error| OpenError { url: shown(url), why: why.to_string() };
    let variables: Vec<(String, String)> = variables
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let client = || ClientOptions::new().with_connect_timeout(timeout).with_timeout_disabled();
    let retry = RetryConfig {
        max_retries: 2,
        retry_timeout: timeout,
        backoff: BackoffConfig { init_backoff: Duration::from_millis(50), max_backoff: timeout, base: 2.0 },
    };
    let (objects, prefix): (Arc<dyn ObjectStore>, String) =
        match Place::parse(url).map_err(|why| OpenError { url: shown(url), why })? {
            Place::Folder(root) => {
                let folder = Folder::open(&root).map_err(|error| OpenError {
                    url: shown(url),
                    why: format!("the folder {} cannot be used: {error}", root.display()),
                })?;
                return Ok(Store { objects: folder.objects(), folder: Some(folder), timeout, turns: Arc::default() });
            }
            Place::Memory => (Arc::new(InMemory::new()), String::new()),
            Place::S3 { bucket, prefix } => {
                let plain = variables.iter().any(|(name, value)| is_endpoint(name) && value.starts_with("http://"));
                let mut builder = AmazonS3Builder::new()
                    .with_client_options(client())
                    .with_retry(retry)
                    .with_bucket_name(bucket)
                    .with_allow_http(plain);
                for (name, value) in variables {
                    if let Some(key) = name.starts_with("aws_").then(|| name.parse().ok()).flatten() {
                        builder = builder.with_config(key, value);
                    }
                }
                (Arc::new(builder.build().map_err(wrong)?), prefix)
            }
            Place::Google { bucket, prefix } => {
                let mut builder = GoogleCloudStorageBuilder::new()
                    .with_client_options(client())
                    .with_retry(retry)
                    .with_bucket_name(bucket);
                for (name, value) in variables {
                    if let Some(key) = name.starts_with("google_").then(|| name.parse().ok()).flatten() {
                        builder = builder.with_config(key, value);
                    }
                }
                (Arc::new(builder.build().map_err(wrong)?), prefix)
            }
            Place::Azure { container, prefix } => {
                let mut builder = MicrosoftAzureBuilder::new()
                    .with_client_options(client())
                    .with_retry(retry)
                    .with_container_name(container);
                for (name, value) in variables {
                    if let Some(key) = name.starts_with("azure_").then(|| name.parse().ok()).flatten() {
                        builder = builder.with_config(key, value);
                    }
                }
                (Arc::new(builder.build().map_err(wrong)?), prefix)
            }
        };
    let objects = if prefix.is_empty() { objects } else { Arc::new(PrefixStore::new(objects, prefix)) };
    Ok(Store { objects, folder: None, timeout, turns: Arc::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_their_stores() {
        let folder = |path: &str| Ok(Place::Folder(path.into()));
        assert_eq!(Place::parse("file://./data/cdn"), folder("./data/cdn"));
        assert_eq!(Place::parse("file:///srv/cdn"), folder("/srv/cdn"));
        assert_eq!(Place::parse("memory://"), Ok(Place::Memory));
        let (bucket, prefix) = ("b-1.x".to_owned(), "a/b".to_owned());
        assert_eq!(Place::parse("s3://b-1.x/a/b/"), Ok(Place::S3 { bucket: bucket.clone(), prefix: prefix.clone() }));
        assert_eq!(Place::parse("gs://b-1.x/a/b"), Ok(Place::Google { bucket: bucket.clone(), prefix }));
        assert_eq!(Place::parse("az://b-1.x"), Ok(Place::Azure { container: bucket, prefix: String::new() }));
    }

    #[test]
    fn a_wrong_variable_of_a_store_is_named() {
        let complaints = |url: &str, variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            variables_complaints(url, &variables.collect())
        };
        let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "secret")];
        for endpoint in ["many!", "store:8333", "ftp://store", "http://", "http:// store", "http://store:83330"] {
            let found = complaints("s3://b", &[("AWS_ENDPOINT_URL", endpoint), keys[0], keys[1]]);
            assert!(found.len() == 1 && found[0].contains("AWS_ENDPOINT_URL is `"), "{found:?}");
        }
        let found = complaints("s3://b", &[("AWS_ALLOW_HTTP", "perhaps"), keys[0], keys[1]]);
        assert!(found.len() == 1 && found[0].ends_with("(from the environment: AWS_ALLOW_HTTP)"), "{found:?}");
        let found = complaints("s3://b", &[("AWS_ENDPOINT_URL", "http://me:secret@:x"), keys[0], keys[1]]);
        assert!(found.len() == 1 && !found[0].contains("secret"), "{found:?}");
        for (url, endpoint) in [("s3://b", "http://store:8333"), ("memory://", "many!"), ("nonsense", "many!")] {
            assert_eq!(complaints(url, &[("AWS_ENDPOINT_URL", endpoint), keys[0], keys[1]]), [""; 0]);
        }
    }

    #[test]
    fn what_is_no_store_is_said_without_its_password() {
        for url in
            ["", "data", "file://", "file://data", "ftp://a", "s3://", "s3://a b", "memory://x", "s3://k:secret@b/x"]
        {
            let why = check_url(url).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
        assert!(
            check_url("http://me:secret@h/x?sig=secret").unwrap_err().starts_with("`http://****@h/x` has an unknown")
        );
    }
}
