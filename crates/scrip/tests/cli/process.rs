//! Starts the binary, speaks to it, and ends it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// The binary, with nothing to read.
pub fn scrip() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrip"));
    // The environment of whoever runs the tests must not configure the binary.
    command.env_clear().stdin(Stdio::null());
    command
}

/// Runs a command to its end: its exit code and all it wrote.
pub fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let output = scrip().args(arguments).envs(variables.iter().copied()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8(text).unwrap())
}

/// Runs a command in a directory to its end: its exit code, what it answered, and what it told beside.
pub fn run_in(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = scrip().args(arguments).current_dir(directory).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// A server on a free port.
pub struct Server {
    child: Child,
    output: Option<JoinHandle<String>>,
    /// Where it listens.
    pub port: u16,
    /// Where it shows its figures.
    pub metrics_port: Option<u16>,
}

impl Server {
    /// Starts a server and waits until it serves.
    pub fn start(data: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = scrip()
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--data"])
            .arg(data)
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (ready, is_ready) = mpsc::channel();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let output = std::thread::spawn(move || {
            let mut all = String::new();
            let mut metrics_port = None;
            for line in errors.lines().map_while(Result::ok) {
                metrics_port = metrics_port.or_else(|| port_of(&line, "metrics_address"));
                if let Some(port) = port_of(&line, "address") {
                    let _ = ready.send((port, metrics_port));
                }
                all.push_str(&line);
                all.push('\n');
            }
            all
        });
        let (port, metrics_port) = is_ready.recv_timeout(Duration::from_secs(30)).unwrap();
        Self { child, output: Some(output), port, metrics_port }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without a chance to do anything.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it with SIGTERM, which must succeed; what it wrote to standard error.
    pub fn stop(&mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        self.output.take().unwrap().join().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The port of an address in a line of the log.
fn port_of(line: &str, member: &str) -> Option<u16> {
    let (_, rest) = line.split_once(&format!("\"{member}\":\"127.0.0.1:"))?;
    rest.split('"').next()?.parse().ok()
}

/// One request; the status and the body.
pub fn http(port: u16, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: test\r\nx-api-key: {key}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}
