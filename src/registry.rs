//! `grouploop registry check`: whether a `commands.json` would be taken, and every mistake in it when not.

use crate::exit::Exit;
use crate::terminal::{complain, print, printable};
use grouploop_bridge::{MAX_REGISTRY_BYTES, Registry};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Reads the file and says what is in it, or what is wrong with it.
pub(crate) fn check(file: &Path) -> Exit {
    let name = printable(&file.display().to_string());
    let json = match read(file) {
        Ok(json) => json,
        Err(error) => {
            complain(&format!("{name} cannot be read: {error}"));
            return Exit::Failed;
        }
    };
    match Registry::parse(&json) {
        Ok(registry) => print(&format!("{name}: {}\n", summary(&registry)), Exit::Success),
        Err(error) => {
            error.mistakes().iter().for_each(|mistake| complain(&format!("{name}: {}", printable(mistake))));
            Exit::Failed
        }
    }
}

/// What is in the file, but no more of it than shows that it is too long.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut json = Vec::new();
    let most = MAX_REGISTRY_BYTES as u64 + 1;
    if File::open(file)?.take(most).read_to_end(&mut json)? as u64 == most {
        return Err(io::Error::other(format!(
            "it is longer than {MAX_REGISTRY_BYTES} bytes, which is all that a CDN or an edge takes"
        )));
    }
    Ok(json)
}

fn summary(registry: &Registry) -> String {
    let plural = if registry.len() == 1 { "" } else { "s" };
    format!("{} command{plural}, {} with typed parameters", registry.len(), registry.typed_len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts() {
        assert_eq!(summary(&Registry::built_in()), "12 commands, 8 with typed parameters");
        let one = Registry::parse(br#"{"commands": {"wink": {}}}"#).unwrap();
        assert_eq!(summary(&one), "1 command, 0 with typed parameters");
    }
}
