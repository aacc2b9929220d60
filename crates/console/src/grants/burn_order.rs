//! In which order a wallet's grants are used, and where a new one would come.
//!
//! The order is the one that the reference documents (spec 2.3, decision 10): priority, then the
//! earlier end, then PROMOTIONAL before RECURRING before PAID, then the earlier beginning, then the
//! older. The core decides; what is shown here is compared with what is consumed by a test.

use maud::{Markup, html};

use super::model::Grant;
use crate::component::{Amount, event_name, instant_or, table};

/// What the place of a grant depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    priority: u8,
    /// Instants of the API compare as texts; what never ends comes last.
    expire_at: String,
    grant_type: u8,
    effective_at: String,
    created_at: String,
}

/// What a grant would be that is made or changed.
pub struct NewGrant {
    /// What it is called.
    pub display_name: String,
    /// Credits.
    pub amount: Amount,
    /// Lower burns first.
    pub priority: u8,
    /// Until when it counts, as the API writes it.
    pub expire_at: Option<String>,
    /// Where it comes from.
    pub grant_type: String,
    /// From when on it counts, as the API writes it; now where it is empty.
    pub effective_at: String,
    /// When it was made, as the API writes it; nothing is younger where it is empty.
    pub created_at: String,
}

fn type_rank(grant_type: &str) -> u8 {
    match grant_type {
        "PROMOTIONAL" => 0,
        "RECURRING" => 1,
        "PAID" => 2,
        _ => 3,
    }
}

const NEVER: &str = "9999-12-31T23:59:59.999Z";

impl Rank {
    fn of(grant: &Grant) -> Self {
        Self {
            priority: grant.priority,
            expire_at: grant.expire_at.clone().unwrap_or_else(|| NEVER.to_owned()),
            grant_type: type_rank(&grant.grant_type),
            effective_at: grant.effective_at.clone(),
            created_at: grant.created_at.clone(),
        }
    }

    fn of_new(grant: &NewGrant) -> Self {
        let or_never = |at: &str| if at.is_empty() { NEVER } else { at }.to_owned();
        Self {
            priority: grant.priority,
            expire_at: or_never(grant.expire_at.as_deref().unwrap_or_default()),
            grant_type: type_rank(&grant.grant_type),
            effective_at: or_never(&grant.effective_at),
            created_at: or_never(&grant.created_at),
        }
    }
}

/// The grants that can be used, in the order in which they are.
pub fn in_burn_order(grants: &[Grant]) -> Vec<&Grant> {
    let has_something = |grant: &&Grant| {
        grant.status == "ACTIVE" && grant.grant_type != "OVERDRAFT" && grant.left() > Amount::ZERO
    };
    let mut grants: Vec<&Grant> = grants.iter().filter(has_something).collect();
    grants.sort_by_cached_key(|grant| Rank::of(grant));
    grants
}

/// The order with a grant that is not made yet, or as it would be after a change.
pub fn preview(grants: &[Grant], new: &NewGrant) -> Markup {
    let order = in_burn_order(grants);
    let rank = Rank::of_new(new);
    let place = order.iter().filter(|grant| Rank::of(grant) < rank).count();
    let (before, after) = order.split_at(place);
    let heads = [("", true), ("Grant", false), ("Left", true), ("Priority", true), ("Ends", false)];
    html! {
        h3 { "In which order credits are used" }
        (table("Burn order", &heads, html! {
            @for (index, grant) in before.iter().enumerate() { (row(index + 1, grant)) }
            tr.next-to-burn {
                td.number { (place + 1) }
                th scope="row" { (new.display_name) " " strong { "(this grant)" } }
                td.number { (new.amount) }
                td.number { (new.priority) }
                td { (instant_or(new.expire_at.as_ref(), "never")) }
            }
            @for (index, grant) in after.iter().enumerate() { (row(place + index + 2, grant)) }
        }))
    }
}

fn row(place: usize, grant: &Grant) -> Markup {
    html! {
        tr {
            td.number { (place) }
            th scope="row" { (grant.display_name) " " span.quiet { (event_name(&grant.grant_type)) } }
            td.number { (grant.left()) }
            td.number { (grant.priority) }
            td { (instant_or(grant.expire_at.as_ref(), "never")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(priority: u8, expire_at: &str, grant_type: &str, effective_at: &str) -> Rank {
        Rank::of_new(&NewGrant {
            display_name: String::new(),
            amount: Amount::ZERO,
            priority,
            expire_at: Some(expire_at.to_owned()),
            grant_type: grant_type.to_owned(),
            effective_at: effective_at.to_owned(),
            created_at: String::new(),
        })
    }

    /// Each row burns before the next, by one criterion more.
    #[test]
    fn one_criterion_after_the_other() {
        let order = [
            rank(10, "", "PAID", "2026-02-01T00:00:00.000Z"),
            rank(50, "2026-03-01T00:00:00.000Z", "PAID", "2026-02-01T00:00:00.000Z"),
            rank(50, "", "PROMOTIONAL", "2026-02-01T00:00:00.000Z"),
            rank(50, "", "RECURRING", "2026-01-01T00:00:00.000Z"),
            rank(50, "", "PAID", "2026-01-01T00:00:00.000Z"),
            rank(50, "", "PAID", "2026-01-02T00:00:00.000Z"),
            rank(90, "2026-01-03T00:00:00.000Z", "PROMOTIONAL", "2026-01-01T00:00:00.000Z"),
        ];
        assert!(order.is_sorted());
    }
}
