//! The ports, and the page that is at the root of each.

use crate::UiSettings;

/// A port, by what users know it for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Port {
    /// The dashboard, with everything else below it.
    Hub,
    /// The device emulator.
    Emulator,
    /// Device control.
    Control,
    /// The documentation.
    Docs,
}

impl Port {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Hub, Self::Emulator, Self::Control, Self::Docs];

    /// The page at its root, which is also what it is called in metrics and logs.
    #[must_use]
    pub fn page(self) -> &'static str {
        match self {
            Self::Hub => "dashboard",
            Self::Emulator => "emulator",
            Self::Control => "control",
            Self::Docs => "docs",
        }
    }

    /// The setting that says where it listens.
    #[must_use]
    pub fn setting(self) -> &'static str {
        match self {
            Self::Hub => "ui.listen",
            Self::Emulator => "ui.emulator_listen",
            Self::Control => "ui.control_listen",
            Self::Docs => "ui.docs_listen",
        }
    }

    /// What that setting is.
    #[must_use]
    pub fn listen(self, settings: &UiSettings) -> &str {
        match self {
            Self::Hub => &settings.listen,
            Self::Emulator => &settings.emulator_listen,
            Self::Control => &settings.control_listen,
            Self::Docs => &settings.docs_listen,
        }
    }
}
