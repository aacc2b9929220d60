//! Stands between a node and its database, understands enough of what they say to know a commit, and
//! cuts the connection there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};

/// Where the next commit is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    /// Nowhere.
    Nowhere = 0,
    /// The server never hears of the commit.
    Before = 1,
    /// The server commits, and its answer is lost.
    After = 2,
}

/// A proxy on an address of its own.
pub struct Proxy {
    /// Where the database is, through it.
    pub url: String,
    cut: Arc<AtomicU8>,
    cuts: Arc<AtomicUsize>,
    silent: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
}

impl Proxy {
    /// In front of the database of a URL.
    pub async fn before(url: &str) -> Self {
        let (front, rest) = url.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{front}@{}/{name}", listener.local_addr().unwrap());
        let (cut, cuts) = (Arc::new(AtomicU8::new(0)), Arc::new(AtomicUsize::new(0)));
        let silent = Arc::new(AtomicBool::new(false));
        let gone = Arc::new(AtomicBool::new(false));
        let (silenced, refuses) = (Arc::clone(&silent), Arc::clone(&gone));
        let (told, counted, server) = (Arc::clone(&cut), Arc::clone(&cuts), server.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if refuses.load(Ordering::SeqCst) {
                    continue;
                }
                let server = TcpStream::connect(&server).await.unwrap();
                let silent = Arc::clone(&silenced);
                let told = (Arc::clone(&told), Arc::clone(&counted), silent);
                tokio::spawn(forward(client, server, told));
            }
        });
        Self { url, cut, cuts, silent, gone }
    }

    /// Cuts the next commit there, once.
    pub fn cut(&self, where_: Cut) {
        self.cut.store(where_ as u8, Ordering::SeqCst);
    }

    /// Keeps all answers back from now on, or gives them. Whoever waits is told nothing, not even that
    /// the connection broke.
    pub fn be_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    /// Lets nobody in from now on.
    pub fn be_gone(&self) {
        self.gone.store(true, Ordering::SeqCst);
    }

    /// How often it cut.
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

type Told = (Arc<AtomicU8>, Arc<AtomicUsize>, Arc<AtomicBool>);

async fn forward(client: TcpStream, server: TcpStream, (cut, cuts, silent): Told) {
    // Otherwise every statement waits for the one before to be acknowledged.
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move {
        let mut bytes = [0; 8_192];
        while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
            while silent.load(Ordering::SeqCst) {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            if to_client.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    });
    // The first message says what it wants without saying what it is.
    let Some(first) = body(&mut from_client).await else { return };
    to_server.write_all(&first).await.unwrap();
    let mut commits = Vec::new();
    while let Ok(kind) = from_client.read_u8().await {
        let Some(message) = body(&mut from_client).await else { return };
        let mut parts = message[4..].split(|byte| *byte == 0);
        let (first, second) = (parts.next().unwrap_or(&[]), parts.next().unwrap_or(&[]));
        match kind {
            b'P' if second == b"commit" => commits.push(first.to_vec()),
            b'B' if commits.iter().any(|name| name == second) => {
                let where_ = cut.swap(Cut::Nowhere as u8, Ordering::SeqCst);
                if where_ != Cut::Nowhere as u8 {
                    cuts.fetch_add(1, Ordering::SeqCst);
                    answers.abort();
                }
                if where_ == Cut::Before as u8 {
                    return;
                }
                if where_ == Cut::After as u8 {
                    let rest = [&[kind][..], &message].concat();
                    return pass_on_in_silence(rest, from_client, to_server).await;
                }
            }
            _ => {}
        }
        let whole = [&[kind][..], &message].concat();
        if to_server.write_all(&whole).await.is_err() {
            return;
        }
    }
}

/// Gives the server all that belongs to the commit, and nothing back.
async fn pass_on_in_silence(
    first: Vec<u8>,
    mut from_client: OwnedReadHalf,
    mut to_server: tokio::net::tcp::OwnedWriteHalf,
) {
    to_server.write_all(&first).await.unwrap();
    // Execute and Sync follow it.
    while let Ok(kind) = from_client.read_u8().await {
        let Some(message) = body(&mut from_client).await else { break };
        to_server.write_all(&[&[kind][..], &message].concat()).await.unwrap();
        if kind == b'S' {
            break;
        }
    }
    to_server.flush().await.unwrap();
}

/// A message's length and what follows it.
async fn body(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let length = from.read_u32().await.ok()?;
    let mut message = length.to_be_bytes().to_vec();
    message.resize(usize::try_from(length).ok()?, 0);
    from.read_exact(&mut message[4..]).await.ok()?;
    Some(message)
}
