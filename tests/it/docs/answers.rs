//! What an edge says on a connection when it does not do what it was asked to.

use grouploop_bridge::{CloseReason, CommandAnswer, CommandError, ID_ERROR, OptionsError, STREAM_ERROR};
use grouploop_testkit::docs;

const PAGE: &str = "docs/reference/errors.md";

#[test]
fn every_close_code_is_told() {
    let source = docs::read("bridge/src/answer.rs");
    docs::every_variant(&source, "CloseReason", &CloseReason::ALL);
    let code = CloseReason::ALL.map(|reason| {
        let come_back = if reason.come_back() { "yes" } else { "no" };
        [reason.code().to_string(), reason.text().to_owned(), come_back.to_owned()]
    });
    docs::same_rows(PAGE, "Close codes", code);
}

#[test]
fn every_answer_that_is_no_success_is_told() {
    docs::every_variant(&docs::read("bridge/src/answer.rs"), "CommandError", &CommandError::ALL);
    docs::every_variant(&docs::read("bridge/src/message.rs"), "OptionsError", &OptionsError::ALL);
    let mut code = vec![ID_ERROR.to_owned(), CommandAnswer::Failed.to_string()];
    code.extend(OptionsError::ALL.map(|error| format!("{STREAM_ERROR}{error}")));
    code.extend(CommandError::ALL.map(|error| CommandAnswer::Error(error).to_string()));
    docs::same_rows(PAGE, "Answers on a connection", code.into_iter().map(|answer| [answer]));
}
