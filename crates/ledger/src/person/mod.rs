//! People: who signs in, and what they may.

mod role;

pub use role::Role;
