//! Names that stand in subjects: a space and a node. Validated once, at the door, so that whoever holds one cannot smuggle a dot
//! or a wildcard into a subject.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest name in bytes.
pub const MAX_NAME_LEN: usize = 32;

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no valid name, it must be 1 to 32 of a-z, 0-9 and -")]
pub struct NameError(String);

fn checked(text: &str) -> Result<Arc<str>, NameError> {
    let fits = (1..=MAX_NAME_LEN).contains(&text.len());
    if fits && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
        Ok(text.into())
    } else {
        Err(NameError(text.chars().take(MAX_NAME_LEN + 1).collect()))
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                checked(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name! {
    /// A group's own world of device ids.
    Space
}

name! {
    /// An edge or simulator process.
    NodeId
}

impl Space {
    /// The space of every path that names no other.
    #[must_use]
    pub fn main() -> Self {
        Self("main".into())
    }
}

impl NodeId {
    /// A name that no other process has: the role and 8 random letters and digits.
    #[must_use]
    pub fn random(role: &'static str) -> Self {
        use rand::RngExt;
        let mut rng = rand::rng();
        let tail: String = (0..8).map(|_| char::from_digit(rng.random_range(0..36), 36).unwrap_or('0')).collect();
        Self(format!("{role}-{tail}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_what_subjects_can_carry_and_nothing_else() {
        for good in ["main", "a", "0", "class-3b", &"x".repeat(32)] {
            assert_eq!(good.parse::<Space>().unwrap().as_str(), good);
        }
        for bad in ["", "Main", "a.b", "*", ">", "a b", "ü", "a_b", &"x".repeat(33)] {
            assert!(bad.parse::<Space>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn random_nodes_differ_and_are_valid() {
        let (a, b) = (NodeId::random("edge"), NodeId::random("edge"));
        assert_ne!(a, b);
        assert!(a.as_str().parse::<NodeId>().is_ok());
    }
}
