//! A server in front of the server, which misbehaves at the worst moment.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What happens to a request.
pub enum Fate {
    /// It is carried out, and nobody hears of it.
    LoseAnswer,
    /// It is carried out; of its answer only so many bytes arrive.
    CutAnswer(usize),
    /// It reaches nobody, and this is the answer.
    Answer(String),
    /// It reaches nobody, and nothing is answered.
    Silence,
}

impl Fate {
    /// Another answer than the server's: status and headers, and a body.
    pub fn answer(head: &str, body: &str) -> Self {
        let length = body.len();
        Self::Answer(format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}"))
    }
}

/// Requests that came, and their fates.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Stands in front of a port. Each request has the next of these fates; what comes after them is
    /// passed on.
    pub fn start(upstream: u16, fates: Vec<Fate>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        // It ends with the process.
        thread::spawn(move || {
            let mut fates = fates.into_iter();
            for client in listener.incoming().map_while(Result::ok) {
                // A request on each connection.
                let Some(request) = message(&client) else { continue };
                seen.lock().unwrap().push(String::from_utf8(request.clone()).unwrap());
                serve(client, &request, upstream, fates.next());
            }
        });
        Self { port, requests }
    }

    /// What came.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, request: &[u8], upstream: u16, fate: Option<Fate>) {
    let told = match fate {
        Some(Fate::Answer(answer)) => answer.into_bytes(),
        Some(Fate::Silence) => {
            // Held open until the process ends.
            std::mem::forget(client);
            return;
        }
        other => {
            let mut server = TcpStream::connect(("127.0.0.1", upstream)).unwrap();
            server.write_all(request).unwrap();
            let mut answer = message(&server).unwrap();
            match other {
                Some(Fate::LoseAnswer) => answer.clear(),
                Some(Fate::CutAnswer(bytes)) => answer.truncate(bytes),
                _ => {}
            }
            answer
        }
    };
    // A client that left does not matter.
    let _ = client.write_all(&told);
}

/// A whole request or answer, whose length is in its head.
fn message(mut stream: &TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 65_536];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(bytes);
            }
        }
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
}
