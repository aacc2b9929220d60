//! Who asks: connections, what is asked over them, when, and what is measured of it. It shares the
//! cores with the server, so it runs in one thread and costs little.

pub mod arrivals;
pub mod balance;
pub mod connection;
pub mod filling;
pub mod latencies;
pub mod live;
pub mod outcome;
pub mod pass;
pub mod url;
pub mod writer;
