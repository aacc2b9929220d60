//! Signing in by an authorization code, with PKCE, `state` and `nonce`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use form_urlencoded::Serializer;
use http::HeaderValue;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::issuer::{InvalidIssuer, Issuer};
use super::token::TokenError;
use super::{random_text, url};

/// How people sign in elsewhere.
#[derive(Clone)]
pub struct CodeFlowOptions {
    /// The issuer's exact name, a URL.
    pub issuer: String,
    /// What it calls this server.
    pub client_id: String,
    /// With what this server proves itself; none of a public client.
    pub client_secret: Option<String>,
    /// Where people come back to: this server's own URL, as the issuer was told.
    pub redirect_url: String,
}

/// Signs people in who are known elsewhere.
pub struct CodeFlow {
    issuer: Issuer,
    options: CodeFlowOptions,
}

/// A sign-in that has begun. All but the URL is kept with the browser that began it, until it comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Where the browser goes.
    pub url: String,
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// Proves that whoever redeems the code began the sign-in.
    pub verifier: String,
}

/// Whoever signed in, as the issuer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Who says so.
    pub issuer: String,
    /// Whom the issuer means, for ever.
    pub subject: String,
    /// An address that the issuer has verified.
    pub verified_email: Option<String>,
    /// What people call them.
    pub name: Option<String>,
}

/// Why nobody signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The issuer cannot be reached, or does not say what is needed.
    #[error("the issuer gave no answer: {0}")]
    Unavailable(String),
    /// The code was not taken: it was used before, is old, or somebody made it up.
    #[error("the issuer did not take the code: {0}")]
    Code(String),
    /// The answer is another issuer's.
    #[error("another issuer answered")]
    Issuer,
    /// The token is worth nothing.
    #[error("the token of the issuer: {0}")]
    Token(#[from] TokenError),
    /// The token is of another sign-in.
    #[error("the token is of another sign-in: its nonce differs")]
    Nonce,
    /// The token was made for another client.
    #[error("the token was made for another client: its azp differs")]
    AuthorizedParty,
}

impl CodeFlow {
    /// Nothing is asked before somebody signs in.
    pub fn new(options: CodeFlowOptions) -> Result<Self, InvalidIssuer> {
        let issuer = Issuer::new(&options.issuer, None)?;
        if options.client_id.is_empty() {
            return Err(InvalidIssuer("the client id must not be empty".to_owned()));
        }
        if !url::is_safe(&options.redirect_url) {
            let message = "the URL that people come back to must be an https URL";
            return Err(InvalidIssuer(message.to_owned()));
        }
        Ok(Self { issuer, options })
    }

    /// Begins a sign-in.
    pub async fn start(&self) -> Result<Started, SignInError> {
        let discovered = self.issuer.discovered().await.map_err(SignInError::Unavailable)?;
        let endpoint = discovered.authorization_endpoint.ok_or_else(|| {
            SignInError::Unavailable("it names no authorization endpoint".to_owned())
        })?;
        let (state, nonce, verifier) = (random_text(), random_text(), random_text());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.options.client_id)
            .append_pair("redirect_uri", &self.options.redirect_url)
            .append_pair("scope", "openid email profile")
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        Ok(Started { url: format!("{endpoint}{joint}{query}"), state, nonce, verifier })
    }

    /// Redeems the code that a browser came back with, whose `state` was found to be that of a sign-in
    /// that it began, with the nonce and verifier of that. `issuer` is what came back as `iss` (RFC 9207).
    pub async fn finish(
        &self,
        code: &str,
        issuer: Option<&str>,
        (nonce, verifier): (&str, &str),
        now: i64,
    ) -> Result<Identified, SignInError> {
        let discovered = self.issuer.discovered().await.map_err(SignInError::Unavailable)?;
        let must_say = discovered.authorization_response_iss_parameter_supported;
        if issuer.map_or(must_say, |issuer| issuer != self.issuer.name()) {
            return Err(SignInError::Issuer);
        }
        let none = || SignInError::Unavailable("it names no token endpoint".to_owned());
        let endpoint = discovered.token_endpoint.as_deref().ok_or_else(none)?;
        let methods = &discovered.token_endpoint_auth_methods_supported;
        let token = self.redeem(endpoint, methods, code, verifier).await?;
        let audience = [self.options.client_id.clone()];
        let claims =
            self.issuer.verify(&token, &audience, now).await.map_err(|error| match error {
                TokenError::Unavailable(message) => SignInError::Unavailable(message),
                error => SignInError::Token(error),
            })?;
        if claims.text("nonce") != Some(nonce) {
            return Err(SignInError::Nonce);
        }
        let is_for_many = claims
            .members
            .get("aud")
            .is_some_and(|aud| aud.as_array().is_some_and(|audiences| audiences.len() > 1));
        match claims.text("azp") {
            Some(party) if party != self.options.client_id => {
                return Err(SignInError::AuthorizedParty);
            }
            None if is_for_many => return Err(SignInError::AuthorizedParty),
            _ => {}
        }
        Ok(Identified {
            verified_email: claims.verified_email().map(str::to_owned),
            name: claims.text("name").map(str::to_owned),
            issuer: claims.issuer,
            subject: claims.subject,
        })
    }

    async fn redeem(
        &self,
        endpoint: &str,
        methods: &[String],
        code: &str,
        verifier: &str,
    ) -> Result<String, SignInError> {
        #[derive(Deserialize)]
        struct Answer {
            id_token: String,
        }
        #[derive(Default, Deserialize)]
        struct Refusal {
            #[serde(default)]
            error: String,
        }
        let (form, authorization) = self.form(methods, code, verifier);
        let (status, body) = self
            .issuer
            .fetcher()
            .post(endpoint, form, authorization)
            .await
            .map_err(SignInError::Unavailable)?;
        if status.is_client_error() {
            let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
            let words: String = refusal.error.chars().take(64).collect();
            return Err(SignInError::Code(format!("{status} {words}")));
        }
        if !status.is_success() {
            return Err(SignInError::Unavailable(format!("{endpoint} answered with {status}")));
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| {
            SignInError::Unavailable(format!("{endpoint} answered without an id_token"))
        })?;
        Ok(answer.id_token)
    }

    /// What is sent for a token, and what proves who sends it.
    fn form(
        &self,
        methods: &[String],
        code: &str,
        verifier: &str,
    ) -> (String, Option<HeaderValue>) {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.options.redirect_url)
            .append_pair("client_id", &self.options.client_id)
            .append_pair("code_verifier", verifier);
        let has = |name: &str| methods.iter().any(|method| method == name);
        // What an issuer does not say is the basic one (Discovery, section 3).
        let is_in_form = has("client_secret_post") && !has("client_secret_basic");
        let mut authorization = None;
        match &self.options.client_secret {
            Some(secret) if is_in_form => {
                form.append_pair("client_secret", secret);
            }
            Some(secret) => authorization = Some(basic(&self.options.client_id, secret)),
            None => {}
        }
        (form.finish(), authorization)
    }
}

/// Basic authentication, whose parts are encoded as in forms (RFC 6749, section 2.3.1).
fn basic(id: &str, secret: &str) -> HeaderValue {
    let encoded =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}"))
        // Base64 is always a value.
        .unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}
