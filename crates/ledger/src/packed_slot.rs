//! A wallet as it is stored: its packed key, and a record with a checksum of its own, so that a
//! flipped bit is a finding and never a wrong number.

use scrip_core::{CurrencyId, CustomerId, EnvironmentId, ResourceId, WalletKey};
use sha2::{Digest as _, Sha256};

use crate::slot::Slot;

/// The record's format.
const VERSION: u8 = 1;
/// Bytes of the checksum, which come last.
pub const CHECKSUM: usize = 8;

/// The bytes under which a wallet is found: sorted by environment, customer, currency, resource.
pub fn pack_key(key: &WalletKey) -> Vec<u8> {
    let mut bytes = customer_prefix(key.environment, &key.customer);
    bytes.extend(key.currency.as_str().as_bytes());
    bytes.push(0);
    if let Some(resource) = &key.resource {
        bytes.extend(resource.as_str().as_bytes());
    }
    bytes
}

/// The bytes with which the keys of a customer's wallets begin. Identifiers contain no zero byte.
pub fn customer_prefix(environment: EnvironmentId, customer: &CustomerId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(48);
    bytes.extend(environment.0.to_be_bytes());
    bytes.extend(customer.as_str().as_bytes());
    bytes.push(0);
    bytes
}

/// Reads a packed key.
pub fn unpack_key(bytes: &[u8]) -> Option<WalletKey> {
    let (environment, names) = bytes.split_first_chunk::<4>()?;
    let mut names = std::str::from_utf8(names).ok()?.split('\0');
    let key = WalletKey {
        environment: EnvironmentId(u32::from_be_bytes(*environment)),
        customer: CustomerId::parse(names.next()?).ok()?,
        currency: CurrencyId::parse(names.next()?).ok()?,
        resource: match names.next()? {
            "" => None,
            resource => Some(ResourceId::parse(resource).ok()?),
        },
    };
    names.next().is_none().then_some(key)
}

/// Packs a wallet: `[version][slot][checksum, 8 bytes]`.
pub fn pack(key: &[u8], slot: &Slot) -> Result<Vec<u8>, postcard::Error> {
    let mut bytes = postcard::to_extend(slot, vec![VERSION])?;
    let checksum = checksum(key, &bytes);
    bytes.extend(checksum);
    Ok(bytes)
}

/// Reads a packed wallet; none if it is not what was packed under this key.
pub fn unpack(key: &[u8], bytes: &[u8]) -> Option<Slot> {
    let (content, stated) = bytes.split_last_chunk::<CHECKSUM>()?;
    if checksum(key, content) != *stated {
        return None;
    }
    let (&VERSION, slot) = content.split_first()? else { return None };
    let (slot, rest) = postcard::take_from_bytes::<Slot>(slot).ok()?;
    (rest.is_empty() && pack_key(slot.wallet.key()) == key).then_some(slot)
}

fn checksum(key: &[u8], content: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = Sha256::new();
    hasher.update(key);
    hasher.update(content);
    let digest: [u8; 32] = hasher.finalize().into();
    let mut checksum = [0; CHECKSUM];
    checksum.copy_from_slice(&digest[..CHECKSUM]);
    checksum
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_and_sort_by_customer() {
        let key = |customer: &str, resource: Option<&str>| WalletKey {
            environment: EnvironmentId(7),
            customer: CustomerId::parse(customer).unwrap(),
            currency: CurrencyId::parse("gold").unwrap(),
            resource: resource.map(|id| ResourceId::parse(id).unwrap()),
        };
        let keys = [key("ann", None), key("ann", Some("r")), key("ann.b", None), key("anna", None)];
        for key in &keys {
            assert_eq!(unpack_key(&pack_key(key)).as_ref(), Some(key));
        }
        assert!(keys.is_sorted_by_key(pack_key));
        let prefix = customer_prefix(EnvironmentId(7), &keys[0].customer);
        let of_ann: Vec<_> = keys.iter().filter(|key| pack_key(key).starts_with(&prefix)).collect();
        assert_eq!(of_ann, [&keys[0], &keys[1]]);
        for bad in [&b""[..], b"\0\0\0", b"\0\0\0\x01ann", b"\0\0\0\x01ann\0gold\0r\0x"] {
            assert_eq!(unpack_key(bad), None);
        }
    }

    #[test]
    fn a_changed_record_is_no_record() {
        let slot = Slot::new(unpack_key(b"\0\0\0\x01ann\0gold\0").unwrap());
        let key = pack_key(slot.wallet.key());
        let bytes = pack(&key, &slot).unwrap();
        assert_eq!(unpack(&key, &bytes).as_ref(), Some(&slot));
        assert_eq!(unpack(b"\0\0\0\x01bob\0gold\0", &bytes), None, "another wallet's");
        assert_eq!(unpack(&key, &bytes[..bytes.len() - 1]), None, "cut off");
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            assert_eq!(unpack(&key, &bytes), None, "byte {at}");
        }
    }
}
