//! Options of the console, and of how people sign in.

use clap::Args;

/// The console, and how people sign in.
#[derive(Args)]
pub struct ConsoleOptions {
    /// Serve no console at `/console`.
    #[arg(long, env = "SCRIP_NO_CONSOLE")]
    pub no_console: bool,
    /// Where browsers reach this server, if that is not where it listens: `https://credits.example.com`.
    /// With https, cookies are for https only.
    #[arg(long, env = "SCRIP_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Let people sign in with this issuer of OpenID Connect, by its exact name.
    #[arg(long, env = "SCRIP_OIDC_ISSUER", value_name = "URL", requires = "oidc_client_id")]
    pub oidc_issuer: Option<String>,
    /// What the issuer calls this server. It sends people back to `/console/sign-in/elsewhere/back`.
    #[arg(long, env = "SCRIP_OIDC_CLIENT_ID", value_name = "ID", requires = "oidc_issuer")]
    pub oidc_client_id: Option<String>,
    /// With what this server proves itself to the issuer, unless it is a public client.
    #[arg(
        long,
        env = "SCRIP_OIDC_CLIENT_SECRET",
        hide_env_values = true,
        value_name = "SECRET",
        requires = "oidc_issuer"
    )]
    pub oidc_client_secret: Option<String>,
    /// What people call the issuer.
    #[arg(long, env = "SCRIP_OIDC_NAME", value_name = "NAME", default_value = "single sign-on")]
    pub oidc_name: String,
    /// Let nobody sign in by a password, but the first owner, once.
    #[arg(long, env = "SCRIP_NO_PASSWORDS", requires = "oidc_issuer")]
    pub no_passwords: bool,
}
