//! How long a client may keep what it got, as `Cache-Control` says it.

/// For names that carry the hash of their content: nothing else can ever be behind them.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// For everything else: keep it, and ask each time whether it is still so, which costs a 304 without a body.
pub const REVALIDATE: &str = "public, no-cache";
/// For what is different each time: health, metrics, errors.
pub const NO_STORE: &str = "no-store";
