//! What is dropped, what stays, and that nothing is lost on the way.

use scrip_core::{CurrencyId, CustomerId};

use super::super::snapshots::{self, Opened};
use super::*;

fn key(customer: &str) -> WalletKey {
    WalletKey {
        environment: EnvironmentId(1),
        customer: CustomerId::parse(customer).unwrap(),
        currency: CurrencyId::parse("gold").unwrap(),
        resource: None,
    }
}

#[test]
fn what_is_frozen_is_not_due() {
    let directory = tempfile::tempdir().unwrap();
    let opened = snapshots::open_writer(directory.path(), &[1; 16]).unwrap();
    assert!(matches!(opened, Opened::Rebuilt(_, None)));
    let wallets = Wallets::new(directory.path(), 0, Box::new(|_| Ok(None)));
    let ann = key("ann");
    assert_eq!(wallets.load(&ann).unwrap().wallet.sequence(), 0);
    assert!(wallets.slot(&ann).unwrap().is_none(), "it has no rows");
    assert!(wallets.in_memory(&ann).is_some(), "that it has none is remembered");
    assert_eq!(wallets.drop_cold(), 1);
    assert!(wallets.in_memory(&ann).is_none());
    wallets.freeze(&ann);
    assert!(wallets.is_frozen(&ann) && !wallets.is_frozen(&key("bob")));
    wallets.thaw(&ann);
    assert!(!wallets.is_frozen(&ann));
}
