//! What is on the terminal: how live it is, the whole in one line, what is wrong, the nodes, and the table that somebody chose.

use super::figures::Figures;
use super::keys::Key;
use super::system::System;
use super::table::{head, row};
use super::tables::Table;
use super::words::{ago, bytes, rate, whole};
use crate::display::{Display, Line, Style, picture};
use crate::terminal::printable;
use std::time::Duration;
use tokio::time::Instant;

/// Without figures for this long, those that are shown are not of now. They come once a second.
const STALE: Duration = Duration::from_millis(2_500);
/// Lines that a terminal must have for the nodes to be above another table.
const HIGH: usize = 22;
/// Nodes that are above another table, at most.
const FEW_NODES: usize = 8;
/// The share of the terminal that sentences about troubles may take, as a divisor.
const TROUBLES: usize = 4;

/// The state of the stream.
#[derive(Debug)]
enum Link {
    Connecting,
    There,
    Away { why: String, retry_at: Instant },
}

/// What is shown.
#[derive(Debug)]
pub(super) struct Screen {
    /// The terminal, while it is ours.
    _display: Option<Display>,
    url: String,
    link: Link,
    figures: Figures,
    came: Option<Instant>,
    table: Table,
    /// Rows that are above what is shown.
    skipped: usize,
    /// Rows that were shown last.
    height: usize,
}

impl Screen {
    /// Takes over the terminal.
    pub(super) fn open(url: String) -> Self {
        Self { _display: Some(Display::open()), ..Self::new(url) }
    }

    fn new(url: String) -> Self {
        Self {
            _display: None,
            url,
            link: Link::Connecting,
            figures: Figures::default(),
            came: None,
            table: Table::Subjects,
            skipped: 0,
            height: 0,
        }
    }

    pub(super) fn connecting(&mut self) {
        // The first time only: afterwards the reason of the last failure is worth more.
        if !matches!(self.link, Link::Away { .. }) {
            self.link = Link::Connecting;
        }
    }

    pub(super) fn away(&mut self, why: String, retry_at: Instant) {
        self.link = Link::Away { why, retry_at };
    }

    /// Takes the figures of another second; what cannot be read is said where the state is.
    pub(super) fn take(&mut self, system: &str, now: Instant) {
        match serde_json::from_str::<System>(system) {
            Ok(system) => {
                if system.bus.up == Some(false) && self.is_live(now) {
                    self.figures.show(system);
                } else {
                    if !self.is_hearing(now) {
                        self.figures.forget_history();
                    }
                    self.figures.take(system);
                }
                self.link = Link::There;
                self.came = Some(now);
            }
            Err(error) => self.away(format!("what it says cannot be read: {error}"), now),
        }
    }

    /// Whether what is shown is of now, and changes with the next event only.
    pub(super) fn is_live(&self, now: Instant) -> bool {
        matches!(self.link, Link::There) && self.age(now).is_some_and(|age| age < STALE)
    }

    /// Whether what is shown of nodes, spaces and subjects is of now: the monitor tells, and hears them.
    fn is_hearing(&self, now: Instant) -> bool {
        self.is_live(now) && self.figures.system().bus.up != Some(false)
    }

    fn age(&self, now: Instant) -> Option<Duration> {
        self.came.map(|came| now.saturating_duration_since(came))
    }

    /// Does what a key means.
    pub(super) fn key(&mut self, key: Key) {
        let page = self.height.max(1);
        self.skipped = match key {
            Key::NextTable | Key::PreviousTable => {
                let all = Table::ALL;
                let place = all.iter().position(|table| *table == self.table).unwrap_or(0);
                let step = if key == Key::NextTable { 1 } else { all.len() - 1 };
                self.table = all.get((place + step) % all.len()).copied().unwrap_or(self.table);
                0
            }
            Key::Up => self.skipped.saturating_sub(1),
            Key::Down => self.skipped + 1,
            Key::PageUp => self.skipped.saturating_sub(page),
            Key::PageDown => self.skipped + page,
            Key::Home => 0,
            Key::End => usize::MAX,
            Key::Quit => self.skipped,
        };
    }

    /// Draws everything anew.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn draw(&mut self, now: Instant) -> std::io::Result<()> {
        let (width, height) = Display::size();
        Display::show(&self.picture(width, height, now))
    }

    fn picture(&mut self, width: usize, height: usize, now: Instant) -> String {
        let mut lines = self.header(now);
        if self.came.is_some() {
            let is_high = height >= HIGH;
            lines.extend(self.troubles((height / TROUBLES).max(1), width, now));
            if is_high && self.table != Table::Nodes {
                lines.push(Line::default());
                let nodes = Table::Nodes.len(&self.figures);
                lines.extend(self.part(Table::Nodes, 0, nodes.min(FEW_NODES), width, now));
            }
            lines.push(Line::default());
            lines.push(self.tabs());
            // The headings, and the help below.
            let room = height.saturating_sub(lines.len() + 2);
            self.skipped = self.skipped.min(self.table.len(&self.figures).saturating_sub(room));
            self.height = room;
            lines.extend(self.part(self.table, self.skipped, room, width, now));
            lines.resize_with(height.saturating_sub(1).max(lines.len()), Line::default);
            lines.push(Line::new(Style::Dim, "q quit   Tab, left, right: table   up, down, page: rows"));
        }
        picture(&lines, width, height)
    }

    fn header(&self, now: Instant) -> Vec<Line> {
        let system = self.figures.system();
        let version = if self.came.is_some() { format!(" {}", printable(&system.version)) } else { String::new() };
        let is_hearing = self.is_hearing(now);
        let state = (if is_hearing { Style::Plain } else { Style::Chosen }, self.state(now));
        let name = (Style::Bold, format!("GroupLoop{version}"));
        let mut lines = vec![Line(vec![name, (Style::Plain, format!("  {}  ", self.url)), state])];
        if self.came.is_some() {
            let totals = &system.totals;
            lines.push(Line::new(
                if is_hearing { Style::Plain } else { Style::Dim },
                format!(
                    "{} devices  {} viewers  {} frames/s  {} messages/s  {}/s  {} commands/s",
                    whole(totals.devices),
                    whole(totals.viewers),
                    rate(totals.frames_per_s),
                    rate(totals.messages_per_s),
                    bytes(totals.bytes_per_s),
                    rate(totals.commands_per_s),
                ),
            ));
        }
        lines
    }

    fn state(&self, now: Instant) -> String {
        let old = self.age(now).map(|age| format!(", figures are {} old", ago(age))).unwrap_or_default();
        match &self.link {
            Link::There if self.is_hearing(now) => "live".into(),
            Link::There if self.is_live(now) => format!("without a bus{}", self.unheard(now)),
            Link::There => format!("stale{old}"),
            Link::Connecting => format!("connecting{old}"),
            Link::Away { why, retry_at } => {
                let pause = retry_at.saturating_duration_since(now);
                let next = if pause.is_zero() { "now".into() } else { format!("in {:.1} s", pause.as_secs_f64()) };
                let hint =
                    if old.is_empty() { "; `grouploop up` and `grouploop monitor` have a monitor (--url)" } else { "" };
                format!("disconnected, {why}, trying again {next}{old}{hint}")
            }
        }
    }

    /// How old figures of nodes, spaces and subjects are by what the monitor says of its bus.
    fn unheard(&self, now: Instant) -> String {
        let system = self.figures.system();
        let since = system.bus.figures_at.map(|at| Duration::from_millis(system.at.saturating_sub(at)));
        let age = since.map(|since| since + self.age(now).unwrap_or_default());
        age.map(|age| format!(", figures are {} old", ago(age))).unwrap_or_default()
    }

    /// The sentences, each in as many lines as it needs, as long as they fit into so many lines, and how many more there are.
    fn troubles(&self, room: usize, width: usize, now: Instant) -> Vec<Line> {
        let system = self.figures.system();
        let style = if self.is_live(now) { Style::Bold } else { Style::Dim };
        let age = self.age(now).unwrap_or_default();
        let (mut lines, mut shown) = (Vec::new(), 0);
        for trouble in &system.troubles {
            let since = Duration::from_millis(system.at.saturating_sub(trouble.since)) + age;
            let text = format!("! {} ({})", printable(&trouble.text), ago(since));
            let sentence = wrapped(&text, width);
            if shown > 0 && lines.len() + sentence.len() > room {
                break;
            }
            lines.extend(sentence.into_iter().take(room).map(|line| Line::new(style, line)));
            shown += 1;
        }
        let more = system.troubles.len() - shown;
        if more > 0 {
            lines.push(Line::new(Style::Dim, format!("  and {more} more")));
        }
        lines
    }

    /// The tables that there are, and which one is shown.
    fn tabs(&self) -> Line {
        let mut texts = Vec::new();
        for table in Table::ALL {
            let beyond = table.beyond(&self.figures);
            let more = if beyond > 0 { format!(" and {}", whole(beyond)) } else { String::new() };
            let style = if table == self.table { Style::Chosen } else { Style::Plain };
            texts.push((style, format!(" {} {}{more} ", table.title(), table.len(&self.figures))));
            texts.push((Style::Plain, " ".into()));
        }
        Line(texts)
    }

    /// The headings of a table and some of its rows.
    fn part(&self, table: Table, skip: usize, take: usize, width: usize, now: Instant) -> Vec<Line> {
        let mut lines = vec![head(table.name(), table.columns(), width)];
        let is_now = if table == Table::Nats { self.is_live(now) } else { self.is_hearing(now) };
        let age = (!is_now).then(|| self.age(now).unwrap_or_default());
        for mut one in table.rows(&self.figures, skip, take, age) {
            if !is_now {
                one.style = Style::Dim;
            }
            lines.push(row(&one, table.columns(), width));
        }
        if table == Table::Nats && table.len(&self.figures) == 0 {
            let why = if self.figures.system().bus.engine == "embedded" {
                "everything runs in one process, which is its own bus: there is no NATS server"
            } else {
                "none is shown: monitor.nats_urls names their HTTP monitoring addresses"
            };
            lines.push(Line::new(Style::Dim, why));
        }
        lines
    }
}

/// Lines of a sentence at most: a message from outside may have no end.
const MOST_LINES: usize = 4;

/// A sentence in lines of so many columns, those after the first one indented.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let taken = lines.last().map_or(0, |line| line.chars().count());
        if taken > 2 && taken + 1 + word.chars().count() > width {
            lines.push("  ".to_owned() + word);
        } else if let Some(line) = lines.last_mut() {
            if taken > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.truncate(MOST_LINES);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A system with so many subjects.
    fn system(subjects: usize) -> String {
        let subjects: Vec<_> = (0..subjects)
            .map(|place| json!({"subject": format!("gl.space.s{place}.telemetry.edge-1"), "node": "edge-2", "messages_per_s": 1_000 - place, "bytes_per_s": 2000}))
            .collect();
        json!({
            "at": 10_000, "version": "0.1.0", "bus": {"engine": "embedded"},
            "nodes": [{"node": "edge-1", "role": "edge", "state": "live", "devices": 10_000}, {"node": "edge-2", "state": "silent", "age_ms": 2_000}],
            "subjects": subjects, "totals": {"devices": 10_000, "frames_per_s": 200_000.0, "bytes_per_s": 4.2e6},
            "troubles": [{"text": "edge-2 is silent.\u{1b}[2J", "since": 8_000}],
        })
        .to_string()
    }

    fn lines(screen: &mut Screen, width: usize, height: usize, now: Instant) -> Vec<String> {
        let picture = screen.picture(width, height, now);
        let picture = picture.strip_prefix("\x1b[H").unwrap().strip_suffix("\x1b[J").unwrap();
        picture.split("\r\n").map(|line| line.strip_suffix("\x1b[K").unwrap().to_owned()).collect()
    }

    #[test]
    fn the_whole_its_troubles_its_nodes_and_a_table_are_shown() {
        let now = Instant::now();
        let mut screen = Screen::new("http://hub:5010".into());
        screen.take(&system(50), now);
        let shown = lines(&mut screen, 100, 30, now);
        assert_eq!(shown.len(), 30);
        assert_eq!(shown[0], "\x1b[1mGroupLoop 0.1.0\x1b[0m  http://hub:5010  live");
        assert!(
            shown[1].starts_with("10,000 devices  0 viewers  200,000 frames/s  0 messages/s  4.2 MB/s"),
            "{shown:?}"
        );
        assert_eq!(shown[2], "\x1b[1m! edge-2 is silent.[2J (2.0 s)\x1b[0m");
        assert!(shown[5].starts_with("edge-1") && shown[5].contains("live   10,000"), "{}", shown[5]);
        assert!(shown[6].starts_with("\x1b[2medge-2") && shown[6].contains("silent 2.0 s"), "{}", shown[6]);
        assert!(shown[8].starts_with("\x1b[7m Subjects 50 \x1b[0m"), "{}", shown[8]);
        assert!(shown[10].contains("gl.space.s0.telemetry.edge-1") && shown[10].contains("2.0 kB"), "{}", shown[10]);
        // What a silent node sent is not of now.
        assert!(shown[10].starts_with("\x1b[2m"), "{}", shown[10]);
        assert!(shown[29].contains("q quit"));
    }

    #[test]
    fn while_the_monitor_hears_nobody_nothing_of_nodes_is_of_now() {
        let now = Instant::now();
        let mut screen = Screen::new("http://hub:5010".into());
        screen.take(&system(1).replace(r#""engine":"embedded""#, r#""engine":"nats","up":false"#), now);
        let shown = lines(&mut screen, 100, 30, now);
        assert!(shown[0].ends_with("\x1b[7mwithout a bus\x1b[0m"), "{}", shown[0]);
        assert!([1, 5, 10].iter().all(|line| shown[*line].starts_with("\x1b[2m")), "{shown:?}");
        assert!(shown[5].starts_with("\x1b[2medge-1") && shown[5].contains("was live"), "{}", shown[5]);
        let why = "The monitor has no bus (connection refused): nothing is known of nodes, spaces and devices until it is back.";
        let trouble = format!(r#""troubles":[{{"text":"{why}","since":7000}}]"#);
        let told = system(1).replace(r#""engine":"embedded""#, r#""engine":"nats","up":false,"figures_at":7000"#);
        let (before, _) = told.split_once(r#""troubles""#).unwrap();
        screen.take(&format!("{before}{trouble}}}"), now);
        let shown = lines(&mut screen, 80, 30, now + Duration::from_millis(500));
        assert!(shown[0].contains("without a bus, figures are 3.5 s old"), "{}", shown[0]);
        // The whole sentence, and since when.
        assert_eq!(
            shown[2],
            "\x1b[1m! The monitor has no bus (connection refused): nothing is known of nodes, spaces\x1b[0m"
        );
        assert_eq!(shown[3], "\x1b[1m  and devices until it is back. (3.5 s)\x1b[0m");
    }

    #[test]
    fn a_sentence_without_end_takes_a_few_lines() {
        assert_eq!(wrapped("! one two three", 80), ["! one two three"]);
        assert_eq!(wrapped("! one two three", 9), ["! one two", "  three"]);
        assert_eq!(wrapped("! one two three", 0), ["! one", "  two", "  three"]);
        assert_eq!(wrapped(&"word ".repeat(1_000), 20).len(), MOST_LINES);
    }

    #[test]
    fn it_fits_every_terminal() {
        let now = Instant::now();
        let mut screen = Screen::new("http://hub:5010".into());
        screen.take(&system(500), now);
        for table in Table::ALL {
            for (width, height) in [(0, 0), (1, 1), (20, 5), (80, 24), (300, 100)] {
                let picture = screen.picture(width, height, now);
                assert!(picture.split("\r\n").count() <= height.max(1), "{table:?} {width}x{height}");
            }
            screen.key(Key::NextTable);
        }
        assert_eq!(screen.table, Table::Subjects);
    }

    #[test]
    fn keys_switch_tables_and_move_within_them() {
        let now = Instant::now();
        let mut screen = Screen::new(String::new());
        screen.take(&system(100), now);
        let first = |screen: &mut Screen| lines(screen, 80, 24, now)[10].split('.').nth(2).unwrap().to_owned();
        assert_eq!(first(&mut screen), "s0");
        screen.key(Key::Down);
        assert_eq!(first(&mut screen), "s1");
        screen.key(Key::PageDown);
        let page = screen.height;
        assert_eq!(first(&mut screen), format!("s{}", page + 1));
        screen.key(Key::End);
        assert_eq!(first(&mut screen), format!("s{}", 100 - page));
        screen.key(Key::Home);
        screen.key(Key::Up);
        assert_eq!(first(&mut screen), "s0");
        screen.key(Key::PreviousTable);
        assert!(lines(&mut screen, 80, 24, now).iter().any(|line| line.contains("there is no NATS server")));
        screen.key(Key::NextTable);
        assert_eq!(first(&mut screen), "s0");
    }

    #[test]
    fn figures_that_are_not_of_now_say_so() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut screen = Screen::new("http://hub:5010".into());
        screen.connecting();
        assert_eq!(screen.state(start), "connecting");
        screen.away("connection refused".into(), at(500));
        assert_eq!(
            screen.state(start),
            "disconnected, connection refused, trying again in 0.5 s; `grouploop up` and `grouploop monitor` have a monitor (--url)"
        );
        assert_eq!(lines(&mut screen, 80, 24, start).len(), 1);
        screen.take(&system(1), at(1_000));
        assert_eq!(screen.state(at(3_000)), "live");
        assert_eq!(screen.state(at(4_000)), "stale, figures are 3.0 s old");
        assert!(lines(&mut screen, 80, 24, at(4_000))[1].starts_with("\x1b[2m10,000 devices"));
        screen.away("closed by the monitor".into(), at(6_000));
        screen.connecting();
        assert_eq!(
            screen.state(at(6_000)),
            "disconnected, closed by the monitor, trying again now, figures are 5.0 s old"
        );
        // And how long a node was silent goes on, as far as is known.
        assert!(lines(&mut screen, 80, 24, at(6_000))[6].contains("silent 7.0 s"));
        screen.take("no JSON", at(6_500));
        assert!(screen.state(at(6_500)).starts_with("disconnected, what it says cannot be read"));
    }
}
