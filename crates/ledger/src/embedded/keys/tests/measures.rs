//! What it costs, in full size.
