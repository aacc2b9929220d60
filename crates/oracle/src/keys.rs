//! Requests that were accepted before under the same name (decisions 13, 21 and 49).

use crate::facts::{Fact, What};
use crate::{Consume, Denied, Grant, Instant, InvoiceRefund, Refund, Reserve};

/// The instant at which this consumption was accepted before; an error if its key was used for
/// another.
pub(crate) fn earlier_consumption(
    facts: &[Fact],
    asked: &Consume,
) -> Result<Option<Instant>, Denied> {
    for fact in facts {
        if let What::Consume(earlier) = &fact.what
            && earlier.key == asked.key
        {
            return if earlier == asked { Ok(Some(fact.at)) } else { Err(Denied::KeyReused) };
        }
    }
    Ok(None)
}

/// The place of the hold if this reservation was accepted before; an error if its name was used
/// for another.
pub(crate) fn earlier_reservation(
    facts: &[Fact],
    asked: &Reserve,
) -> Result<Option<usize>, Denied> {
    let mut place = 0;
    for fact in facts {
        if let What::Reserve(earlier) = &fact.what {
            if earlier.reservation == asked.reservation {
                return if earlier == asked { Ok(Some(place)) } else { Err(Denied::KeyReused) };
            }
            place += 1;
        }
    }
    Ok(None)
}

/// Whether this grant was accepted before; an error if its identifier was used for another.
pub(crate) fn is_earlier_grant(facts: &[Fact], asked: &Grant) -> Result<bool, Denied> {
    for fact in facts {
        if let What::Grant(earlier) = &fact.what
            && earlier.id == asked.id
        {
            return if earlier == asked { Ok(true) } else { Err(Denied::KeyReused) };
        }
    }
    Ok(false)
}

/// Whether this refund was accepted before; an error if its key was used for another.
pub(crate) fn is_earlier_refund(facts: &[Fact], asked: &Refund) -> Result<bool, Denied> {
    for fact in facts {
        if let What::Refund(earlier) = &fact.what
            && earlier.key == asked.key
        {
            return if earlier == asked { Ok(true) } else { Err(Denied::KeyReused) };
        }
    }
    Ok(false)
}

/// Whether this money was given back before; an error if its key was used for other money.
pub(crate) fn is_earlier_money_back(facts: &[Fact], asked: &InvoiceRefund) -> Result<bool, Denied> {
    for fact in facts {
        if let What::RefundInvoice { refund: earlier, .. } = &fact.what
            && earlier.key == asked.key
        {
            return if earlier == asked { Ok(true) } else { Err(Denied::KeyReused) };
        }
    }
    Ok(false)
}
