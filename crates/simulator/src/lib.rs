//! Random histories by seed, with faults, against the oracle.

pub mod concurrent;
