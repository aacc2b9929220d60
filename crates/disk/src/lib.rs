//! Faults below everything that writes files, for the process that links this crate.
