//! A directory that is copied, or copied to.

mod source;
mod target;

pub use source::CopySource;
pub use target::CopyTarget;
