//! The server as a process of its own, as its owner starts it: so that its memory is its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use crate::store::counts::resident_bytes;

/// A start that takes longer has failed.
const STARTS_WITHIN: Duration = Duration::from_secs(120);

/// A server that serves. It does not outlive its handle.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Process {
    /// Starts it on a directory, and waits until it serves.
    pub fn start(directory: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--data"])
            .arg(directory)
            // What the environment says of a server is not about this one.
            .env_clear()
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stderr.take().context("the server has no output")?);
        let (found, address) = mpsc::channel();
        // It reads to the end, so that the server never waits for its reader.
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if let Some(address) = address_in(&line) {
                    let _ = found.send(address);
                }
            }
        });
        match address.recv_timeout(STARTS_WITHIN) {
            Ok(address) => Ok(Self { child, address }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error).context("the server does not start")
            }
        }
    }

    /// Its memory.
    pub fn resident_bytes(&self) -> anyhow::Result<u64> {
        resident_bytes(&self.child.id().to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    line["address"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_log() {
        let line = r#"{"level":"INFO","message":"serving","address":"127.0.0.1:4711"}"#;
        assert_eq!(address_in(line), Some(SocketAddr::from(([127, 0, 0, 1], 4711))));
        assert_eq!(address_in(r#"{"message":"reading"}"#), None);
        assert_eq!(address_in("plain"), None);
    }
}
