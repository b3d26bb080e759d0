//! `grouploop registry check`.

use crate::exit::Exit;
use std::path::Path;

pub(crate) fn check(_file: &Path) -> Exit {
    Exit::Failed
}
