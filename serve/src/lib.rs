//! Serving HTTP to strangers.
