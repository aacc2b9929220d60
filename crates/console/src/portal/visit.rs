//! Whoever looks: the token, what it opens, and the API with it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;

use super::Portal;
use super::failure::Failure;
use crate::api::Api;
use crate::component::Instant;
use crate::currencies::model::Currencies;
use crate::wallets::WalletName;

/// A request with a token that is good.
pub struct PortalVisit {
    pub api: Api,
    pub opened: Opened,
    token: String,
    query: Vec<(String, String)>,
}

/// What a token opens.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    pub customer_id: String,
    pub customer_name: Option<String>,
    pub scopes: Vec<String>,
    pub expires_at: Instant,
    pub is_sandbox: bool,
    pub currencies: Currencies,
    pub theme: Theme,
}

/// How it is to look: what the API let in.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Theme {
    pub accent_color: Option<String>,
    pub background_color: Option<String>,
    pub text_color: Option<String>,
    pub corner_radius_pixels: Option<u8>,
    pub color_scheme: Option<String>,
}

impl PortalVisit {
    /// Whether the token opens a part.
    pub fn opens(&self, scope: &str) -> bool {
        self.opened.scopes.iter().any(|opened| opened == scope)
    }

    /// A member of the query; one that is empty is none.
    pub fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// The wallet that the address names.
    pub fn wallet(&self) -> Option<WalletName> {
        let currency = self.query("currencyId")?.to_owned();
        Some(WalletName { currency, resource: self.query("resourceId").map(str::to_owned) })
    }

    /// What a form sends back, so that the page is the same one.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The address of the page of a wallet.
    pub fn address_of(&self, wallet: &WalletName) -> String {
        let [currency, resource] = wallet.query();
        let range = ("timeRange", self.query("timeRange"));
        crate::api::target("/portal", &[("token", Some(&self.token)), currency, resource, range])
    }

    /// The stylesheet of the token's theme; none where it says nothing.
    pub fn theme_address(&self) -> String {
        if self.opened.theme == Theme::default() {
            return String::new();
        }
        crate::api::target("/portal/theme.css", &[("token", Some(&self.token))])
    }
}

impl FromRequestParts<Portal> for PortalVisit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Failure> {
        let query = parts.uri.query().unwrap_or_default();
        let query: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let token = query.iter().find(|(name, _)| name == "token");
        let token = token.map(|(_, token)| token.clone()).ok_or(Failure::Over)?;
        // What no header can carry is no token.
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::Over);
        }
        let api = Api::with_token(portal.0.api.clone(), &token);
        let opened = api.get("/api/v1/portal-token").await?;
        Ok(Self { api, opened, token, query })
    }
}
