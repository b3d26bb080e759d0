//! The version of the program that a node runs, with the commit that it was built from.

use serde::{Serialize, Serializer};
use std::fmt;

/// A version; written it is the number alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Such as 1.4.0.
    pub number: String,
    /// The commit; empty where nobody knows it.
    pub commit: String,
}

impl From<&str> for Version {
    fn from(number: &str) -> Self {
        Self { number: number.to_owned(), commit: String::new() }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.number)
    }
}
