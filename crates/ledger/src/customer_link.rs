//! Links between a customer and what it is called in another system (decision 25b).
//!
//! They are a member of the customer's record, kept as the API shows it, so that the customer and
//! the list of its links cannot say different things. A link is called like the integration that
//! it belongs to: a customer has at most one in each (SDK `customer_integration_response.py`).

use scrip_core::CustomerId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Record;

/// A link of a customer that can be asked for by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerLink {
    /// The integration.
    pub id: String,
    /// What the customer is called there; none until that is known.
    pub synced_entity_id: Option<String>,
    /// The system: one of [`CustomerLink::VENDORS`].
    #[serde(rename = "vendorIdentifier")]
    pub vendor: String,
}

impl CustomerLink {
    /// The member of a customer's record that has them, the oldest first.
    pub const MEMBER: &str = "integrations";

    /// The systems whose links can be asked for by themselves (SDK `integration_link_params.py`).
    /// Links to others are shown with their customer only.
    pub const VENDORS: [&str; 4] = ["STRIPE", "ZUORA", "HUBSPOT", "AWS_MARKETPLACE"];

    /// Those of a customer, the oldest first. Where two are called alike, the first one counts.
    #[must_use]
    pub fn all_of(customer: &Record) -> Vec<Self> {
        let mut links: Vec<Self> = Vec::new();
        for link in kept(customer).iter().filter_map(Self::of) {
            if links.iter().all(|earlier| earlier.id != link.id) {
                links.push(link);
            }
        }
        links
    }

    /// A link as it is kept; none if it cannot be asked for.
    pub(crate) fn of(kept: &Value) -> Option<Self> {
        let link = Self::deserialize(kept).ok()?;
        let is_known = Self::VENDORS.contains(&link.vendor.as_str());
        (is_known && !link.id.is_empty()).then_some(link)
    }
}

/// Everything that is kept in the member.
pub(crate) fn kept(customer: &Record) -> &[Value] {
    customer.body.get(CustomerLink::MEMBER).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A change of one link of a customer.
#[derive(Clone, Debug)]
pub struct LinkChange {
    /// Whose.
    pub customer: CustomerId,
    /// The integration.
    pub id: String,
    /// What is done.
    pub deed: LinkDeed,
}

/// What is done with a link.
#[derive(Clone, Debug)]
pub enum LinkDeed {
    /// It is made.
    Make {
        /// The system: one of [`CustomerLink::VENDORS`].
        vendor: String,
        /// What the customer is called there.
        synced_entity_id: String,
    },
    /// The customer is called otherwise there, or nobody knows how any more.
    Sync(Option<String>),
    /// It is removed.
    Remove,
}
