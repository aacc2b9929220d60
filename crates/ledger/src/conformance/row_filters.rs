//! The filters of the ledger's list.

use scrip_core::{CurrencyId, EventType, ReservationId, ResourceId};

use super::row_lists::{busy_month, full};
use super::world::{rows_of, wallet};
use super::{Factory, World, paging};
use crate::{RowQuery, RowView};

const TYPES: [&[EventType]; 6] = [
    &[],
    &[EventType::CreditsGranted],
    &[EventType::CreditsConsumed],
    &[EventType::CreditsConsumed, EventType::CreditsVoided, EventType::CreditsUpdated],
    &[EventType::CreditsConsumptionTransferTarget, EventType::CreditsExpired],
    &[EventType::CreditsReserved],
];

/// Currency, resource and event types in every combination select from the whole list, and page
/// like it.
pub async fn combine_in_every_way(make: &Factory<'_>) {
    let world = World::new(make).await;
    busy_month(&world).await;
    let all = world.rows(rows_of("ann")).await;
    let currencies = [None, Some("gold"), Some("silver"), Some("tin")];
    let resources = [None, Some("r1"), Some("r9")];
    let mut longest = 0;
    for (currency, resource) in
        currencies.iter().flat_map(|currency| resources.iter().map(move |r| (*currency, *r)))
    {
        for types in TYPES {
            let query = RowQuery {
                currency: currency.map(|id| CurrencyId::parse(id).unwrap()),
                resource: resource.map(|id| ResourceId::parse(id).unwrap()),
                event_types: types.to_vec(),
                ..rows_of("ann")
            };
            let expected: Vec<String> = all
                .items
                .iter()
                .filter(|(_, view)| is_asked(&query, view))
                .map(|(_, view)| full(&world, view))
                .collect();
            longest = longest.max(expected.len());
            let fetch = async |page| world.rows(RowQuery { page, ..query.clone() }).await;
            paging::check(&expected, &[3, 8], fetch, |view| full(&world, view)).await;
        }
    }
    assert!(longest > 3 * 8, "more than three pages: {longest}");
}

fn is_asked(query: &RowQuery, view: &RowView) -> bool {
    let (types, key) = (&query.event_types, &view.wallet);
    query.currency.as_ref().is_none_or(|asked| *asked == key.currency)
        && query.resource.as_ref().is_none_or(|asked| Some(asked) == key.resource.as_ref())
        && (types.is_empty() || types.contains(&view.part.event_type))
}

/// Without reservations, a reservation's list is empty.
pub async fn by_reservation_are_empty_without_reservations(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.consume(&wallet("ann/gold"), "k", "1").await;
    let reservation = Some(ReservationId::parse("r").unwrap());
    let query = RowQuery { reservation, ..rows_of("ann") };
    let fetch = async |page| world.rows(RowQuery { page, ..query.clone() }).await;
    paging::check::<_, String>(&[], &[3], fetch, |view: &RowView| full(&world, view)).await;
}
