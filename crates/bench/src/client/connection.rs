//! One keep-alive connection that costs the client little.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::ops::Range;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Bytes that an answer usually has at most; its buffer grows for a longer one.
const ANSWER_BYTES: usize = 16 * 1024;
/// No answer is longer.
const ANSWER_BYTES_MAX: usize = 64 << 20;
const BUSY: u16 = 503;

/// What a server answered.
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// It is done.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Nothing was done; the client may ask again.
    pub fn is_busy(&self) -> bool {
        self.status == BUSY
    }

    /// The server's own words of what it refused.
    pub fn words(&self) -> String {
        let body: Value = serde_json::from_slice(self.body).unwrap_or_default();
        let text = body["message"].as_str().map(str::to_owned);
        let text = text.unwrap_or_else(|| String::from_utf8_lossy(self.body).into_owned());
        format!("the server answered {}: {text}", self.status)
    }
}

/// A connection with its buffers.
pub struct Connection {
    stream: TcpStream,
    api_key: String,
    request: String,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects; all requests carry the key.
    pub async fn open(address: SocketAddr, api_key: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}; is a server running there?"))?;
        stream.set_nodelay(true)?;
        let answer = vec![0; ANSWER_BYTES];
        Ok(Self { stream, api_key: api_key.to_owned(), request: String::new(), answer })
    }

    /// Posts a body and reads the whole answer, which must be a success.
    pub async fn post(&mut self, path: &str, body: &str) -> anyhow::Result<()> {
        let answer = self.try_post(path, body).await?;
        if answer.is_success() { Ok(()) } else { bail!("POST {path}: {}", answer.words()) }
    }

    /// Posts a body and reads the whole answer, whatever it is.
    pub async fn try_post(&mut self, path: &str, body: &str) -> anyhow::Result<Answer<'_>> {
        self.request.clear();
        let (key, length) = (&self.api_key, body.len());
        // Writing into a string cannot fail.
        let _ = write!(
            self.request,
            "POST {path} HTTP/1.1\r\nhost: bench\r\nx-api-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.exchange().await
    }

    /// Gets what stands at a path, which must be a success.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<&[u8]> {
        let answer = self.try_get(path).await?;
        if answer.is_success() { Ok(answer.body) } else { bail!("GET {path}: {}", answer.words()) }
    }

    /// Gets what stands at a path, whatever it is.
    pub async fn try_get(&mut self, path: &str) -> anyhow::Result<Answer<'_>> {
        self.request.clear();
        let key = &self.api_key;
        let _ =
            write!(self.request, "GET {path} HTTP/1.1\r\nhost: bench\r\nx-api-key: {key}\r\n\r\n");
        self.exchange().await
    }

    /// Sends the request, and reads the whole answer.
    async fn exchange(&mut self) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(self.request.as_bytes()).await?;
        let mut read = 0;
        let mut head: Option<Head> = None;
        loop {
            let more = self.stream.read(&mut self.answer[read..]).await?;
            if more == 0 {
                bail!("the server closed the connection");
            }
            // The end of the head may lie across two reads.
            let unseen = read.saturating_sub(HEAD_END.len() - 1);
            read += more;
            if head.is_none() {
                head = Head::find(&self.answer[..read], unseen)?;
            }
            let needed = head.as_ref().map_or(0, |head| head.body.end);
            if head.is_some() && read >= needed {
                break;
            }
            self.make_room(read, needed)?;
        }
        let Head { status, body } = head.context("an answer without a head")?;
        Ok(Answer { status, body: &self.answer[body] })
    }

    fn make_room(&mut self, read: usize, needed: usize) -> anyhow::Result<()> {
        let length = if read == self.answer.len() { read * 2 } else { self.answer.len() };
        let length = length.max(needed);
        if length > ANSWER_BYTES_MAX {
            bail!("the answer is longer than {ANSWER_BYTES_MAX} bytes");
        }
        self.answer.resize(length, 0);
        Ok(())
    }
}

const HEAD_END: &[u8] = b"\r\n\r\n";

/// What the head of an answer says.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    body: Range<usize>,
}

impl Head {
    /// Looks for the end of the head behind what was seen already; none if it has not come yet.
    fn find(answer: &[u8], unseen: usize) -> anyhow::Result<Option<Self>> {
        let windows = answer[unseen..].windows(HEAD_END.len());
        let Some(end) = windows.into_iter().position(|window| window == HEAD_END) else {
            return Ok(None);
        };
        let head = std::str::from_utf8(&answer[..unseen + end])?;
        let begin = unseen + end + HEAD_END.len();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?;
        let length: usize = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .context("the answer has no content-length; is it Scrip that answers there?")?
            .1
            .trim()
            .parse()
            .context("content-length")?;
        let status = status.parse().with_context(|| format!("no status: {status}"))?;
        Ok(Some(Self { status, body: begin..begin + length }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_found_wherever_it_ends() {
        let answer = b"HTTP/1.1 402 Payment Required\r\nContent-Length:  5\r\nx: y\r\n\r\n{}{}{";
        let begin = answer.len() - 5;
        let head = Head { status: 402, body: begin..begin + 5 };
        assert_eq!(Head::find(answer, 0).unwrap(), Some(head));
        assert_eq!(Head::find(&answer[..begin - 1], 0).unwrap(), None);
        assert_eq!(Head::find(answer, begin - 4).unwrap().unwrap().body, begin..begin + 5);
        assert!(Head::find(b"HTTP/1.1 200 OK\r\n\r\n", 0).is_err());
        assert!(Head::find(b"HTTP/1.1 OK\r\ncontent-length: 0\r\n\r\n", 0).is_err());
    }

    #[test]
    fn words_are_those_of_the_server() {
        let words = |body: &[u8]| Answer { status: 402, body }.words();
        assert_eq!(words(b"{\"message\":\"needs 5\"}"), "the server answered 402: needs 5");
        assert_eq!(words(b"plain"), "the server answered 402: plain");
    }
}
