//! The API over its real router and a ledger in memory, with a clock and ids that repeat.
//!
//! `cfg(test)` tells the lints that helpers, too, may panic here.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod api_keys;
#[cfg(test)]
mod authorisation;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod balances;
#[cfg(test)]
mod consumption;
#[cfg(test)]
mod currencies;
#[cfg(test)]
mod customers;
#[cfg(test)]
mod entitlements;
#[cfg(test)]
mod export;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod integrations;
#[cfg(test)]
mod invoices;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod own_grants;
#[cfg(test)]
mod payments;
mod people;
#[cfg(test)]
mod portal;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod reservations;
#[cfg(test)]
mod service;
#[cfg(test)]
mod support;
#[cfg(test)]
mod users;
#[cfg(test)]
mod webhooks;
