//! `grouploop firmware publish`: checks an image, uploads it and names it in the manifest.
//!
//! ```text
//!  check the image ─▶ HEAD image ──(not there)──▶ PUT image ─▶ GET manifest ─▶ PUT manifest, if it is still the same
//!                         └──────(there already)────────────────▲     └────────(changed)──┘
//! ```
//!
//! The image is there before the manifest names it. Whoever else publishes at the same time is in the manifest too. The whole may be
//! repeated: what has happened already is found and left.

mod cdn;
mod upload;

use crate::cli::PublishArgs;
use crate::date;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal::{complain, print, printable};
use crate::tls::trusted;
use bytes::Bytes;
use cdn::{BaseUrl, Cdn};
use grouploop_cdn::{Board, Facts, Image, ImageInfo, Version, check_image, image_path};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokio::time::sleep;

/// Largest image; no board of ours has more flash.
const MAX_IMAGE_BYTES: u64 = 16 << 20;
/// How often the manifest is written when others write it too.
const ATTEMPTS: u32 = 10;
/// Pause before the second attempt; it doubles up to [`LONGEST_PAUSE`]. All together are longer than a CDN shows an old manifest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);
/// How long the CDN may leave us waiting without taking or giving a byte.
const PATIENCE: Duration = Duration::from_secs(30);

/// How it went wrong: the exit code, and what to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    exit: Exit,
    lines: Vec<String>,
}

impl Trouble {
    fn new(exit: Exit, line: impl Into<String>) -> Self {
        Self { exit, lines: vec![line.into()] }
    }

    fn and(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }
}

/// What to publish where, all of it checked.
struct Order {
    board: Board,
    version: Version,
    cdn: Cdn,
    /// Before the second attempt at the manifest.
    pause: Duration,
}

/// Publishes, and prints what devices can now be told.
pub(crate) async fn publish(args: &PublishArgs, settings: &Settings) -> Exit {
    let outcome = match Order::new(args, settings, PATIENCE) {
        Ok(order) => order.carry_out(&args.file, args.replace).await.map(|text| (order, text)),
        Err(trouble) => Err(trouble),
    };
    match outcome {
        Ok((order, text)) => {
            let exit = print(&text, Exit::Success);
            if order.cdn.base.is_loopback() {
                complain("devices do not reach this address: give them the one that this machine has in their network");
            }
            exit
        }
        Err(trouble) => {
            trouble.lines.iter().for_each(|line| complain(&printable(line)));
            trouble.exit
        }
    }
}

impl Order {
    /// # Errors
    /// Everything that is wrong with the command line and the settings.
    fn new(args: &PublishArgs, settings: &Settings, patience: Duration) -> Result<Self, Trouble> {
        let mut wrong = Vec::new();
        let mut note = |why: String| wrong.push(why);
        let board = args.board.parse::<Board>().map_err(|error| note(error.to_string())).ok();
        let version = args.version.parse::<Version>().map_err(|error| note(error.to_string())).ok();
        let base = BaseUrl::choose(args.cdn.as_deref(), &settings.cdn).map_err(&mut note).ok();
        if settings.cdn.token.is_empty() {
            note("without a token nothing can be published: set GROUPLOOP_CDN__TOKEN (or cdn.token in the settings file) to the one of the CDN".into());
        }
        let trusted = trusted(&settings.tls).map_err(&mut note).unwrap_or_default();
        match (board, version, base) {
            (Some(board), Some(version), Some(base)) if wrong.is_empty() => {
                let cdn = Cdn::new(base, &settings.cdn.token, trusted, patience)?;
                Ok(Self { board, version, cdn, pause: FIRST_PAUSE })
            }
            _ => Err(Trouble { exit: Exit::Usage, lines: wrong }),
        }
    }

    async fn carry_out(&self, file: &Path, replace: bool) -> Result<String, Trouble> {
        let bytes = read(file).map_err(|why| Trouble::new(Exit::Failed, format!("{}: {why}", file.display())))?;
        let info = check_image(&bytes, &self.board).map_err(|error| {
            let lines = error.mistakes.iter().map(|mistake| format!("{}: {mistake}", file.display()));
            Trouble { exit: Exit::Failed, lines: lines.collect() }
        })?;
        let (facts, path) = (Facts::of(&bytes), image_path(&self.board, &self.version));
        self.store(bytes, &path, &facts, replace).await?;
        self.announce(&path, &facts).await.map_err(|trouble| {
            trouble.and("the image is there, but the manifest does not name it yet: run the same command again")
        })?;
        Ok(self.report(&info, &facts, &self.cdn.base.join(&path)))
    }

    /// Brings the image there, unless it is there already.
    async fn store(&self, bytes: Bytes, path: &str, facts: &Facts, replace: bool) -> Result<(), Trouble> {
        let mut there = self.cdn.etag(path).await?;
        if there.is_none() || (replace && there.as_deref() != Some(&etag(facts))) {
            if self.cdn.put_image(path, bytes, facts, replace).await? {
                return Ok(());
            }
            // Somebody was faster by a moment.
            there = self.cdn.etag(path).await?;
        }
        if there.as_deref() == Some(&etag(facts)) {
            return Ok(());
        }
        let (version, board) = (&self.version, self.board.name());
        Err(Trouble::new(
            Exit::Failed,
            format!(
                "version {version} for {board} is there already with other bytes: choose another version, or --replace"
            ),
        ))
    }

    /// Names the image in the manifest.
    async fn announce(&self, path: &str, facts: &Facts) -> Result<(), Trouble> {
        let mut pause = self.pause;
        for attempt in 1..=ATTEMPTS {
            let (mut manifest, condition) = self.cdn.manifest().await?;
            let image = Image {
                version: self.version.to_string(),
                build_date: date::rfc3339(SystemTime::now()),
                path: path.to_owned(),
                size: Some(facts.size),
                sha256: Some(facts.sha256.clone()),
                md5: Some(facts.md5.clone()),
                ..Image::default()
            };
            manifest
                .publish(&self.board, image)
                .map_err(|error| Trouble::new(Exit::Failed, format!("{}: {error}", self.cdn.base)))?;
            if self.cdn.put_manifest(&manifest, &condition).await? {
                return Ok(());
            }
            if attempt < ATTEMPTS {
                // Those who wait for each other come back at different times.
                sleep(pause.mul_f64(0.5 + rand::random::<f64>())).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
        Err(Trouble::new(Exit::Failed, format!("others changed the manifest of {} all the time", self.cdn.base)))
    }

    fn report(&self, info: &ImageInfo, facts: &Facts, url: &str) -> String {
        let mut text = format!("board    {}, {}\nversion  {}\n", self.board.name(), info.chip, self.version);
        if let Some(own) = &info.version {
            let project = info.project.as_deref().unwrap_or("it");
            text.push_str(&printable(&format!("built as {project} {own}")));
            text.push('\n');
        }
        let Facts { size, sha256, md5 } = facts;
        text.push_str(&format!("size     {size} bytes\nsha256   {sha256}\nmd5      {md5}\nurl      {url}\n"));
        text.push_str(&format!("\nTo update a device:\n  grouploop send <id> ota {url}\n"));
        text
    }
}

/// The strong ETag that the CDN has for these bytes.
fn etag(facts: &Facts) -> String {
    format!("\"{}\"", facts.sha256.get(..32).unwrap_or_default())
}

fn read(file: &Path) -> Result<Bytes, String> {
    let mut bytes = Vec::new();
    let length = File::open(file)
        .and_then(|file| file.take(MAX_IMAGE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if u64::try_from(length).is_ok_and(|length| length > MAX_IMAGE_BYTES) {
        return Err(format!("it is larger than {MAX_IMAGE_BYTES} bytes, which is more than any board takes"));
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests;
