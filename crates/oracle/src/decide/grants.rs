//! Grants: made, voided, changed.

use crate::facts::What;
use crate::keys::is_earlier_grant;
use crate::{
    Answer, Change, Denied, Edit, Grant, GrantState, Instant, Oracle, WalletName, made_id,
};

impl Oracle {
    pub(super) fn grant(&mut self, asked: &Grant, now: Instant) -> Result<Answer, Denied> {
        self.places.check_grantable(&asked.wallet)?;
        if self.is_repeated_grant(asked)? {
            return self.answer_grant(&asked.id, now);
        }
        let wallet_now = self.wallet_now(&asked.wallet, now);
        let effective_at = asked.effective_at.unwrap_or(wallet_now);
        check_end(asked.expire_at, effective_at, wallet_now)?;
        let wallet = self.wallet(&asked.wallet, now);
        if wallet.unfinished_grants() >= self.settings.unfinished_grants {
            return Err(Denied::TooMany);
        }
        self.keep(&asked.wallet, wallet_now, What::Grant(asked.clone()))?;
        self.answer_grant(&asked.id, now)
    }

    /// Takes back what is left. Goes on for archived customers and currencies (decision 48).
    pub(super) fn void(&mut self, id: &str, now: Instant) -> Result<Answer, Denied> {
        let (name, place) = self.find_grant(id, now).ok_or(Denied::GrantNotFound)?;
        let grant = &self.wallet(&name, now).grants[place];
        if grant.kind.is_none() {
            return Err(Denied::GrantCannotBeVoided);
        }
        match grant.state {
            GrantState::Voided => return Err(Denied::GrantVoided),
            GrantState::Expired => return Err(Denied::GrantCannotBeVoided),
            GrantState::Scheduled | GrantState::Active => {}
        }
        let wallet_now = self.wallet_now(&name, now);
        self.keep(&name, wallet_now, What::Void { grant: place })?;
        self.answer_grant(id, now)
    }

    /// Changes a grant: its times are checked before its state (decision 71).
    pub(super) fn edit(&mut self, asked: &Edit, now: Instant) -> Result<Answer, Denied> {
        let (name, place) = self.find_grant(&asked.id, now).ok_or(Denied::GrantNotFound)?;
        let wallet_now = self.wallet_now(&name, now);
        let grant = &self.wallet(&name, now).grants[place];
        if let Some(expire_at) = asked.change.expire_at {
            check_end(expire_at, grant.effective_at, wallet_now)?;
        }
        if grant.kind.is_none() {
            return Err(Denied::GrantCannotBeVoided);
        }
        match grant.state {
            GrantState::Voided => return Err(Denied::GrantVoided),
            GrantState::Expired => return Err(Denied::GrantExpired),
            GrantState::Scheduled | GrantState::Active => {}
        }
        if asked.change != Change::default() {
            let change = asked.change.clone();
            self.keep(&name, wallet_now, What::Edit { grant: place, change })?;
        }
        self.answer_grant(&asked.id, now)
    }

    /// Identifiers are unique in the environment (decision 34).
    fn is_repeated_grant(&self, asked: &Grant) -> Result<bool, Denied> {
        for (_, facts) in &self.wallets {
            if is_earlier_grant(facts, asked)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn find_grant(&self, id: &str, now: Instant) -> Option<(WalletName, usize)> {
        for name in self.wallets() {
            let wallet = self.wallet(&name, now);
            let place = wallet.grants.iter().position(|grant| made_id(&name, &grant.name) == id);
            if let Some(place) = place {
                return Some((name, place));
            }
        }
        None
    }

    fn answer_grant(&self, id: &str, now: Instant) -> Result<Answer, Denied> {
        let (name, place) = self.find_grant(id, now).ok_or(Denied::GrantNotFound)?;
        Ok(Answer::Grant(self.wallet(&name, now).view(place, &name)))
    }
}

/// Where both are wrong, the order of the two instants comes first (decision 60).
fn check_end(
    expire_at: Option<Instant>,
    effective_at: Instant,
    wallet_now: Instant,
) -> Result<(), Denied> {
    match expire_at {
        Some(end) if end <= effective_at => Err(Denied::ExpireNotAfterEffective),
        Some(end) if end <= wallet_now => Err(Denied::ExpireInPast),
        _ => Ok(()),
    }
}
