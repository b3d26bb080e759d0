//! An object that arrives piece by piece: held back until it is known whether it fits into one write, else written in parts that nobody sees
//! before the last one.

use super::{Condition, Store, StoreError, WHOLE_BYTES, WRITE_PATIENCE};
use bytes::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::time::timeout;

/// A write under way. Dropped before [`Upload::finish`] it leaves nothing that can be seen; [`Upload::abort`] tidies up as well.
#[derive(Debug)]
pub(crate) struct Upload {
    store: Store,
    path: Path,
    condition: Condition,
    held: Vec<Bytes>,
    held_bytes: usize,
    parts: Option<Box<dyn MultipartUpload>>,
}

impl Upload {
    pub(super) fn new(store: Store, path: Path, condition: Condition) -> Self {
        Self { store, path, condition, held: Vec::new(), held_bytes: 0, parts: None }
    }

    /// Takes the next bytes; waits while a part is written, so that at most [`WHOLE_BYTES`] and one piece are held.
    pub(crate) async fn push(&mut self, piece: Bytes) -> Result<(), StoreError> {
        self.held_bytes += piece.len();
        self.held.push(piece);
        if self.held_bytes > WHOLE_BYTES { self.write_part().await } else { Ok(()) }
    }

    async fn write_part(&mut self) -> Result<(), StoreError> {
        let payload: PutPayload = std::mem::take(&mut self.held).into_iter().collect();
        self.held_bytes = 0;
        let (store, path) = (&self.store, &self.path);
        let mut parts = match self.parts.take() {
            Some(parts) => parts,
            None => {
                // Known to be in vain early, rather than after the last byte.
                store.hold(path, &self.condition).await?;
                store.in_time(async { Ok(store.objects.put_multipart(path).await?) }).await?
            }
        };
        let written = timeout(WRITE_PATIENCE, parts.put_part(payload)).await;
        self.parts = Some(parts);
        Ok(written.map_err(|_| StoreError::late())??)
    }

    /// Makes the object visible.
    pub(crate) async fn finish(mut self) -> Result<(), StoreError> {
        if self.parts.is_none() {
            let payload: PutPayload = std::mem::take(&mut self.held).into_iter().collect();
            return self.store.write_at(self.path.clone(), payload, &self.condition).await;
        }
        let finished = self.finish_parts().await;
        if finished.is_err() {
            self.abort().await;
        }
        finished
    }

    async fn finish_parts(&mut self) -> Result<(), StoreError> {
        if self.held_bytes > 0 {
            self.write_part().await?;
        }
        let _turn = self.store.turn(&self.path).await?;
        self.store.find_way(&self.path).await?;
        if self.condition != Condition::Any {
            self.store.hold(&self.path, &self.condition).await?;
        }
        if let Some(parts) = &mut self.parts {
            timeout(WRITE_PATIENCE, parts.complete()).await.map_err(|_| StoreError::late())??;
        }
        Ok(())
    }

    /// Gives it up.
    pub(crate) async fn abort(mut self) {
        if let Some(mut parts) = self.parts.take() {
            // What the store keeps of it then is its own matter: stores drop unfinished parts after a while.
            let _ = timeout(self.store.timeout, parts.abort()).await;
        }
    }
}
