//! Making, taking back and changing grants.

use scrip_core::{Command, EditGrant, Entity, Grant, GrantId, Refusal, WalletKey, Words};

use super::records::{ensure_customer, standings};
use super::repeats::wallet_time;
use super::{Extra, Failure, Place, State, collections, command, invoices};
use crate::slot::Slot;
use crate::{Answer, CreateGrant, GrantRecord};

pub(super) fn create(
    state: &mut dyn State,
    at: Place<'_>,
    create: &CreateGrant,
) -> Result<Answer, Failure> {
    let wallet = &create.wallet;
    let (_, currency) = standings(state, at, &wallet.customer, &wallet.currency)?;
    if currency.is_archived {
        return Err(Refusal::archived(Entity::CustomCurrency, &wallet.currency).into());
    }
    create.grant.check_times(wallet_time(state, at, wallet)?)?;
    let provider = collections::provider_of(state, at, create)?;
    let id = create.grant.id;
    if state.grant(at.environment, id)?.is_some() {
        return Err(Failure::GrantIdTaken);
    }
    let extra = Extra { payment: create.payment, provider, ..Extra::default() };
    let ran = command(state, at, wallet, &Command::Grant(create.grant.clone()), &extra)?;
    ran.own.as_ref().map_err(Clone::clone)?;
    ensure_customer(state, at, &wallet.customer)?;
    answer(state, at, id)
}

pub(super) fn void(state: &mut dyn State, at: Place<'_>, id: GrantId) -> Result<Answer, Failure> {
    let record = find(state, at, id)?;
    let void = Command::Void { id, spent: spent(&record) };
    let ran = command(state, at, &record.wallet, &void, &Extra::default())?;
    match &ran.own {
        Ok(_) => {
            invoices::cancel_of_voided(state, at, id, ran.at)?;
            answer(state, at, id)
        }
        // It left its wallet: the record knows how.
        Err(Refusal::NotFound { entity: Entity::Grant, .. }) => {
            Err(find(state, at, id)?.grant.refuse_void().into())
        }
        Err(refusal) => Err(refusal.clone().into()),
    }
}

pub(super) fn edit(
    state: &mut dyn State,
    at: Place<'_>,
    edit: &EditGrant,
) -> Result<Answer, Failure> {
    let record = find(state, at, edit.id)?;
    let command_ = Command::Edit { edit: edit.clone(), spent: spent(&record) };
    let ran = command(state, at, &record.wallet, &command_, &Extra::default())?;
    match &ran.own {
        Ok(_) => {}
        Err(Refusal::NotFound { entity: Entity::Grant, .. }) => {
            return Err(find(state, at, edit.id)?.grant.refuse_edit(edit, ran.at).into());
        }
        Err(refusal) => return Err(refusal.clone().into()),
    }
    let mut record = find(state, at, edit.id)?;
    let change = &edit.change;
    let words = Words {
        display_name: change.display_name.clone(),
        comment: change.comment.clone(),
        metadata: change.metadata.clone(),
        ..Words::default()
    };
    change_words(&mut record.words, Some(&words));
    if !change.is_empty() {
        state.update_grant(&record)?;
    }
    answer(state, at, edit.id)
}

/// Changes a grant's words by those of an edit; what the edit does not name stays.
pub fn change_words(words: &mut Words, change: Option<&Words>) {
    let Some(change) = change else { return };
    if change.display_name.is_some() {
        words.display_name.clone_from(&change.display_name);
    }
    if change.comment.is_some() {
        words.comment.clone_from(&change.comment);
    }
    if change.metadata.is_some() {
        words.metadata.clone_from(&change.metadata);
    }
}

/// What a wallet's overdraft grant is called.
pub fn overdraft_words() -> Words {
    Words { display_name: Some("Overdraft".to_owned()), ..Words::default() }
}

pub(super) fn find(
    state: &mut dyn State,
    at: Place<'_>,
    id: GrantId,
) -> Result<GrantRecord, Failure> {
    let record = state.grant(at.environment, id)?;
    Ok(record.ok_or_else(|| Refusal::not_found(Entity::Grant, id))?)
}

/// The facts of a grant that left its wallet spent. If the wallet took it back since, it knows
/// better itself.
fn spent(record: &GrantRecord) -> Option<Grant> {
    Some(record.grant).filter(Grant::is_spent)
}

/// The grant as it is after the command.
fn answer(state: &mut dyn State, at: Place<'_>, id: GrantId) -> Result<Answer, Failure> {
    let mut record = find(state, at, id)?;
    let number = record.grant.name.number;
    let live = look(state, &record.wallet, |slot| slot.wallet.grant(number).copied())?;
    if let Some(live) = live.flatten() {
        record.grant = live;
    }
    Ok(Answer::Grant(Box::new(record)))
}

/// Looks at a wallet, if it exists.
fn look<T>(
    state: &mut dyn State,
    key: &WalletKey,
    at: impl FnOnce(&Slot) -> T,
) -> Result<Option<T>, Failure> {
    let Some(slot) = state.load(key)? else { return Ok(None) };
    let seen = at(&slot);
    state.save(slot, &[], &[], None)?;
    Ok(Some(seen))
}
