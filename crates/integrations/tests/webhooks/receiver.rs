//! Somebody who is told of events and answers as he is told to.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A server on loopback.
pub struct Receiver {
    pub url: String,
    status: Arc<AtomicU16>,
    taken: Arc<Mutex<Vec<(u16, String)>>>,
    /// If there are any, all others are taken.
    refused: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(200));
        let taken = Arc::new(Mutex::new(Vec::new()));
        let refused = Arc::new(Mutex::new(Vec::new()));
        let answers = Answers { status: Arc::clone(&status), refused: Arc::clone(&refused) };
        let told = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answers.clone(), Arc::clone(&told)));
            }
        });
        Self { url, status, taken, refused }
    }

    /// Answers with this from now on.
    pub fn answer_with(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Takes all but these from now on.
    pub fn refuse_only(&self, messages: Vec<String>) {
        *self.refused.lock().unwrap() = messages;
    }

    /// The ids of all messages that it was sent, with what it answered.
    pub fn told(&self) -> Vec<(u16, String)> {
        self.taken.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Answers {
    status: Arc<AtomicU16>,
    refused: Arc<Mutex<Vec<String>>>,
}

impl Answers {
    fn to(&self, id: &str) -> u16 {
        let status = self.status.load(Ordering::SeqCst);
        let refused = self.refused.lock().unwrap();
        if refused.is_empty() || refused.iter().any(|it| it == id) { status } else { 200 }
    }
}

async fn serve(
    stream: TcpStream,
    answers: Answers,
    told: Arc<Mutex<Vec<(u16, String)>>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut length, mut id) = (0_usize, String::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(": ") {
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.parse().unwrap(),
                    "webhook-id" => id = value.to_owned(),
                    _ => {}
                }
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let status = answers.to(&id);
        told.lock().unwrap().push((status, id));
        let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await?;
    }
}
