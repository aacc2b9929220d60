//! A go-between that does not always tell the truth.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What it does wrong now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Nothing.
    None,
    /// A balance is answered as it was the last time somebody asked.
    OldBalance,
    /// The last item of a batch does not reach the server.
    LostItem,
    /// A consumption happens twice.
    BurnsTwice,
    /// The good items of a batch that is refused happen.
    PhantomBatch,
}

/// A request or an answer.
#[derive(Clone)]
struct Message {
    first_line: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

#[derive(Default)]
struct Memory {
    balances: BTreeMap<String, Message>,
    chances: usize,
}

/// Listens where a client is sent instead of to the server.
pub fn before(server: SocketAddr, lie: Lie) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let memory = Arc::new(Mutex::new(Memory::default()));
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let memory = Arc::clone(&memory);
            // A client that left, or a server that did, ends the connection and nothing else.
            std::thread::spawn(move || serve(client, server, lie, &memory));
        }
    });
    address
}

fn serve(
    mut client: TcpStream,
    server: SocketAddr,
    lie: Lie,
    memory: &Mutex<Memory>,
) -> Option<()> {
    let mut requests = BufReader::new(client.try_clone().ok()?);
    let mut upstream = TcpStream::connect(server).ok()?;
    upstream.set_nodelay(true).ok()?;
    client.set_nodelay(true).ok()?;
    let mut answers = BufReader::new(upstream.try_clone().ok()?);
    let mut ask = |request: &Message| {
        request.write(&mut upstream)?;
        Message::read(&mut answers)
    };
    loop {
        let request = Message::read(&mut requests)?;
        let answer = answer(&request, lie, memory, &mut ask)?;
        answer.write(&mut client)?;
    }
}

/// Every third time that there is something to lie about.
fn is_time(memory: &Mutex<Memory>) -> bool {
    let mut memory = memory.lock().unwrap();
    memory.chances += 1;
    memory.chances.is_multiple_of(3)
}

fn answer(
    request: &Message,
    lie: Lie,
    memory: &Mutex<Memory>,
    ask: &mut impl FnMut(&Message) -> Option<Message>,
) -> Option<Message> {
    let is_check = request.first_line.contains("/entitlements/check");
    let is_batch = request.first_line.starts_with("POST /api/v1/credits/consumption/async ");
    let is_burn = request.first_line.starts_with("POST /api/v1/credits/consumption ");
    match lie {
        Lie::OldBalance if is_check => {
            let answer = ask(request)?;
            let line = request.first_line.clone();
            let old = memory.lock().unwrap().balances.insert(line, answer.clone());
            let old = old.filter(|old| old.body != answer.body);
            Some(match old {
                Some(old) if is_time(memory) => old,
                _ => answer,
            })
        }
        Lie::LostItem if is_batch => {
            let mut body: Value = serde_json::from_slice(&request.body).ok()?;
            let items = body["consumptions"].as_array_mut()?;
            if items.len() < 2 || !is_time(memory) {
                return ask(request);
            }
            items.pop();
            ask(&request.with(&body))
        }
        Lie::BurnsTwice if is_burn => {
            let answer = ask(request)?;
            if answer.first_line.contains(" 200 ") && is_time(memory) {
                let mut body: Value = serde_json::from_slice(&request.body).ok()?;
                let key = format!("{}-again", body["idempotencyKey"].as_str()?);
                body["idempotencyKey"] = key.into();
                let mut again = request.with(&body);
                again.headers.retain(|header| !is_header(header, "idempotency-key"));
                ask(&again)?;
            }
            Some(answer)
        }
        Lie::PhantomBatch if is_batch => {
            let mut body: Value = serde_json::from_slice(&request.body).ok()?;
            let items = body["consumptions"].as_array_mut()?;
            let length = items.len();
            items.retain(|item| item["customerId"] != "nobody");
            if !items.is_empty() && items.len() < length {
                ask(&request.with(&body))?;
            }
            ask(request)
        }
        _ => ask(request),
    }
}

fn is_header(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(known, _)| known.eq_ignore_ascii_case(name))
}

impl Message {
    fn with(&self, body: &Value) -> Self {
        Self { body: body.to_string().into_bytes(), ..self.clone() }
    }

    fn read(from: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut line = || {
            let mut line = String::new();
            from.read_line(&mut line).ok()?;
            line.ends_with('\n').then(|| line.trim_end().to_owned())
        };
        let first_line = line()?;
        let mut headers = Vec::new();
        let mut length = 0;
        loop {
            let header = line()?;
            if header.is_empty() {
                break;
            }
            match header.split_once(':') {
                Some(_) if !is_header(&header, "content-length") => headers.push(header),
                Some((_, value)) => length = value.trim().parse().ok()?,
                None => return None,
            }
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body).ok()?;
        Some(Self { first_line, headers, body })
    }

    fn write(&self, to: &mut TcpStream) -> Option<()> {
        let mut bytes = format!("{}\r\n", self.first_line).into_bytes();
        for header in &self.headers {
            bytes.extend_from_slice(format!("{header}\r\n").as_bytes());
        }
        let length = format!("content-length: {}\r\n\r\n", self.body.len());
        bytes.extend_from_slice(length.as_bytes());
        bytes.extend_from_slice(&self.body);
        to.write_all(&bytes).ok()
    }
}
