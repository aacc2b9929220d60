//! What is to go wrong, and with which call.

use std::path::Path;

/// Which files of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Files {
    /// All.
    Any,
    /// The one at this path.
    Named(&'static str),
    /// Those below a directory of this name.
    Under(&'static str),
}

impl Files {
    /// Whether a path, relative to the watched directory, is one of them.
    #[must_use]
    pub fn has(self, path: &Path) -> bool {
        match self {
            Self::Any => true,
            Self::Named(name) => path == Path::new(name),
            Self::Under(directory) => path.starts_with(directory),
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// The power fails: this call and all later ones that would change something fail.
    Stop,
    /// The power fails in the midst of a write, of which some sectors are written.
    TornWrite,
    /// A write returns after fewer bytes.
    ShortWrite,
    /// A write fails.
    FailedWrite,
    /// A file cannot grow or come to be.
    NoRoom,
    /// A sync fails. What it should have made durable is taken for written and never is.
    FailedSync,
    /// A sync succeeds and does nothing.
    LyingSync,
}

impl Harm {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Stop,
        Self::TornWrite,
        Self::ShortWrite,
        Self::FailedWrite,
        Self::NoRoom,
        Self::FailedSync,
        Self::LyingSync,
    ];

    pub(crate) const fn befalls(self, call: Call) -> bool {
        match self {
            Self::Stop => true,
            Self::TornWrite | Self::ShortWrite | Self::FailedWrite => {
                matches!(call, Call::Write { .. })
            }
            Self::NoRoom => matches!(call, Call::Write { grows: true } | Call::Create),
            Self::FailedSync | Self::LyingSync => matches!(call, Call::Sync),
        }
    }
}

/// A call that changes something, or makes it durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Write { grows: bool },
    Length,
    Create,
    Name,
    Sync,
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub harm: Harm,
    /// With a call for one of these.
    pub files: Files,
    /// So many calls that it could befall pass before.
    pub after: u64,
    /// So many calls in a row are befallen.
    pub times: u64,
}

impl Fault {
    /// Befalls one call, the next.
    #[must_use]
    pub const fn of(harm: Harm, files: Files) -> Self {
        Self { harm, files, after: 0, times: 1 }
    }

    /// The same, later.
    #[must_use]
    pub const fn after(self, calls: u64) -> Self {
        Self { after: calls, ..self }
    }

    /// The same, for a while.
    #[must_use]
    pub const fn times(self, calls: u64) -> Self {
        Self { times: calls, ..self }
    }
}
