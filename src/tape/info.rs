//! `grouploop recording`: what is in one.

use super::{access, interruptible, spool, warning};
use crate::cli::RecordingArgs;
use crate::date::rfc3339;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal::{complain, print};
use grouploop_simulator::tape::{Tape, TapeInfo};
use indicatif::FormattedDuration;
use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

/// A pause longer than this is worth a word.
const LONG_PAUSE: Duration = Duration::from_secs(10);

/// Reads all of it and prints what is there.
pub(crate) async fn info(args: &RecordingArgs, settings: &Settings, variables: BTreeMap<String, String>) -> Exit {
    interruptible(async |stop| {
        let (spool, access) = (spool(args.spool.as_ref()), access(None, &args.place, settings, variables)?);
        let read = async {
            let tape = Tape::open(&args.place, &spool, &access).await?;
            TapeInfo::read(&tape).await.map(|info| (tape, info))
        };
        let (tape, info) = tokio::select! {
            biased;
            () = stop.told() => return Ok(Exit::Success),
            read = read => read?,
        };
        if let Some(warning) = warning(info.end) {
            complain(&warning);
        }
        Ok(print(&text(&tape, &info), Exit::Success))
    })
    .await
}

fn text(tape: &Tape, info: &TapeInfo) -> String {
    let header = tape.header();
    let started = UNIX_EPOCH.checked_add(Duration::from_micros(header.start_unix_us)).unwrap_or(UNIX_EPOCH);
    let span = info.last.saturating_sub(info.first);
    let bytes = tape.bytes();
    let mut text = format!(
        "space     {}\nstarted   {}\nduration  {}\nframes    {}\ndevices   {}\nsize      {bytes} bytes\n",
        header.space,
        rfc3339(started),
        FormattedDuration(span),
        info.frames,
        info.devices
    );
    if info.pause > LONG_PAUSE {
        text.push_str(&format!("pause     {} at most without a frame\n", FormattedDuration(info.pause)));
    }
    text
}
