//! Bars: what of a whole is gone. The numbers stand beside them for whoever does not see them.

use maud::{Markup, html};

use super::amount::{Amount, per_mille};

/// How much of a grant is consumed and held.
pub fn burn_down(amount: Amount, consumed: Amount, held: Amount) -> Markup {
    let text = format!("{consumed} of {amount} consumed");
    bar(per_mille(consumed, amount), per_mille(held, amount), &text)
}

/// How much of a wallet's credits is consumed and reserved.
pub fn utilisation(granted: Amount, consumed: Amount, reserved: Amount) -> Markup {
    let used = per_mille(consumed, granted);
    let text = format!("{} % consumed of what was granted and counts", used / 10);
    bar(used, per_mille(reserved, granted), &text)
}

fn bar(used: u16, held: u16, text: &str) -> Markup {
    let held = held.min(1_000 - used.min(1_000));
    html! {
        svg.bar viewBox="0 0 1000 8" preserveAspectRatio="none" role="img" aria-label=(text) {
            rect.track width="1000" height="8" {}
            rect.used width=(used) height="8" {}
            rect.held x=(used) width=(held) height="8" {}
        }
    }
}
