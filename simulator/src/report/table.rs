//! The report for people: at most 100 columns wide, and only the rows that say something.

use super::grid::{Grid, bytes, count, ms, thousands, wrapped};
use super::judge::MAX_DROPPED;
use super::measured::{LatencyReport, Measured, MeasuredFigures};
use super::{MAX_MISSED, Report, SwarmReport};
use std::fmt::Write;

impl Report {
    /// The same as the JSON, as text for a terminal; ends with a newline.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        self.write_run(&mut out);
        self.write_swarms(&mut out);
        for swarm in &self.swarms {
            self.write_details(&mut out, swarm);
        }
        if let Some(measured) = &self.measured {
            write_measured(&mut out, measured);
        }
        self.write_verdict(&mut out);
        out
    }

    fn write_run(&self, out: &mut String) {
        let run = &self.run;
        let cores = if run.duration_s > 0.0 { run.cpu_s / run.duration_s } else { 0.0 };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            out,
            "grouploop {} · {:.1} s · {:.1} s of CPU ({cores:.2} cores) · {} of memory at most\n",
            run.version,
            run.duration_s,
            run.cpu_s,
            bytes(run.peak_memory_bytes),
        );
        if run.clashes > 0 {
            let clashes = thousands(run.clashes);
            let _ = writeln!(
                out,
                "clashes: {clashes} times somebody else sent under an id of these devices (--first-id, --space)\n"
            );
        }
    }

    fn write_swarms(&self, out: &mut String) {
        let any = |count: fn(&SwarmReport) -> u64| self.swarms.iter().any(|swarm| count(swarm) > 0);
        let spaces =
            self.swarms.iter().any(|swarm| self.swarms.first().is_some_and(|first| first.space != swarm.space));
        let faults: [(&str, Count); 3] = [
            ("late", |swarm| swarm.frames.late),
            ("skipped", |swarm| swarm.frames.skipped),
            ("dropped", |swarm| swarm.frames.dropped_in_all()),
        ];
        let counts: [(&str, Count); 3] = [
            ("devices", |swarm| swarm.devices.into()),
            ("scheduled", |swarm| swarm.frames.scheduled),
            ("sent", |swarm| swarm.frames.sent),
        ];
        let counts: Vec<_> = counts.into_iter().chain(faults.into_iter().filter(|(_, count)| any(*count))).collect();
        let mut heading = vec!["swarm"];
        heading.extend(spaces.then_some("space"));
        heading.push("over");
        let names = heading.len();
        heading.extend(counts.iter().map(|(name, _)| *name));
        heading.push("frames/s");
        let mut grid = Grid::new(names, heading);
        let mut row = |name: &str, space: &str, over: &str, swarms: &[SwarmReport]| {
            let mut cells = vec![name.to_owned()];
            cells.extend(spaces.then(|| space.to_owned()));
            cells.push(over.to_owned());
            cells.extend(counts.iter().map(|(_, figure)| count(swarms.iter().map(figure).sum())));
            cells.push(self.rate(swarms.iter().map(|swarm| swarm.frames.sent).sum()));
            grid.row(cells);
        };
        for swarm in &self.swarms {
            row(&swarm.name, &swarm.space, &swarm.transport, std::slice::from_ref(swarm));
        }
        if self.swarms.len() > 1 {
            row("all", "", "", &self.swarms);
        }
        grid.write(out);
    }

    fn rate(&self, frames: u64) -> String {
        match frames as f64 / self.run.duration_s {
            rate if !rate.is_finite() => "-".to_owned(),
            rate if rate < 10.0 => format!("{rate:.1}"),
            rate => count(rate.round() as u64),
        }
    }

    /// What one swarm has to tell beside its frames; nothing for most.
    fn write_details(&self, out: &mut String, swarm: &SwarmReport) {
        let mut lines: Vec<(&str, String)> = Vec::new();
        if swarm.messages > 0 {
            lines.push(("sent", format!("{} in {} messages", bytes(swarm.bytes), thousands(swarm.messages))));
        }
        let dropped = swarm.frames.dropped.iter().filter(|(_, count)| **count > 0);
        let dropped: Vec<String> = dropped.map(|(reason, count)| format!("{} {reason}", thousands(*count))).collect();
        if !dropped.is_empty() {
            lines.push(("dropped", dropped.join(", ")));
        }
        if let Some(connections) = &swarm.connections {
            let (opened, lost) = (thousands(connections.opened), thousands(connections.lost));
            let mut text = format!("{opened} opened, {lost} lost");
            for (reason, tries) in &connections.failed {
                let _ = write!(text, ", {} failed ({reason})", thousands(*tries));
            }
            if connections.frames_lost > 0 {
                let _ = write!(text, ", {} frames lost with them", thousands(connections.frames_lost));
            }
            lines.push(("connections", text));
        }
        if let Some(load) = &swarm.command_load {
            let mut text = format!(
                "{} sent: {} success, {} failed, {} not answered",
                thousands(load.sent),
                thousands(load.success),
                thousands(load.failed),
                thousands(load.no_answer)
            );
            if load.not_sent > 0 {
                let _ = write!(text, ", {} not sent", thousands(load.not_sent));
            }
            if let (Some(p50), Some(p99)) = (load.p50_ms, load.p99_ms) {
                let _ = write!(text, "; p50 {} ms, p99 {} ms", ms(p50), ms(p99));
            }
            lines.push(("commands", text));
        }
        if swarm.commands.received > 0 {
            let mut text = format!("{} by devices", thousands(swarm.commands.received));
            if swarm.commands.lost_in_slot > 0 {
                let _ = write!(text, ", {} of them lost in the single slot", thousands(swarm.commands.lost_in_slot));
            }
            lines.push(("received", text));
        }
        if swarm.updates.started > 0 {
            let updates = &swarm.updates;
            let counts = [updates.started, updates.succeeded, updates.failed].map(thousands);
            let [started, succeeded, failed] = counts;
            let mut text = format!("{started} started, {succeeded} succeeded, {failed} failed");
            if updates.unchanged > 0 {
                let _ = write!(text, ", {} had that image already", thousands(updates.unchanged));
            }
            lines.push(("updates", text));
        }
        if lines.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n{}", swarm.name);
        for (name, text) in lines {
            wrapped(out, &format!("  {name}"), &text);
        }
    }

    fn write_verdict(&self, out: &mut String) {
        let verdict = &self.verdict;
        let _ = writeln!(
            out,
            "\n{}  schedule: {:.2} % of the frames were late or skipped, {:.0} % may be",
            mark(verdict.on_time),
            verdict.missed_share * 100.0,
            MAX_MISSED * 100.0
        );
        if !verdict.loaded {
            let _ = writeln!(
                out,
                "{}  load: {:.2} % of the frames were dropped, {:.0} % may be, or nothing went, or devices had no connection",
                mark(false),
                verdict.dropped_share * 100.0,
                MAX_DROPPED * 100.0
            );
        }
        for one in &verdict.expectations {
            let _ = writeln!(out, "{}  {}: {}", mark(one.met), one.expectation, one.found);
        }
        let _ = writeln!(out, "\n{}", if verdict.passed { "passed" } else { "FAILED" });
    }
}

type Count = fn(&SwarmReport) -> u64;

fn mark(kept: bool) -> &'static str {
    if kept { "ok  " } else { "FAIL" }
}

fn write_measured(out: &mut String, measured: &Measured) {
    let mut rows: Vec<(&str, &MeasuredFigures)> =
        measured.classes.iter().map(|class| (class.name.as_str(), &class.figures)).collect();
    if rows.len() > 1 {
        rows.push(("all", &measured.all));
    }
    let mut delivery = Grid::new(1, vec!["delivery", "expected", "delivered", "lost", "duplicated", "out of order"]);
    let mut latency = Grid::new(1, vec!["latency in ms", "p50", "p90", "p99", "p99.9", "max"]);
    for (name, figures) in rows {
        let counts =
            [figures.expected, figures.delivered, figures.lost, figures.duplicated, figures.out_of_order].map(count);
        delivery.row(std::iter::once(name.to_owned()).chain(counts).collect());
        let times = figures.latency.map_or_else(
            || [const { String::new() }; 5].map(|_| "-".to_owned()),
            |LatencyReport { p50_ms, p90_ms, p99_ms, p99_9_ms, max_ms }| {
                [p50_ms, p90_ms, p99_ms, p99_9_ms, max_ms].map(ms)
            },
        );
        latency.row(std::iter::once(name.to_owned()).chain(times).collect());
    }
    out.push('\n');
    delivery.write(out);
    out.push('\n');
    latency.write(out);
    let mut notes = Vec::new();
    for (space, foreign) in measured.foreign.iter().filter(|(_, foreign)| **foreign > 0) {
        notes.push(("foreign", format!("{} frames of others in the space {space}", thousands(*foreign))));
    }
    for viewer in measured.viewers.iter().filter(|viewer| viewer.reconnects > 0) {
        let times = thousands(viewer.reconnects);
        notes.push((
            "reconnects",
            format!("{times} of the viewer at {}; it missed what was sent meanwhile", viewer.through),
        ));
    }
    if measured.messages_lost_by_viewers > 0 {
        let lost = thousands(measured.messages_lost_by_viewers);
        notes.push((
            "overrun",
            format!("{lost} messages were lost by the viewers themselves, which were too slow for the bus"),
        ));
    }
    if !notes.is_empty() {
        out.push('\n');
    }
    for (name, text) in notes {
        wrapped(out, name, &text);
    }
}
