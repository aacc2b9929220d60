//! Everything that can be read from a ledger, as text, to be compared with another one's.

use std::fmt::{Debug, Write as _};

use scrip_core::{CustomerId, EnvironmentId, ResourceId};
use scrip_ledger::conformance::{PRODUCTION, SANDBOX, everything, instant, rows_of};
use scrip_ledger::{
    CreatedRange, GrantQuery, GrantView, Ledger, Record, RecordKind, RecordQuery, SYSTEM,
    UsageQuery,
};

const KINDS: [RecordKind; 10] = [
    RecordKind::Account,
    RecordKind::Environment,
    RecordKind::ApiKey,
    RecordKind::Customer,
    RecordKind::CustomCurrency,
    RecordKind::Resource,
    RecordKind::Invoice,
    RecordKind::PaymentProvider,
    RecordKind::Collection,
    RecordKind::ClosedMonth,
];

/// Records, balances, grants, rows and usage of the sandbox; environments and keys; clocks.
pub async fn whole(ledger: &dyn Ledger) -> String {
    let mut text = String::new();
    let mut tell = |thing: &dyn Debug| writeln!(text, "{thing:?}").unwrap();
    tell(&ledger.now(SANDBOX));
    let mut customers = Vec::new();
    let mut resources = vec![None];
    for environment in [SYSTEM, PRODUCTION, SANDBOX] {
        for kind in KINDS {
            for record in records(ledger, environment, kind).await {
                match (environment, kind) {
                    (SANDBOX, RecordKind::Customer) => customers.push(record.id.clone()),
                    (SANDBOX, RecordKind::Resource) => {
                        let resource = ResourceId::parse(record.text("resourceId").unwrap());
                        resources.push(Some(resource.unwrap()));
                    }
                    (SYSTEM, RecordKind::ApiKey) => tell(&ledger.key_holder(bytes(&record.id))),
                    _ => {}
                }
                tell(&record);
            }
        }
    }
    for customer in customers {
        for (_, row) in ledger.rows(rows_of(&customer)).await.unwrap().items {
            tell(&row);
        }
        let customer = CustomerId::parse(&customer).unwrap();
        for wallet in ledger.wallets(SANDBOX, &customer).await.unwrap() {
            let (from, until) = (instant("2000-01-01"), instant("2100-01-01"));
            let group_by = vec!["model".to_owned()];
            let query = UsageQuery { wallet, buckets: vec![from], from, until, group_by };
            tell(&ledger.usage(query).await.unwrap());
        }
        for resource in &resources {
            tell(&ledger.balances(SANDBOX, &customer, resource.as_ref()).await.unwrap());
            let query = GrantQuery {
                environment: SANDBOX,
                customer: customer.clone(),
                resource: resource.clone(),
                currency: None,
                created: CreatedRange::default(),
                page: everything(),
            };
            for (_, grant) in ledger.grants(query).await.unwrap().items {
                tell(&plain_grant(grant));
            }
        }
    }
    text
}

/// A record without its ordinal, which means something in its own store only, and without real time,
/// which is each ledger's own.
pub fn plain_record(mut record: Record) -> Record {
    record.ordinal = 0;
    if record.kind == RecordKind::Collection {
        record.body.remove("nextAttemptMilliseconds");
    }
    record
}

/// The same of a grant.
pub fn plain_grant(mut grant: GrantView) -> GrantView {
    grant.ordinal = 0;
    grant
}

async fn records(ledger: &dyn Ledger, environment: EnvironmentId, kind: RecordKind) -> Vec<Record> {
    let (matching, created, archived) = (Vec::new(), CreatedRange::default(), None);
    let page = everything();
    let query = RecordQuery { environment, kind, matching, created, archived, page };
    let page = ledger.records(query).await.unwrap();
    page.items.into_iter().map(|(_, record)| plain_record(record)).collect()
}

fn bytes(hex: &str) -> [u8; 32] {
    let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
    std::array::from_fn(byte)
}
