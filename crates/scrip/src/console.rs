//! The console beside the API, the first owner's link, and issuers as the console knows them.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::Router;
use scrip_console::sign_in::{
    Elsewhere, ElsewhereError, FIRST_OWNER_MINUTES, Identified, SignInOptions, Started,
    first_owner_link,
};
use scrip_console::{Boxed, Console, SignIn};
use scrip_integrations::identity::{CodeFlow, CodeFlowOptions, SignInError};
use scrip_ledger::{Identity, Ledger};

use crate::cli::ConsoleOptions;

/// The account whose first owner a new store needs.
const ACCOUNT: &str = "default";

/// The API with the console beside it, unless that is not wanted. What is beside the API already stays so.
pub fn mounted(
    options: &ConsoleOptions,
    (address, has_tls): (SocketAddr, bool),
    ledger: &Arc<dyn Ledger>,
    api: Router,
    beside: Router,
) -> anyhow::Result<Router> {
    if options.no_console {
        return Ok(beside);
    }
    let public = public_url(options, address, has_tls)?;
    let sign_in = SignInOptions {
        is_secure: public.starts_with("https://"),
        elsewhere: elsewhere(options, &public)?,
        without_passwords: options.no_passwords,
    };
    let sign_in = SignIn::new(Arc::clone(ledger), sign_in);
    Ok(scrip_console::mounted(beside, Console::signing_in(api, sign_in)))
}

/// Where browsers reach this server: without a slash at the end.
fn public_url(
    options: &ConsoleOptions,
    address: SocketAddr,
    has_tls: bool,
) -> anyhow::Result<String> {
    let scheme = if has_tls { "https" } else { "http" };
    let Some(url) = &options.public_url else { return Ok(format!("{scheme}://{address}")) };
    let url = url.strip_suffix('/').unwrap_or(url);
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@']) => {
            Ok(url.to_owned())
        }
        _ => bail!("--public-url must be http:// or https:// and a host, and nothing behind it"),
    }
}

fn elsewhere(options: &ConsoleOptions, public: &str) -> anyhow::Result<Option<Arc<dyn Elsewhere>>> {
    let (Some(issuer), Some(client_id)) = (&options.oidc_issuer, &options.oidc_client_id) else {
        return Ok(None);
    };
    let flow = CodeFlow::new(CodeFlowOptions {
        issuer: issuer.clone(),
        client_id: client_id.clone(),
        client_secret: options.oidc_client_secret.clone(),
        redirect_url: format!("{public}/console/sign-in/elsewhere/back"),
    });
    let flow = flow.context("--oidc-issuer, or --public-url")?;
    let name = options.oidc_name.clone();
    Ok(Some(Arc::new(ByOpenIdConnect { flow, name })))
}

/// Says where the first owner signs in, where nobody can yet. Whoever reads it can become the owner.
#[expect(clippy::print_stderr, reason = "a person who starts the server needs the link")]
pub async fn tell_first_owner(
    options: &ConsoleOptions,
    (address, has_tls): (SocketAddr, bool),
    ledger: &dyn Ledger,
) -> anyhow::Result<()> {
    if options.no_console {
        return Ok(());
    }
    let public = public_url(options, address, has_tls)?;
    match first_owner_link(ledger, ACCOUNT).await {
        Ok(Some(path)) => {
            eprintln!("Nobody can sign in yet. Within {FIRST_OWNER_MINUTES} minutes, once:");
            eprintln!("  {public}{path}");
        }
        Ok(None) => {}
        // Without it everything else works.
        Err(error) => tracing::warn!(%error, "making the first owner's link"),
    }
    Ok(())
}

/// An issuer of OpenID Connect.
struct ByOpenIdConnect {
    flow: CodeFlow,
    name: String,
}

impl Elsewhere for ByOpenIdConnect {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn start(&self) -> Boxed<'_, Result<Started, ElsewhereError>> {
        Box::pin(async move {
            let started = self.flow.start().await.map_err(in_words)?;
            Ok(Started {
                url: started.url,
                state: started.state,
                nonce: started.nonce,
                verifier: started.verifier,
            })
        })
    }

    fn finish<'a>(
        &'a self,
        code: &'a str,
        issuer: Option<&'a str>,
        begun: &'a Started,
        now: i64,
    ) -> Boxed<'a, Result<Identified, ElsewhereError>> {
        Box::pin(async move {
            let proof = (begun.nonce.as_str(), begun.verifier.as_str());
            let known = self.flow.finish(code, issuer, proof, now).await.map_err(in_words)?;
            let identity = Identity { issuer: known.issuer, subject: known.subject };
            Ok(Identified { identity, verified_email: known.verified_email })
        })
    }
}

fn in_words(error: SignInError) -> ElsewhereError {
    match error {
        SignInError::Unavailable(_) => ElsewhereError::Unavailable(error.to_string()),
        error => ElsewhereError::Refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Options {
        #[command(flatten)]
        console: ConsoleOptions,
    }

    #[test]
    fn browsers_reach_it_where_it_says() {
        let address: SocketAddr = "127.0.0.1:8787".parse().unwrap();
        for (given, has_tls, url) in [
            (None, false, Some("http://127.0.0.1:8787")),
            (None, true, Some("https://127.0.0.1:8787")),
            (Some("https://credits.example.com"), false, Some("https://credits.example.com")),
            (Some("https://credits.example.com/"), false, Some("https://credits.example.com")),
            (Some("https://credits.example.com/x"), false, None),
            (Some("https://"), false, None),
            (Some("credits.example.com"), false, None),
            (Some("ftp://credits.example.com"), false, None),
        ] {
            let given = given.map(|url| format!("--public-url={url}"));
            let line = ["scrip".to_owned()].into_iter().chain(given);
            let options = Options::parse_from(line).console;
            let told = public_url(&options, address, has_tls).ok();
            assert_eq!(told.as_deref(), url, "{:?}", options.public_url);
        }
    }
}
