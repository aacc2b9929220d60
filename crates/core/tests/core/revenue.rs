//! What rows say of the money of grants is what the wallet knows of their credits.

use std::collections::BTreeMap;

use proptest::prelude::*;
use scrip_core::{Deed, Event, Gone, GrantId, GrantType, MoneyAmount, Paid, deeds_of};

use crate::histories::{Life, histories};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Of grants that cost one for each credit, as much is earned as is gone.
    #[test]
    fn is_earned_as_credits_go(history in histories(40)) {
        let world = Life::through(&history).world;
        let mut gone = BTreeMap::<GrantId, (Gone, Paid, bool)>::new();
        for decided in &world.rows {
            let event = &decided.row.event;
            match event {
                Event::GrantCreated { grant, amount, .. } => {
                    let money = MoneyAmount::parse(&amount.to_string()).unwrap();
                    let paid = Paid { amount: *amount, money, is_restored: false };
                    gone.insert(grant.id, (Gone::default(), paid, false));
                }
                Event::Granted(leg) => gone.get_mut(&leg.grant.id).unwrap().2 = true,
                _ => {}
            }
            let mut deeds = Vec::new();
            deeds_of(event, |id| gone[&id].2, |id, deed| deeds.push((id, deed)));
            for (id, deed) in deeds {
                let (gone, paid, _) = gone.get_mut(&id).unwrap();
                // What went back would count for what is lost.
                if !matches!(deed, Deed::Returned(..)) {
                    gone.add(deed, paid);
                }
            }
        }
        for grant in world.all_grants() {
            let (gone, paid, counts) = &gone[&grant.name.id];
            if grant.grant_type == GrantType::Overdraft || !counts {
                continue;
            }
            let found = gone.revenue(paid);
            prop_assert_eq!(found.recognised.billionths(), grant.consumed.billionths());
            prop_assert_eq!(found.breakage.billionths(), grant.lost.billionths());
        }
    }
}
