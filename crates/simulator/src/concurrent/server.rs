//! A server of our own: a child process on a loopback port.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use rand::rngs::StdRng;
use ureq::Agent;

/// A start folds what was written, and a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// The key of the environment that is used.
pub const API_KEY: &str = "server-0123456789abcdef0123456789abcdef";

/// A data directory and, most of the time, a process that owns it.
pub struct Server {
    binary: PathBuf,
    directory: tempfile::TempDir,
    address: SocketAddr,
    options: Vec<String>,
    process: Option<Child>,
}

impl Server {
    /// Starts one on an empty directory.
    pub fn start(binary: &Path, random: &mut StdRng) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut server = Self {
            binary: binary.to_owned(),
            directory,
            address: free_address(random)?,
            options: options(random),
            process: None,
        };
        server.run()?;
        Ok(server)
    }

    /// Where it listens, also after a restart.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it at once, with kill -9.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Starts it, and waits until it is ready.
    pub fn run(&mut self) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(self.log_path())?;
        let process = self
            .command("serve")
            .arg("--listen")
            .arg(self.address.to_string())
            .args(&self.options)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn();
        let process = process.with_context(|| format!("starting {}", self.binary.display()))?;
        self.process = Some(process);
        self.wait_until_ready()
    }

    /// Has everything that was stored recomputed. The server must be down.
    pub fn verify(&self) -> anyhow::Result<()> {
        let output = self.command("verify").output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            bail!("scrip verify: {said}{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// What the server wrote to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join("server.log")
    }

    /// A command about the data directory, in which nothing of the caller's own settings leaks.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.binary);
        let foreign = std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            name.starts_with("SCRIP_")
        });
        for (name, _) in foreign {
            command.env_remove(name);
        }
        command.env("SCRIP_SANDBOX_API_KEY", API_KEY);
        command.env("SCRIP_API_KEY", "server-fedcba9876543210fedcba9876543210");
        command.stdin(Stdio::null());
        command.arg(name).arg("--data").arg(self.directory.path().join("data"));
        command
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let agent: Agent = Agent::config_builder()
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(1)))
            .build()
            .into();
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(process) = &mut self.process
                && let Some(status) = process.try_wait()?
            {
                bail!("the server ended at once with {status}:\n{}", self.log());
            }
            if agent.get(format!("http://{}/readyz", self.address)).call().is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("the server was not ready in time:\n{}", self.log())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = self.kill();
    }
}

/// Small budgets, so that what is written behind is written and read within a short history.
fn options(random: &mut StdRng) -> Vec<String> {
    let mut options = vec!["--scrub-hours".to_owned(), "0".to_owned()];
    if random.random_ratio(2, 3) {
        options.extend(["--snapshot-every-seconds".to_owned(), "1".to_owned()]);
    }
    if random.random_ratio(1, 2) {
        options.extend(["--wallet-memory-mib".to_owned(), "1".to_owned()]);
    }
    options
}

/// Below the range of outgoing connections, so that none takes the port while the server is down.
fn free_address(random: &mut StdRng) -> anyhow::Result<SocketAddr> {
    let mut start = random.random_range(0..14_000_u32) + std::process::id();
    for _ in 0..200 {
        start += 1;
        let port = u16::try_from(18_000 + start % 14_000)?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("there is no free port")
}
