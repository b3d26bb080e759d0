//! What a command came to, for whoever asked by HTTP: one object when all is known, or a line for each device as soon as it is known, so that a
//! sender whose edge goes away in the middle knows what was done.

use crate::node::Node;
use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt};
use grouploop_bridge::{CommandAnswer, DeviceId, Space};
use serde_json::json;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

const LINES: &str = "application/x-ndjson";
/// Lines that leave together, when they are there together.
const LINES_AT_ONCE: usize = 256;

/// Each device with whether the command was written to it, in the order in which that became known.
pub(crate) type Outcomes = BoxStream<'static, (DeviceId, bool)>;

/// How a request wants its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Object,
    Lines,
}

impl Form {
    pub(crate) fn asked_for(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let asks = |part: &str| part.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(LINES);
        if accept.split(',').any(asks) { Self::Lines } else { Self::Object }
    }
}

/// The answer in this form to what was asked of this space.
pub(crate) async fn answer(node: &Arc<Node>, space: &Space, outcomes: Outcomes, form: Form) -> Response {
    let (node, counts, asked) = (node.clone(), node.ledger.of(space), Instant::now());
    let outcomes = outcomes.inspect(move |(_, is_sent)| {
        let answer = answered(*is_sent);
        node.metrics.answered(answer);
        counts.answered(answer, Some(asked.elapsed()));
    });
    match form {
        Form::Object => object(outcomes.collect().await),
        Form::Lines => lines(outcomes.boxed()),
    }
}

/// The answer about one device.
pub(crate) fn answered(is_sent: bool) -> CommandAnswer {
    if is_sent { CommandAnswer::Success } else { CommandAnswer::Failed }
}

fn word(is_sent: bool) -> &'static str {
    if is_sent { "success" } else { "failed" }
}

fn object(results: BTreeMap<DeviceId, bool>) -> Response {
    let sent = results.values().filter(|is_sent| **is_sent).count();
    let words: BTreeMap<DeviceId, &str> = results.iter().map(|(id, is_sent)| (*id, word(*is_sent))).collect();
    Json(json!({"sent": sent, "failed": results.len() - sent, "results": words})).into_response()
}

/// `{"device", "result"}` for each, and `{"sent", "failed"}` in the end: without that it is no whole answer.
fn lines(outcomes: Outcomes) -> Response {
    let begin = (outcomes.ready_chunks(LINES_AT_ONCE), Some((0_usize, 0_usize)));
    let chunks = futures_util::stream::unfold(begin, |(mut outcomes, totals)| async move {
        let (mut sent, mut failed) = totals?;
        let Some(known) = outcomes.next().await else {
            return Some((format!("{}\n", json!({"sent": sent, "failed": failed})), (outcomes, None)));
        };
        let mut text = String::new();
        for (id, is_sent) in known {
            *(if is_sent { &mut sent } else { &mut failed }) += 1;
            text += &format!("{}\n", json!({"device": id, "result": word(is_sent)}));
        }
        Some((text, (outcomes, Some((sent, failed)))))
    });
    let body = Body::from_stream(chunks.map(|text| Ok::<_, Infallible>(Bytes::from(text))));
    ([(header::CONTENT_TYPE, LINES)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_for_who_asks_for_them() {
        let asked = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            Form::asked_for(&headers)
        };
        assert_eq!(Form::asked_for(&HeaderMap::new()), Form::Object);
        for accept in ["*/*", "application/json", "application/*", "application/x-ndjsonp"] {
            assert_eq!(asked(accept), Form::Object, "{accept}");
        }
        for accept in ["application/x-ndjson", "application/json;q=0.5, Application/X-NDJSON; q=1"] {
            assert_eq!(asked(accept), Form::Lines, "{accept}");
        }
    }
}
