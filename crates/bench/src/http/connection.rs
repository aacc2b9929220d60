//! One keep-alive connection that costs the client little.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How a server answered a request that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Posted {
    /// It is done.
    Done,
    /// Nothing was done; the client may ask again.
    Later,
}

/// A connection with its buffers.
pub struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::new(), answer: vec![0; 64 * 1024] })
    }

    /// Posts a body and reads the whole answer, which must be a success.
    pub async fn post(&mut self, path: &str, key: &str, body: &str) -> anyhow::Result<()> {
        match self.try_post(path, key, body).await? {
            Posted::Done => Ok(()),
            Posted::Later => bail!("the server is busy"),
        }
    }

    /// Posts a body and reads the whole answer, which may be that the server is busy.
    pub async fn try_post(&mut self, path: &str, key: &str, body: &str) -> anyhow::Result<Posted> {
        self.request.clear();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nx-api-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(body.as_bytes());
        let (is_later, _) = self.exchange().await?;
        Ok(if is_later { Posted::Later } else { Posted::Done })
    }

    /// Gets what stands at a path, which must be a success.
    pub async fn get(&mut self, path: &str, key: &str) -> anyhow::Result<&[u8]> {
        self.request.clear();
        let head = format!("GET {path} HTTP/1.1\r\nhost: bench\r\nx-api-key: {key}\r\n\r\n");
        self.request.extend_from_slice(head.as_bytes());
        match self.exchange().await? {
            (false, body) => Ok(body),
            (true, _) => bail!("the server is busy"),
        }
    }

    /// Sends the request, and reads the whole answer: whether the server is busy, and the body.
    async fn exchange(&mut self) -> anyhow::Result<(bool, &[u8])> {
        self.stream.write_all(&self.request).await?;
        let mut read = 0;
        let body = loop {
            let more = self.stream.read(&mut self.answer[read..]).await?;
            if more == 0 {
                bail!("the server closed the connection");
            }
            read += more;
            let answer = &self.answer[..read];
            let Some(end) = find(answer, b"\r\n\r\n") else { continue };
            if read >= end + 4 + content_length(&answer[..end])? {
                break end + 4..read;
            }
        };
        let is_later = self.answer.starts_with(b"HTTP/1.1 503");
        if is_later || self.answer.starts_with(b"HTTP/1.1 20") {
            Ok((is_later, &self.answer[body]))
        } else {
            bail!("{}", String::from_utf8_lossy(&self.answer[..read]))
        }
    }
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = std::str::from_utf8(head)?;
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("the answer has no content-length")?
        .1
        .trim()
        .parse()
        .context("content-length")
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
