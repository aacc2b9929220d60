//! Options of the portal: the page of a customer.

use clap::Args;

/// The portal, a customer's own page.
#[derive(Args)]
pub struct PortalOptions {
    /// Sites that may show the portal in a frame, and whose pages may ask the API with a customer's token:
    /// `https://app.example.com`, several separated by commas. Without it nobody may.
    #[arg(long, env = "SCRIP_PORTAL_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    pub portal_origins: Vec<String>,
}
