//! Links between customers and other systems. An archived customer's change like all that is known
//! of it (decisions 48 and 74).

use scrip_core::limits::CUSTOMER_LIST_MAX;
use scrip_core::{Entity, Refusal};
use serde_json::{Map, Value, json};

use super::{Failure, Place, State, records};
use crate::customer_link::kept;
use crate::{Answer, CustomerLink, LinkChange, LinkDeed, RecordKind};

/// Changes one link of a customer, and answers it; the removed one as it was.
pub(super) fn change(
    state: &mut dyn State,
    at: Place<'_>,
    change: &LinkChange,
) -> Result<Answer, Failure> {
    let mut customer = records::find(state, at, RecordKind::Customer, change.customer.as_str())?;
    let mut links = kept(&customer).to_vec();
    let link = match &change.deed {
        LinkDeed::Make { vendor, synced_entity_id } => {
            let link = CustomerLink {
                id: change.id.clone(),
                synced_entity_id: Some(synced_entity_id.clone()),
                vendor: vendor.clone(),
            };
            make(&mut links, link)?
        }
        LinkDeed::Sync(entity) => sync(&mut links, &change.id, entity.as_deref())?,
        LinkDeed::Remove => remove(&mut links, &change.id)?,
    };
    let members = Map::from_iter([(CustomerLink::MEMBER.to_owned(), links.into())]);
    records::merge(state, at, &mut customer, &members)?;
    Ok(Answer::CustomerLink(Box::new(link)))
}

fn make(links: &mut Vec<Value>, link: CustomerLink) -> Result<CustomerLink, Refusal> {
    if links.iter().any(|other| is_called(other, &link.id)) {
        return Err(Refusal::Duplicate { entity: Entity::CustomerLink, id: link.id });
    }
    if links.len() >= CUSTOMER_LIST_MAX {
        let what = "integrations of a customer";
        return Err(Refusal::TooMany { what, limit: CUSTOMER_LIST_MAX });
    }
    links.push(json!(link));
    Ok(link)
}

fn sync(links: &mut [Value], id: &str, entity: Option<&str>) -> Result<CustomerLink, Refusal> {
    for kept in links {
        if let Some(link) = CustomerLink::of(kept).filter(|link| link.id == id) {
            let link = CustomerLink { synced_entity_id: entity.map(str::to_owned), ..link };
            *kept = json!(link);
            return Ok(link);
        }
    }
    Err(Refusal::not_found(Entity::CustomerLink, id))
}

fn remove(links: &mut Vec<Value>, id: &str) -> Result<CustomerLink, Refusal> {
    let found = links.iter().filter_map(CustomerLink::of).find(|link| link.id == id);
    let link = found.ok_or_else(|| Refusal::not_found(Entity::CustomerLink, id))?;
    // With it go those that are called alike: none of them may come to light by this.
    links.retain(|other| !is_called(other, id));
    Ok(link)
}

/// Also one that cannot be asked for by itself.
fn is_called(link: &Value, id: &str) -> bool {
    link.get("id").and_then(Value::as_str) == Some(id)
}
