//! An issuer of tokens on loopback, which says what it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Seconds since 1970 in every test.
pub const NOW: i64 = 1_800_000_000;
/// What the issuer calls us.
pub const CLIENT: &str = "scrip";

/// A key that signs.
pub enum Key {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Text of bytes.
pub fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Key {
    pub fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_pkcs8(include_bytes!("rsa.pk8")).unwrap())
    }

    pub fn p256() -> Self {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self::P256(EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random).unwrap())
    }

    pub fn ed25519() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap())
    }

    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// As a key set has it.
    pub fn jwk(&self, id: &str) -> Value {
        match self {
            Self::Rsa(pair) => {
                let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({"kty": "RSA", "kid": id, "n": encoded(public.n), "e": encoded(public.e)})
            }
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
                json!({"kty": "EC", "crv": "P-256", "kid": id, "x": x, "y": y, "use": "sig"})
            }
            Self::Ed25519(pair) => {
                let x = encoded(pair.public_key());
                json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": x, "alg": "EdDSA"})
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Self::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A token.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        format!("{signed}.{}", encoded(self.sign(signed.as_bytes())))
    }
}

/// What an issuer says.
#[derive(Default)]
pub struct Says {
    pub discovery: Value,
    pub keys: Vec<Value>,
    /// Whether anything but an error is answered.
    pub is_down: bool,
    /// Nothing is answered before it is closed.
    pub gate: Option<Arc<Semaphore>>,
    /// The token that a code is good for, once, with the challenge of its verifier.
    pub codes: HashMap<String, (String, String)>,
    /// What was asked for.
    pub asked: Vec<String>,
    /// What came with what was asked for.
    pub authorization: Vec<Option<String>>,
}

/// A server on loopback.
pub struct Issuer {
    pub name: String,
    pub says: Arc<Mutex<Says>>,
}

impl Issuer {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("http://{}", listener.local_addr().unwrap());
        let discovery = json!({
            "issuer": name,
            "authorization_endpoint": format!("{name}/authorize"),
            "token_endpoint": format!("{name}/token"),
            "jwks_uri": format!("{name}/keys"),
        });
        let says = Arc::new(Mutex::new(Says { discovery, ..Says::default() }));
        let answers = Arc::clone(&says);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answers)));
            }
        });
        Self { name, says }
    }

    /// How often something was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.says.lock().unwrap().asked.iter().filter(|asked| *asked == path).count()
    }

    /// From now on nothing is answered before what this gives is closed.
    pub fn falls_silent(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.says.lock().unwrap().gate = Some(Arc::clone(&gate));
        gate
    }

    /// Waits until something was asked for so often.
    pub async fn is_asked(&self, path: &str, times: usize) {
        let asked = async {
            while self.asked(path) < times {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), asked).await.unwrap();
    }

    /// Claims that are as they should be.
    pub fn claims(&self) -> Value {
        json!({"iss": self.name, "aud": CLIENT, "sub": "ann", "exp": NOW + 300, "iat": NOW})
    }
}

async fn serve(stream: TcpStream, says: Arc<Mutex<Says>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut line, mut length, mut authorization) = (String::new(), 0, None);
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await.unwrap();
            let Some((name, value)) = header.trim().split_once(": ") else { break };
            match name {
                "content-length" => length = value.parse().unwrap(),
                "authorization" => authorization = Some(value.to_owned()),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let gate = {
            let mut says = says.lock().unwrap();
            says.asked.push(path.clone());
            says.authorization.push(authorization);
            says.gate.clone()
        };
        if let Some(gate) = gate {
            assert!(gate.acquire().await.is_err(), "it is opened by being closed");
        }
        let (status, answer) = answer(&mut says.lock().unwrap(), &path, &body);
        let text = answer.to_string();
        let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n{text}", text.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(says: &mut Says, path: &str, body: &[u8]) -> (u16, Value) {
    if says.is_down {
        return (503, Value::Null);
    }
    match path {
        "/.well-known/openid-configuration" => (200, says.discovery.clone()),
        "/keys" => (200, json!({"keys": says.keys})),
        "/token" => {
            let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
            let challenge = encoded(Sha256::digest(form["code_verifier"].as_bytes()));
            match says.codes.remove(&form["code"]) {
                Some((token, expected)) if challenge == expected => {
                    (200, json!({"id_token": token, "token_type": "Bearer"}))
                }
                _ => (400, json!({"error": "invalid_grant"})),
            }
        }
        _ => (404, Value::Null),
    }
}
