//! The console over a ledger in memory: what its pages say, and what their forms do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod actions;
mod changes;
mod environments;
mod escaping;
mod overview;
mod pages;
mod portal;
mod portal_links;
mod retries;
mod revenue;
mod roles;
mod security;
mod support;
