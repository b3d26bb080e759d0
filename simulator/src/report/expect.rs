//! `--expect`: what a run must keep, as a person writes it: `p99<20ms, lost=0, main-stage.p99.9<=50ms`. Pure: text in, values out.

use crate::scenario::{QuotedText, nearest};
use std::fmt;

/// Expectations in one text.
const MAX_EXPECTATIONS: usize = 64;
/// Bytes of the text.
const MAX_BYTES: usize = 8 * 1024;

/// A figure of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    P50,
    P90,
    P99,
    P999,
    Max,
    Lost,
    Duplicated,
    OutOfOrder,
    Foreign,
    Delivered,
    Dropped,
    Late,
    Skipped,
    Missed,
    Sent,
    FailedCommands,
    Rate,
}

/// The figures by the names that people write.
const KEYS: [(&str, Key); 17] = [
    ("p50", Key::P50),
    ("p90", Key::P90),
    ("p99", Key::P99),
    ("p99.9", Key::P999),
    ("max", Key::Max),
    ("lost", Key::Lost),
    ("duplicated", Key::Duplicated),
    ("out_of_order", Key::OutOfOrder),
    ("foreign", Key::Foreign),
    ("delivered", Key::Delivered),
    ("dropped", Key::Dropped),
    ("late", Key::Late),
    ("skipped", Key::Skipped),
    ("missed", Key::Missed),
    ("sent", Key::Sent),
    ("failed_commands", Key::FailedCommands),
    ("rate", Key::Rate),
];

impl Key {
    fn is_latency(self) -> bool {
        matches!(self, Self::P50 | Self::P90 | Self::P99 | Self::P999 | Self::Max)
    }

    fn needs_measure(self) -> bool {
        let counted = [Self::Lost, Self::Duplicated, Self::OutOfOrder, Self::Foreign, Self::Delivered];
        self.is_latency() || counted.contains(&self)
    }

    /// Reads what the figure is compared with.
    fn bound(self, text: &str) -> Result<Bound, &'static str> {
        if self.is_latency() {
            const UNITS: [(&str, f64); 4] = [("us", 0.001), ("µs", 0.001), ("ms", 1.0), ("s", 1000.0)];
            let found = UNITS.iter().find_map(|(unit, ms)| Some((number(text.strip_suffix(unit)?)?, ms)));
            let (number, ms) = found.ok_or("a time with its unit, such as 20ms, 1.5s or 800us")?;
            return Ok(Bound::Ms(number * ms));
        }
        if self == Self::Rate {
            return number(text).map(Bound::Number).ok_or("a number of frames a second, such as 1000");
        }
        if let Some(percent) = text.strip_suffix('%') {
            let percent = number(percent).filter(|percent| *percent <= 100.0);
            return percent.map(Bound::Percent).ok_or("a share from 0% to 100%");
        }
        let whole = number(text).filter(|number| number.fract() == 0.0);
        whole.map(Bound::Number).ok_or("a whole number such as 0, or a share such as 0.1%")
    }
}

/// A number that is not negative, without anything that `f64` would also take.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| text.parse().ok()).flatten().filter(|number: &f64| number.is_finite())
}

/// How a figure is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

impl Op {
    /// The operator at the beginning of a text, and what is behind it.
    fn parse(text: &str) -> Option<(Self, &str)> {
        // The longer ones first.
        const OPS: [(&str, Op); 5] =
            [("<=", Op::AtMost), (">=", Op::AtLeast), ("<", Op::Less), ("=", Op::Equal), (">", Op::More)];
        OPS.iter().find_map(|(sign, op)| Some((*op, text.strip_prefix(sign)?)))
    }

    pub(super) fn holds(self, found: f64, bound: f64) -> bool {
        match self {
            Self::Less => found < bound,
            Self::AtMost => found <= bound,
            Self::Equal => found == bound,
            Self::AtLeast => found >= bound,
            Self::More => found > bound,
        }
    }
}

/// What a figure is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bound {
    Ms(f64),
    Number(f64),
    Percent(f64),
}

/// One expectation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expectation {
    /// As it was written.
    pub(super) text: String,
    /// The swarm that it is about; `None` for all together.
    pub(super) class: Option<String>,
    pub(super) key: Key,
    pub(super) op: Op,
    pub(super) bound: Bound,
}

/// What a run must keep.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expectations {
    pub(super) all: Vec<Expectation>,
}

/// All that is wrong with expectations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ExpectError {
    /// Each mistake, in a sentence.
    pub mistakes: Vec<String>,
}

impl fmt::Display for ExpectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

impl ExpectError {
    /// Each mistake as a line of its own.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.mistakes.iter().map(|mistake| format!("--expect: {mistake}")).collect()
    }

    fn unless_empty(mistakes: Vec<String>) -> Result<(), Self> {
        if mistakes.is_empty() { Ok(()) } else { Err(Self { mistakes }) }
    }
}

impl Expectations {
    /// Reads a list such as `p99<20ms,lost=0`.
    ///
    /// # Errors
    /// All that is wrong in it.
    pub fn parse(text: &str) -> Result<Self, ExpectError> {
        let one = |mistake: String| ExpectError { mistakes: vec![mistake] };
        let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if text.len() > MAX_BYTES || items.len() > MAX_EXPECTATIONS {
            return Err(one(format!("at most {MAX_EXPECTATIONS} expectations in {MAX_BYTES} bytes are taken")));
        }
        if items.is_empty() {
            return Err(one("it is empty, it must look like p99<20ms,lost=0".to_owned()));
        }
        let (mut all, mut mistakes) = (Vec::new(), Vec::new());
        for item in items {
            match Expectation::parse(item) {
                Ok(expectation) => all.push(expectation),
                Err(mistake) => mistakes.push(format!("{}: {mistake}", QuotedText(item))),
            }
        }
        ExpectError::unless_empty(mistakes)?;
        Ok(Self { all })
    }

    /// Whether one of them is about what viewers see, which is known with `--measure` only.
    #[must_use]
    pub fn need_measure(&self) -> bool {
        self.all.iter().any(|expectation| expectation.key.needs_measure())
    }

    /// Whether they can be judged at the end of a run of these swarms. Ask before it begins.
    ///
    /// # Errors
    /// All that cannot: swarms that are not there, and figures that need `--measure` when it is not on.
    pub fn check(&self, swarms: &[&str], measuring: bool) -> Result<(), ExpectError> {
        let mut mistakes = Vec::new();
        for expectation in &self.all {
            let text = QuotedText(&expectation.text);
            if expectation.key.needs_measure() && !measuring {
                mistakes.push(format!("{text}: only viewers can tell, add --measure"));
            }
            if let Some(class) = expectation.class.as_deref().filter(|class| !swarms.contains(class)) {
                let hint = nearest(class, swarms.iter().copied()).map_or_else(
                    || format!("there are {}", swarms.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                mistakes.push(format!("{text}: there is no swarm {}, {hint}", QuotedText(class)));
            }
        }
        ExpectError::unless_empty(mistakes)
    }
}

impl Expectation {
    fn parse(item: &str) -> Result<Self, String> {
        let at = item
            .find(['<', '=', '>'])
            .ok_or("it compares nothing, it must look like p99<20ms, with <, <=, =, >= or >")?;
        let (name, rest) = item.split_at_checked(at).unwrap_or((item, ""));
        let (op, bound) = Op::parse(rest).ok_or("it compares nothing")?;
        let (name, bound) = (name.trim(), bound.trim());
        let (class, key) = named(name)?;
        if class.is_some() && key == Key::Foreign {
            return Err("foreign frames belong to no swarm, leave its name out".to_owned());
        }
        let read = key.bound(bound);
        let bound =
            read.map_err(|must_be| format!("`{name}` is compared with {}, it must be {must_be}", QuotedText(bound)))?;
        Ok(Self { text: item.to_owned(), class: class.map(str::to_owned), key, op, bound })
    }
}

/// The swarm and the figure that a name means.
fn named(name: &str) -> Result<(Option<&str>, Key), String> {
    let found = KEYS.iter().find_map(|(known, key)| {
        let class = name.strip_suffix(known)?;
        match class.strip_suffix('.') {
            Some(class) if !class.is_empty() => Some((Some(class.trim_end()), *key)),
            _ => class.is_empty().then_some((None, *key)),
        }
    });
    found.ok_or_else(|| {
        // What is behind the name of a swarm is what was meant.
        let last = name.split_once('.').map_or(name, |(_, last)| last);
        let names = KEYS.iter().map(|(known, _)| *known);
        let near = nearest(name, names.clone()).or_else(|| nearest(last, names.clone()));
        let hint = near.map_or_else(|| ".".to_owned(), |near| format!(", did you mean `{near}`?"));
        let known: Vec<&str> = names.collect();
        format!("there is no figure {}{hint} There are {}", QuotedText(name), known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<(Option<String>, Key, Op, Bound)> {
        let read = Expectations::parse(text).unwrap_or_else(|error| panic!("{error}"));
        read.all.into_iter().map(|one| (one.class, one.key, one.op, one.bound)).collect()
    }

    #[test]
    fn every_form_is_read() {
        let class = |name: &str| Some(name.to_owned());
        assert_eq!(
            parse("p99<20ms,lost=0"),
            [(None, Key::P99, Op::Less, Bound::Ms(20.0)), (None, Key::Lost, Op::Equal, Bound::Number(0.0))]
        );
        assert_eq!(
            parse(" p99.9 <= 1.5 s , max > 800us,p50>=800µs, ,"),
            [
                (None, Key::P999, Op::AtMost, Bound::Ms(1500.0)),
                (None, Key::Max, Op::More, Bound::Ms(0.8)),
                (None, Key::P50, Op::AtLeast, Bound::Ms(0.8)),
            ]
        );
        assert_eq!(
            parse("main-stage.p99<30ms,main-stage.p99.9<1s,a.lost<0.1%,rate>=999.5,delivered=100 %"),
            [
                (class("main-stage"), Key::P99, Op::Less, Bound::Ms(30.0)),
                (class("main-stage"), Key::P999, Op::Less, Bound::Ms(1000.0)),
                (class("a"), Key::Lost, Op::Less, Bound::Percent(0.1)),
                (None, Key::Rate, Op::AtLeast, Bound::Number(999.5)),
                (None, Key::Delivered, Op::Equal, Bound::Percent(100.0)),
            ]
        );
        for (name, key) in KEYS {
            let bound = if key.is_latency() { "1ms" } else { "1" };
            assert_eq!(parse(&format!("{name}={bound}"))[0].1, key, "{name}");
        }
    }

    #[test]
    fn all_mistakes_are_told_with_what_is_there() {
        let error = Expectations::parse("p999<20ms, lost, late<1.5, p90<20, rate=x, a.foreign=0, lots=0,sent>=101%")
            .unwrap_err();
        let known = "There are p50, p90, p99, p99.9, max, lost, duplicated, out_of_order, foreign, delivered, dropped, late, skipped, missed, sent, failed_commands, rate";
        assert_eq!(error.mistakes, [
            format!("\"p999<20ms\": there is no figure \"p999\", did you mean `p99`? {known}"),
            "\"lost\": it compares nothing, it must look like p99<20ms, with <, <=, =, >= or >".to_owned(),
            "\"late<1.5\": `late` is compared with \"1.5\", it must be a whole number such as 0, or a share such as 0.1%"
                .to_owned(),
            "\"p90<20\": `p90` is compared with \"20\", it must be a time with its unit, such as 20ms, 1.5s or 800us"
                .to_owned(),
            "\"rate=x\": `rate` is compared with \"x\", it must be a number of frames a second, such as 1000".to_owned(),
            "\"a.foreign=0\": foreign frames belong to no swarm, leave its name out".to_owned(),
            format!("\"lots=0\": there is no figure \"lots\", did you mean `lost`? {known}"),
            "\"sent>=101%\": `sent` is compared with \"101%\", it must be a share from 0% to 100%".to_owned(),
        ]);
        assert_eq!(error.to_string().lines().count(), 8);
    }

    #[test]
    fn what_is_no_expectation_is_refused_and_never_panics() {
        let many = "lost=0,".repeat(65);
        let long = format!("lost={}", "0".repeat(9000));
        for text in [
            "",
            " , ",
            "=",
            "<1ms",
            ".p99<1ms",
            "p99",
            "p99<",
            "p99<ms",
            "p99<-1ms",
            "p99<1e3ms",
            "p99<infs",
            "p99==1ms",
            "p99=<1ms",
            "lost<%",
            "lost=1.",
            "é<ü",
            "p99<1m",
            "x.y.z=1",
            &many,
            &long,
        ] {
            let refused = Expectations::parse(text).is_err();
            // One dot at the end is a number to Rust, and to people.
            assert_eq!(refused, text != "lost=1.", "{text}");
        }
    }

    #[test]
    fn what_cannot_be_judged_is_refused_before_the_run() {
        let expectations = Expectations::parse("p99<20ms,main-stag.late=0,other.sent>1,rate>1").unwrap();
        assert!(expectations.need_measure());
        assert_eq!(
            expectations.check(&["main-stage", "bar"], false).unwrap_err().mistakes,
            [
                "\"p99<20ms\": only viewers can tell, add --measure",
                "\"main-stag.late=0\": there is no swarm \"main-stag\", did you mean `main-stage`?",
                "\"other.sent>1\": there is no swarm \"other\", there are main-stage, bar",
            ]
        );
        assert_eq!(expectations.check(&["main-stag", "other"], true), Ok(()));
        assert!(!Expectations::parse("late=0,failed_commands=0,rate>1").unwrap().need_measure());
        assert!(KEYS.iter().filter(|(_, key)| key.needs_measure()).count() == 10);
    }
}
