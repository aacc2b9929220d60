//! How `serve` verifies the tokens of users.

use std::sync::Arc;

use anyhow::Context as _;
use scrip_api::{Boxed, TokenRefusal, TokenUser, Users, VerifyUsers};
use scrip_integrations::identity::{Claims, Issuer, TokenError};

use crate::cli::JwtOptions;

/// Tokens of one issuer.
struct FromIssuer {
    issuer: Issuer,
    audiences: Vec<String>,
}

impl VerifyUsers for FromIssuer {
    fn verify<'a>(
        &'a self,
        token: &'a str,
        now_seconds: i64,
    ) -> Boxed<'a, Result<TokenUser, TokenRefusal>> {
        Box::pin(async move {
            let verified = self.issuer.verify(token, &self.audiences, now_seconds).await;
            verified.map(user).map_err(refusal)
        })
    }
}

fn user(claims: Claims) -> TokenUser {
    let verified_email = claims.verified_email().map(str::to_owned);
    TokenUser { issuer: claims.issuer, subject: claims.subject, verified_email }
}

fn refusal(error: TokenError) -> TokenRefusal {
    match error {
        TokenError::Unavailable(why) => TokenRefusal::NotNow(why),
        worthless => TokenRefusal::Worthless(worthless.to_string()),
    }
}

/// As the options say: nobody, where no issuer is named.
pub fn of_api(options: &JwtOptions) -> anyhow::Result<Users> {
    let Some(name) = &options.jwt_issuer else { return Ok(Users::default()) };
    let issuer = match &options.jwt_jwks_file {
        None => Issuer::new(name, options.jwt_jwks_url.as_deref())?,
        Some(path) => {
            let keys = std::fs::read(path)
                .with_context(|| format!("--jwt-jwks-file: reading {}", path.display()))?;
            Issuer::with_keys(name, &keys)
                .with_context(|| format!("--jwt-jwks-file: {}", path.display()))?
        }
    };
    let audiences = options.jwt_audience.clone();
    Ok(Users(Some(Arc::new(FromIssuer { issuer, audiences }))))
}
