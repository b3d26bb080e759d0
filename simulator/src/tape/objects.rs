//! Recordings in object stores, opened with the variables that each cloud's own tools read.

use super::TapeError;
use super::copy::Copy;
use super::far::{CONNECT_PATIENCE, PIECE, patiently};
use super::place::{Cloud, Object};
use futures_util::StreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::buffered::BufWriter;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt, RetryConfig};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Variables = BTreeMap<String, String>;

pub(super) async fn is_there(object: &Object, variables: &Variables) -> Result<bool, TapeError> {
    let (store, path) = open(object, variables)?;
    match patiently(object, store.head(&path)).await? {
        Ok(_) => Ok(true),
        Err(Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(failed(object, &error)),
    }
}

pub(super) async fn get(object: &Object, variables: &Variables, into: &mut Copy) -> Result<(), TapeError> {
    let (store, path) = open(object, variables)?;
    let found = patiently(object, store.get(&path)).await?.map_err(|error| failed(object, &error))?;
    into.announced(Some(found.meta.size))?;
    let mut pieces = found.into_stream();
    while let Some(piece) = patiently(object, pieces.next()).await? {
        let piece = piece.map_err(|error| failed(object, &error))?;
        into.write(&piece).await?;
    }
    Ok(())
}

/// Large files go in parts, which nobody sees before the last one.
pub(super) async fn put(file: &std::path::Path, object: &Object, variables: &Variables) -> Result<(), TapeError> {
    if is_there(object, variables).await? {
        return Err(TapeError::Taken(object.to_string()));
    }
    let (store, path) = open(object, variables)?;
    let unreadable = |why| TapeError::File { path: file.to_owned(), why };
    let mut from = tokio::fs::File::open(file).await.map_err(unreadable)?;
    let mut into = BufWriter::new(store, path);
    let mut piece = vec![0; PIECE];
    let sent = async {
        loop {
            let read = from.read(&mut piece).await.map_err(unreadable)?;
            let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { break };
            patiently(object, into.write_all(piece)).await?.map_err(|error| cut(object, &error))?;
        }
        patiently(object, into.shutdown()).await?.map_err(|error| cut(object, &error))
    };
    let sent = sent.await;
    if sent.is_err() {
        // What the store keeps of it then is its own matter: stores drop unfinished parts after a while.
        let _ = patiently(object, into.abort()).await;
    }
    sent
}

fn open(object: &Object, variables: &Variables) -> Result<(Arc<dyn ObjectStore>, Path), TapeError> {
    // As for HTTP: the first one in the process counts.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let given = |prefix: &'static str| {
        let given = variables.iter().filter(|(_, value)| !value.is_empty());
        given
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .filter(move |(name, _)| name.starts_with(prefix))
    };
    let client = ClientOptions::new().with_connect_timeout(CONNECT_PATIENCE).with_timeout_disabled();
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: CONNECT_PATIENCE, base: 2.0 };
    let retry = RetryConfig { max_retries: 3, retry_timeout: CONNECT_PATIENCE, backoff };
    let built: Result<Arc<dyn ObjectStore>, Error> = match object.cloud {
        Cloud::S3 => {
            let plain = given("aws_endpoint").any(|(_, value)| value.starts_with("http://"));
            let builder = AmazonS3Builder::new().with_client_options(client).with_retry(retry);
            let builder = builder.with_bucket_name(&object.bucket).with_allow_http(plain);
            let keys = given("aws_").filter_map(|(name, value)| Some((name.parse().ok()?, value)));
            keys.fold(builder, |builder, (key, value)| builder.with_config(key, value))
                .build()
                .map(|store| Arc::new(store) as _)
        }
        Cloud::Google => {
            let builder = GoogleCloudStorageBuilder::new().with_client_options(client).with_retry(retry);
            let builder = builder.with_bucket_name(&object.bucket);
            let keys = given("google_").filter_map(|(name, value)| Some((name.parse().ok()?, value)));
            keys.fold(builder, |builder, (key, value)| builder.with_config(key, value))
                .build()
                .map(|store| Arc::new(store) as _)
        }
        Cloud::Azure => {
            let builder = MicrosoftAzureBuilder::new().with_client_options(client).with_retry(retry);
            let builder = builder.with_container_name(&object.bucket);
            let keys = given("azure_").filter_map(|(name, value)| Some((name.parse().ok()?, value)));
            keys.fold(builder, |builder, (key, value)| builder.with_config(key, value))
                .build()
                .map(|store| Arc::new(store) as _)
        }
    };
    let store = built.map_err(|error| failed(object, &error))?;
    Ok((store, Path::from(object.key.as_str())))
}

fn failed(object: &Object, error: &Error) -> TapeError {
    let place = object.to_string();
    match error {
        Error::NotFound { .. } => TapeError::NotThere(place),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            TapeError::Refused { place, why: format!("refuses it: {}", innermost(error)) }
        }
        _ => TapeError::Away { place, why: innermost(error) },
    }
}

fn cut(object: &Object, error: &std::io::Error) -> TapeError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(error) => failed(object, error),
        None => TapeError::Away { place: object.to_string(), why: error.to_string() },
    }
}

/// The innermost reason, in one line: what a store answers may have many.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}
