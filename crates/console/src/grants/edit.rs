//! `/customers/{id}/grants/{grant}/edit`: what may be changed of a grant.

use maud::{Markup, html};
use serde_json::json;

use super::burn_order::{NewGrant, preview};
use super::model::Grant;
use crate::action::{Changes, Deed, Line, Operation, Plan};
use crate::api::Done;
use crate::component::{
    Amount, Field, Kind, METADATA, metadata_field, metadata_in_words, number_or_text, put_metadata,
    with_metadata, written_instant, written_metadata, written_priority,
};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// A grant is changed: what it is called, when it is used and until when it counts.
pub struct EditGrant(Grant);

const NAME: &str = "Name";
const PRIORITY: &str = "Priority";
const UNTIL: &str = "Counts until";
const REASON: &str = "Reason";

/// What can be changed, line by line.
struct Facts {
    display_name: String,
    priority: u8,
    expire_at: Option<String>,
    comment: Option<String>,
    /// None where it is not in the form.
    metadata: Option<String>,
}

impl Facts {
    fn of(grant: &Grant) -> Self {
        Self {
            display_name: grant.display_name.clone(),
            priority: grant.priority,
            expire_at: grant.expire_at.clone(),
            comment: grant.comment.clone(),
            metadata: metadata_in_words(&grant.metadata),
        }
    }

    fn written(form: &Form, now: &Grant) -> Result<Self, Failure> {
        let display_name = form.text("displayName");
        let unnamed = || Failure::of_field("displayName must not be empty");
        let metadata = written_metadata(form)?;
        Ok(Self {
            display_name: display_name.ok_or_else(unnamed)?.to_owned(),
            priority: written_priority(form)?.unwrap_or(now.priority),
            expire_at: written_instant(form, "expireAt")?,
            comment: form.text("comment").map(str::to_owned),
            metadata: metadata.as_ref().and_then(metadata_in_words),
        })
    }

    fn in_words(&self) -> Vec<(&'static str, String)> {
        let or = |text: &Option<String>, none: &str| text.as_deref().unwrap_or(none).to_owned();
        let mut words = vec![
            (NAME, self.display_name.clone()),
            (PRIORITY, self.priority.to_string()),
            (UNTIL, or(&self.expire_at, "for ever")),
            (REASON, or(&self.comment, "–")),
        ];
        words.extend(self.metadata.clone().map(|lines| (METADATA.1, lines)));
        words
    }
}

impl Deed for EditGrant {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let grant = Grant::get(&visit.api, visit.path("grant")).await?;
        if grant.customer_id != visit.path("id") {
            return Err(Failure::NotFound);
        }
        Ok(Self(grant))
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        let customer = crate::customers::model::path_of(&self.0.customer_id);
        Heading::of("Edit grant", Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.0.customer_id.as_str(), visit.address(&customer))
            .below(self.0.display_name.as_str(), visit.address(&self.0.path()))
    }

    fn fields(&self, form: &Form) -> Vec<Field> {
        let mut fields = vec![
            Field::required("displayName", NAME, Kind::Text).hint("What the customer sees"),
            Field::required("priority", PRIORITY, Kind::Number)
                .hint("0 to 100; lower is used first, 50 is usual. It concerns later consumption"),
            Field::optional("expireAt", UNTIL, Kind::Instant).hint("In UTC; empty is for ever"),
            Field::optional("comment", REASON, Kind::Lines).hint("For you and your colleagues"),
        ];
        fields.extend(metadata_field(form));
        fields
    }

    fn prefilled(&self, _: &Visit) -> Form {
        let grant = &self.0;
        let form = Form::of([
            ("displayName", grant.display_name.as_str()),
            ("priority", &grant.priority.to_string()),
            ("expireAt", grant.expire_at.as_deref().unwrap_or_default()),
            ("comment", grant.comment.as_deref().unwrap_or_default()),
        ]);
        with_metadata(form, &grant.metadata)
    }

    async fn plan(&self, visit: &Visit, form: &Form) -> Result<Plan, Failure> {
        let grant = &self.0;
        let after = Facts::written(form, grant)?;
        let written = after.in_words().into_iter().map(|(_, words)| words);
        let lines = Line::each(Facts::of(grant).in_words(), written);
        let mut notes = None;
        if grant.status == "ACTIVE" && grant.left() > Amount::ZERO {
            let wallet = grant.wallet();
            let mut others = Grant::newest_of(&visit.api, &grant.customer_id, &wallet).await?;
            others.retain(|other| other.id != grant.id);
            let new = NewGrant {
                display_name: after.display_name.clone(),
                amount: grant.left(),
                priority: after.priority,
                expire_at: after.expire_at.clone(),
                grant_type: grant.grant_type.clone(),
                effective_at: grant.effective_at.clone(),
                created_at: grant.created_at.clone(),
            };
            notes = Some(preview(&others, &new));
        }
        Plan::of_changes(lines, notes, "Change the grant")
    }

    fn operation(&self, form: &Form, _: &str) -> Operation {
        let mut changes = Changes::of(form);
        let name = form.written("displayName");
        changes.put("displayName", NAME, name, json!(name));
        if let Some(priority) = form.text("priority") {
            changes.put("priority", PRIORITY, priority, number_or_text(priority));
        }
        // What is no instant, or no lines, is refused by the API in its words.
        let written = form.text("expireAt");
        let until = written_instant(form, "expireAt").ok().flatten();
        let until = until.as_deref().or(written);
        changes.put("expireAt", UNTIL, until.unwrap_or("for ever"), json!(until));
        let comment = form.text("comment");
        changes.put("comment", REASON, comment.unwrap_or("–"), json!(comment));
        put_metadata(&mut changes);
        Operation::patch(Grant::target(&self.0.id, ""), changes.body())
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let grant = Grant::get(&visit.api, &self.0.id).await?;
        Ok(Facts::of(&grant).in_words().into_iter().map(|(_, word)| word).collect())
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        (
            "The grant was changed.".to_owned(),
            Some(html! {
                p { "Its amount and its beginning are what they were: these never change." }
            }),
        )
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the grant".to_owned(), visit.address(&self.0.path()))
    }
}
