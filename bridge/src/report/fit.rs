//! Which spaces a report names when not all fit.

use super::figures::SpaceFigures;
use super::{MAX_CLASHES, MAX_REASONS, MAX_REPORT_BYTES, Report};
use crate::name::Space;
use crate::node::json;
use bytes::Bytes;
use rustc_hash::FxHashMap;

/// Makes reports small enough.
#[derive(Debug, Default)]
pub(super) struct Fit {
    /// What the last report was made of.
    last: FxHashMap<Space, Last>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    figures: SpaceFigures,
    named: bool,
}

impl Fit {
    /// The report as it is sent: the busiest spaces are named, the rest is in the sum alone. Once named a space is not left out for one that is
    /// hardly busier, because whoever hears it needs two reports in a row for a rate.
    pub(super) fn bytes(&mut self, mut report: Report) -> Bytes {
        let mut room = MAX_CLASHES;
        report.clashes.retain(|_, devices| {
            devices.truncate(room);
            room -= devices.len();
            !devices.is_empty()
        });
        while report.drops.len() > MAX_REASONS {
            report.drops.pop_last();
        }
        let spaces = std::mem::take(&mut report.spaces);
        report.spaces_in_all = spaces.len() as u64;
        let mut ranked: Vec<(u64, Space, SpaceFigures)> = spaces
            .into_iter()
            .map(|(space, figures)| {
                let last = self.last.get(&space);
                (rank(&figures, last), space, figures)
            })
            .collect();
        ranked.sort_by(|(one, a, _), (two, b, _)| two.cmp(one).then_with(|| a.cmp(b)));
        self.last.clear();
        let mut left = MAX_REPORT_BYTES.saturating_sub(json(&report).len());
        for (_, space, figures) in ranked {
            // The name in quotes, a colon, the row, a comma.
            let size = space.as_str().len() + 4 + json(&figures).len();
            let named = size <= left;
            left = if named { left - size } else { 0 };
            self.last.insert(space.clone(), Last { figures, named });
            if named {
                report.spaces.insert(space, figures);
            }
        }
        json(&report)
    }
}

/// How much there is to tell of a space.
fn rank(figures: &SpaceFigures, last: Option<&Last>) -> u64 {
    let before = last.map_or(SpaceFigures::default(), |last| last.figures);
    let grown = figures.since(&before);
    let busy = grown.frames + grown.answered() + grown.delivered + figures.devices + figures.viewers;
    if last.is_some_and(|last| last.named) { busy + busy / 4 + 1 } else { busy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::DeviceId;

    /// What a node has after two days with this many spaces, each of them busy.
    fn report(spaces: u64, name: impl Fn(u64) -> String) -> Report {
        let busy = |number: u64| SpaceFigures {
            devices: 34,
            viewers: 2,
            frames: 117_000_000 + number,
            messages: 34_000_000,
            success: 5_200,
            failed: 12,
            sent_to_all: 31,
            delivered: 5_400,
            p50_us: 900,
            p99_us: 8_700,
            ..Default::default()
        };
        let mut all = SpaceFigures::default();
        let spaces: Vec<(Space, SpaceFigures)> =
            (0..spaces).map(|number| (name(number).parse().unwrap(), busy(number))).collect();
        spaces.iter().for_each(|(_, figures)| all.add(figures));
        Report {
            node: "edge-4f9a1c02".parse().unwrap(),
            role: "edge".into(),
            version: "0.1.0".into(),
            commit: "0123456789ab".into(),
            run: u64::MAX,
            leaving: false,
            clock_ms: 1_790_000_000_000,
            up_ms: 172_800_000,
            cpu_ms: Some(99_000_000),
            memory_bytes: Some(400_000_000),
            connections: 3_600,
            round_trip_us: Some(400),
            drops: [("bus_away".to_owned(), 12_345), ("viewer_lapped".to_owned(), 5)].into(),
            clashes: Default::default(),
            all,
            spaces_in_all: 0,
            spaces: spaces.into_iter().collect(),
        }
    }

    fn read(bytes: &Bytes) -> Report {
        assert!(bytes.len() <= MAX_REPORT_BYTES, "{}", bytes.len());
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn a_hundred_busy_spaces_are_all_named() {
        let sent = report(100, |number| format!("load-{number:03}"));
        let heard = read(&Fit::default().bytes(sent.clone()));
        assert_eq!(heard, Report { spaces_in_all: 100, ..sent });
    }

    #[test]
    fn of_any_number_with_names_of_any_length_the_busiest_are_named_and_the_sum_is_of_all() {
        for spaces in [4_096, 8_192] {
            let sent = report(spaces, |number| format!("{number:032}"));
            let heard = read(&Fit::default().bytes(sent.clone()));
            assert_eq!((heard.spaces_in_all, heard.all), (spaces, sent.all));
            assert!(heard.spaces.len() > 60, "{}", heard.spaces.len());
            let least = heard.spaces.values().map(|figures| figures.frames).min().unwrap();
            assert_eq!(least, 117_000_000 + spaces - heard.spaces.len() as u64);
        }
    }

    #[test]
    fn what_was_named_is_named_again_unless_another_is_clearly_busier() {
        let (mut fit, mut sent) = (Fit::default(), report(300, |number| format!("{number:032}")));
        let first = read(&fit.bytes(sent.clone())).spaces;
        for (number, figures) in sent.spaces.values_mut().enumerate() {
            figures.frames += 1_000 + (number as u64 % 7) * 20;
        }
        let second = read(&fit.bytes(sent.clone())).spaces;
        assert!(first.keys().eq(second.keys()));
        let quiet = sent.spaces.keys().find(|space| !second.contains_key(*space)).unwrap().clone();
        for figures in sent.spaces.values_mut() {
            figures.frames += 1_000;
        }
        sent.spaces.get_mut(&quiet).unwrap().frames += 2_000;
        assert!(read(&fit.bytes(sent)).spaces.contains_key(&quiet));
    }

    #[test]
    fn clashes_and_reasons_without_end_do_not_make_it_larger() {
        let mut sent = report(500, |number| format!("{number:032}"));
        sent.clashes = sent.spaces.keys().map(|space| (space.clone(), (0..500).map(DeviceId).collect())).collect();
        sent.drops = (0..500).map(|number| (format!("reason-{number}"), u64::MAX)).collect();
        let heard = read(&Fit::default().bytes(sent));
        assert_eq!(heard.clashes.values().map(Vec::len).sum::<usize>(), MAX_CLASHES);
        assert_eq!(heard.drops.len(), MAX_REASONS);
        assert!(heard.spaces.len() > 30, "{}", heard.spaces.len());
    }
}
