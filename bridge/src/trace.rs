//! Traces: what happened to one command, or to one frame in many, on its way over several nodes. This is what the way itself does for that:
//! it makes spans and hands them to a [`SpanSink`], which is somebody else's, and takes the context along on the bus.
//!
//! Where nobody wants traces there is no sink: no span is made, and no message has a header.

use rand::RngExt;
use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// The header of a message on the bus, as W3C has it for HTTP.
pub const TRACE_HEADER: &str = "traceparent";
/// Its length: version, trace, span and flags in hex, with dashes between.
pub(crate) const TRACE_HEADER_LEN: usize = 55;

/// To which trace something belongs, and to which span in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace, never 0.
    pub trace: u128,
    /// The span, never 0.
    pub span: u64,
}

impl TraceContext {
    /// Reads a `traceparent`; none when it is broken, or whoever sent it does not record the trace.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let mut parts = header.get(..TRACE_HEADER_LEN)?.split('-');
        let mut part = |length| parts.next().filter(|part| part.len() == length && is_hex(part));
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        // Version 0 ends here; a later one may have more behind a dash.
        let ends = header.len() == TRACE_HEADER_LEN
            || (version != "00" && header.as_bytes().get(TRACE_HEADER_LEN) == Some(&b'-'));
        let (trace, span) = (u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
        let recorded = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        (ends && version != "ff" && trace != 0 && span != 0 && recorded).then_some(Self { trace, span })
    }
}

/// As a `traceparent`.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.trace, self.span)
    }
}

/// What became of a span.
#[derive(Debug, Clone)]
pub struct EndedSpan {
    /// Its place.
    pub context: TraceContext,
    /// The span that it is a part of; none when the trace begins with it.
    pub parent: Option<TraceContext>,
    /// What was done.
    pub name: &'static str,
    /// On the one or the other side of the bus.
    pub side: Side,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// Whether it went well.
    pub success: bool,
    /// What it was about.
    pub about: Vec<(&'static str, String)>,
}

/// How a span stands to those of other nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Somebody asked for it from outside.
    Server,
    /// It sent something to other nodes.
    Producer,
    /// It took in what another node sent.
    Consumer,
    /// All of it was in this node.
    Internal,
}

/// Whoever takes spans. It must not wait, and may throw away what is too much.
pub trait SpanSink: fmt::Debug + Send + Sync {
    /// A span ended.
    fn take(&self, span: EndedSpan);

    /// Spans that it threw away since it began.
    fn dropped(&self) -> u64;
}

/// Makes spans, or does nothing when nobody wants them. A cheap handle.
#[derive(Debug, Clone, Default)]
pub struct Tracer {
    sink: Option<Arc<dyn SpanSink>>,
    every_frames: u64,
}

impl Tracer {
    /// Hands spans to this sink: of commands all, of frames those of one frame in `every_frames`, and of none when that is 0.
    #[must_use]
    pub fn new(sink: Arc<dyn SpanSink>, every_frames: u64) -> Self {
        Self { sink: Some(sink), every_frames }
    }

    /// One frame in so many is traced; none is when it is 0.
    #[must_use]
    pub fn every_frames(&self) -> u64 {
        if self.sink.is_some() { self.every_frames } else { 0 }
    }

    /// Spans that were thrown away.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.sink.as_ref().map_or(0, |sink| sink.dropped())
    }

    /// Begins a trace, or goes on with the one of whoever asked. None when nobody wants traces.
    #[must_use]
    pub fn begin(&self, name: &'static str, side: Side, parent: Option<TraceContext>) -> Option<Span> {
        self.begin_at(name, side, parent, SystemTime::now())
    }

    /// The same for what began a while ago.
    #[must_use]
    pub fn begun(&self, name: &'static str, side: Side, parent: Option<TraceContext>, since: Instant) -> Option<Span> {
        let now = SystemTime::now();
        self.begin_at(name, side, parent, now.checked_sub(since.elapsed()).unwrap_or(now))
    }

    /// Goes on with a trace; none when there is none to go on with.
    #[must_use]
    pub fn go_on(&self, name: &'static str, side: Side, parent: Option<TraceContext>) -> Option<Span> {
        self.begin(name, side, Some(parent?))
    }

    fn begin_at(
        &self,
        name: &'static str,
        side: Side,
        parent: Option<TraceContext>,
        start: SystemTime,
    ) -> Option<Span> {
        let sink = self.sink.clone()?;
        let mut random = rand::rng();
        let trace = parent.map_or_else(|| random.random_range(1..=u128::MAX), |parent| parent.trace);
        let context = TraceContext { trace, span: random.random_range(1..=u64::MAX) };
        let ended = EndedSpan { context, parent, name, side, start, end: start, success: true, about: Vec::new() };
        Some(Span { sink, ended: Some(Box::new(ended)) })
    }
}

/// Something that is being done. It ends when it is dropped.
#[derive(Debug)]
pub struct Span {
    sink: Arc<dyn SpanSink>,
    ended: Option<Box<EndedSpan>>,
}

impl Span {
    /// For what is a part of it, here or on another node.
    #[must_use]
    pub fn context(&self) -> Option<TraceContext> {
        self.ended.as_ref().map(|ended| ended.context)
    }

    /// Says what it is about.
    #[must_use]
    pub fn about(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.note(key, value);
        self
    }

    /// The same about one that is under way.
    pub fn note(&mut self, key: &'static str, value: impl fmt::Display) {
        if let Some(ended) = &mut self.ended {
            ended.about.push((key, value.to_string()));
        }
    }

    /// Ends it, and says how it went.
    pub fn end(mut self, success: bool) {
        if let Some(ended) = &mut self.ended {
            ended.success = success;
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(mut ended) = self.ended.take() {
            ended.end = SystemTime::now();
            self.sink.take(*ended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Debug, Default)]
    struct Kept(Mutex<Vec<EndedSpan>>);

    impl SpanSink for Kept {
        fn take(&self, span: EndedSpan) {
            self.0.lock().unwrap().push(span);
        }

        fn dropped(&self) -> u64 {
            7
        }
    }

    #[test]
    fn a_context_is_read_as_it_is_written() {
        let context = TraceContext { trace: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, span: 0x00f0_67aa_0ba9_02b7 };
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(context.to_string(), header);
        assert_eq!(TraceContext::parse(header), Some(context));
        assert_eq!(TraceContext::parse(&format!("01{}-more", &header[2..])), Some(context));
    }

    #[test]
    fn what_is_no_context_is_none() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        for bad in [
            String::new(),
            "é".repeat(40),
            format!("00-{trace}-{span}-00"),
            format!("00-{trace}-{span}-01-more"),
            format!("00-{trace}-{span}-0"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{span}-{trace}-01"),
            format!("00-+{}-{span}-01", &trace[1..]),
        ] {
            assert_eq!(TraceContext::parse(&bad), None, "{bad}");
        }
    }

    #[test]
    fn spans_of_one_trace_know_each_other_and_tell_how_they_went() {
        let kept = Arc::new(Kept::default());
        let tracer = Tracer::new(kept.clone(), 0);
        let whole = tracer.begin("whole", Side::Server, None).unwrap().about("space.id", "main");
        let part = tracer.go_on("part", Side::Producer, whole.context()).unwrap();
        part.end(false);
        drop(whole);
        let spans = kept.0.lock().unwrap();
        let [part, whole] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!((part.parent, whole.parent), (Some(whole.context), None));
        assert_eq!(part.context.trace, whole.context.trace);
        assert_eq!((part.success, whole.success), (false, true));
        assert_eq!(whole.about, [("space.id", "main".to_owned())]);
        assert!(whole.start <= part.start && part.end <= whole.end);
    }

    #[test]
    fn without_a_sink_there_are_no_spans() {
        let tracer = Tracer::default();
        assert!(tracer.begin("whole", Side::Server, None).is_none());
        assert_eq!((tracer.every_frames(), tracer.dropped()), (0, 0));
        let kept = Tracer::new(Arc::new(Kept::default()), 5);
        assert!(kept.go_on("part", Side::Consumer, None).is_none());
        assert_eq!((kept.every_frames(), kept.dropped()), (5, 7));
    }
}
