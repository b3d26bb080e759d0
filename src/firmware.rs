//! `grouploop firmware publish`.

use crate::cli::PublishArgs;
use crate::exit::Exit;
use crate::settings::Settings;

pub(crate) async fn publish(_args: &PublishArgs, _settings: &Settings) -> Exit {
    Exit::Failed
}
