//! A consumption as requests spell it, alone or in a batch.

use scrip_core::limits::BATCH_MAX;
use scrip_core::{Consume, OnInsufficient};
use scrip_ledger::WalletConsume;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::credits::wallet;
use crate::error::ApiError;
use crate::fields;
use crate::http::Call;
use crate::json::{Dimensions, Number, Object, Text, read_body};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, choice, closed, described, filled_text, instant, nullable, optional, required,
};

/// What happens when the balance is short, as requests spell it.
const ON_INSUFFICIENT: [(&str, OnInsufficient); 2] =
    [("OVERDRAFT", OnInsufficient::Overdraft), ("REJECT", OnInsufficient::Reject)];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Item<'a> {
    #[serde(borrow)]
    customer_id: Text<'a>,
    currency_id: Text<'a>,
    resource_id: Option<Text<'a>>,
    amount: Number<'a>,
    idempotency_key: Text<'a>,
    created_at: Option<Text<'a>>,
    dimensions: Option<Dimensions<'a>>,
    on_insufficient: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Items<'a> {
    #[serde(borrow)]
    consumptions: Vec<Object<Item<'a>>>,
}

/// The consumption that is the body.
pub(crate) fn read_one(call: &Call, body: &[u8]) -> Result<WalletConsume, ApiError> {
    parse(call, read_body(body)?)
}

/// The consumptions of a batch; a bad one is named.
pub(super) fn read_batch(call: &Call, body: &[u8]) -> Result<Vec<WalletConsume>, ApiError> {
    let Items { consumptions } = read_body(body)?;
    if consumptions.is_empty() || consumptions.len() > BATCH_MAX {
        let message = format!("consumptions must have 1 to {BATCH_MAX} items");
        return Err(ApiError::bad_input(message));
    }
    consumptions
        .into_iter()
        .enumerate()
        .map(|(index, Object(item))| {
            parse(call, item).map_err(|error| error.within(&format!("consumptions[{index}]")))
        })
        .collect()
}

fn parse(call: &Call, item: Item<'_>) -> Result<WalletConsume, ApiError> {
    let resource = item.resource_id.as_ref();
    let created_at = item.created_at.map(|Text(text)| fields::instant("createdAt", &text));
    let dimensions = item.dimensions.map(|given| fields::dimensions("dimensions", given));
    let on_insufficient = item
        .on_insufficient
        .map(|Text(text)| fields::choice("onInsufficient", &text, &ON_INSUFFICIENT))
        .transpose()?;
    Ok(WalletConsume {
        wallet: wallet::of_body(call, &item.customer_id, &item.currency_id, resource)?,
        consume: Consume {
            amount: fields::positive_amount("amount", item.amount, call.numbers())?,
            key: fields::idempotency_key("idempotencyKey", &item.idempotency_key.0)?,
            created_at: created_at.transpose()?,
            dimensions: dimensions.transpose()?.unwrap_or_default(),
            on_insufficient: on_insufficient.unwrap_or(OnInsufficient::Overdraft),
        },
        as_currency_says: on_insufficient.is_none(),
    })
}

pub(super) fn components() -> Vec<Component> {
    let batch = json!({
        "type": "array",
        "minItems": 1,
        "maxItems": BATCH_MAX,
        "items": schema::reference("ConsumeCreditsRequest"),
    });
    vec![
        ("ConsumeCreditsRequest", item_schema()),
        ("ConsumeCreditsAsyncRequest", closed([required("consumptions", batch)])),
    ]
}

fn item_schema() -> Value {
    let dimensions = json!({
        "type": "object",
        "maxProperties": 20,
        "propertyNames": {"pattern": "^[a-zA-Z0-9_$-]{1,64}$"},
        "additionalProperties": {"type": ["string", "number", "boolean"], "maxLength": 255},
    });
    let key = "The same key with the same request consumes once";
    let created_at = "The instant it is attributed to: at most 5 minutes ahead, 400 days back";
    let on_insufficient = choice(ON_INSUFFICIENT.map(|(word, _)| word));
    let short = "When the balance is short: the deficit goes to the overdraft grant, or nothing is \
                 consumed and the answer is 402. Without it, the currency's `overdraft` decides";
    let own = [
        required("amount", schema::positive_amount()),
        required("idempotencyKey", described(filled_text(), key)),
        optional("createdAt", described(nullable(instant()), created_at)),
        optional("dimensions", nullable(dimensions)),
        optional("onInsufficient", described(nullable(on_insufficient), short)),
    ];
    closed(wallet::members().into_iter().chain(own))
}
