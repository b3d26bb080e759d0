//! Exit codes: one table for every subcommand, so that scripts can tell what happened.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Success,
    /// It ran and the result is bad: a command that failed, a drain that was not clean, a service that is not ready.
    Failed,
    /// The edge refused a command as wrong.
    BadCommand,
    /// No connection, or no answer in time.
    NoAnswer,
    /// Wrong settings or a wrong command line (`EX_USAGE`).
    Usage,
    /// An address cannot be listened on (`EX_UNAVAILABLE`).
    Unavailable,
    /// Stopped at once by a second signal, as shells count an interrupt.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::BadCommand => 2,
            Self::NoAnswer => 3,
            Self::Usage => 64,
            Self::Unavailable => 69,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;
    use grouploop_testkit::docs;

    #[test]
    fn the_numbers_that_scripts_rely_on() {
        let all = [
            Exit::Success,
            Exit::Failed,
            Exit::BadCommand,
            Exit::NoAnswer,
            Exit::Usage,
            Exit::Unavailable,
            Exit::Interrupted,
        ];
        docs::every_variant(include_str!("exit.rs"), "Exit", &all);
        let codes = all.map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3, 64, 69, 130]);
        docs::same_rows("docs/reference/errors.md", "Exit codes", codes.map(|code| [code.to_string()]));
    }
}
