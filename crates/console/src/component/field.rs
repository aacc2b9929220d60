//! Fields of forms, each with its label, its hint and what is wrong with it.

use maud::{Markup, html};

use crate::api::Refusal;
use crate::form::Form;

/// A field.
pub struct Field {
    /// The API's name of it, by which a refusal finds it.
    pub name: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// What to write, if that is not plain.
    pub hint: &'static str,
    /// How it is filled in.
    pub kind: Kind,
    /// The form cannot be sent without it.
    pub is_required: bool,
}

/// How a field is filled in.
pub enum Kind {
    /// A line of text.
    Text,
    /// Several lines of text.
    Lines,
    /// What nobody may read over the shoulder.
    Secret,
    /// An exact decimal.
    Amount,
    /// A whole number.
    Number,
    /// An instant, in UTC.
    Instant,
    /// An address of the web.
    Url,
    /// One of several.
    One(Vec<Choice>),
    /// Any of several.
    Many(Vec<Choice>),
}

/// Something to choose: what is sent, and what is read.
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub text: String,
}

impl Choice {
    /// A choice.
    pub fn of(value: impl Into<String>, text: impl Into<String>) -> Self {
        Self { value: value.into(), text: text.into() }
    }
}

impl Field {
    /// A field that must be filled in.
    pub const fn required(name: &'static str, label: &'static str, kind: Kind) -> Self {
        Self { name, label, hint: "", kind, is_required: true }
    }

    /// A field that may stay empty.
    pub const fn optional(name: &'static str, label: &'static str, kind: Kind) -> Self {
        Self { name, label, hint: "", kind, is_required: false }
    }

    /// The same with a hint.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// Whether a refusal is about this field: its message begins with the name.
    pub fn is_named_by(&self, refusal: &Refusal) -> bool {
        let rest = refusal.message.strip_prefix(self.name);
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
    }

    /// The field as it was filled in.
    pub fn show(&self, form: &Form, refusal: Option<&Refusal>) -> Markup {
        let wrong = refusal.filter(|refusal| self.is_named_by(refusal));
        if let Kind::Many(choices) = &self.kind {
            return self.show_many(choices, form, wrong);
        }
        let described = self.described(wrong.is_some());
        html! {
            div.field {
                label for=(self.name) {
                    (self.label)
                    @if !self.is_required { " " span.quiet { "optional" } }
                }
                (self.control(form.written(self.name), described.as_deref(), wrong.is_some()))
                (self.notes(wrong))
            }
        }
    }

    fn control(&self, value: &str, described: Option<&str>, is_wrong: bool) -> Markup {
        let (kind, mode) = match self.kind {
            Kind::Amount => ("text", Some("decimal")),
            Kind::Number => ("text", Some("numeric")),
            Kind::Url => ("url", None),
            Kind::Secret => ("password", None),
            _ => ("text", None),
        };
        // The password of the console is none of these.
        let complete = if kind == "password" { "new-password" } else { "off" };
        let placeholder = matches!(self.kind, Kind::Instant).then_some("2026-12-31T00:00:00Z");
        let invalid = is_wrong.then_some("true");
        html! {
            @if let Kind::One(choices) = &self.kind {
                select id=(self.name) name=(self.name) required[self.is_required]
                    aria-describedby=[described] aria-invalid=[invalid] {
                    @for choice in choices {
                        option value=(choice.value) selected[choice.value == value] {
                            (choice.text)
                        }
                    }
                }
            } @else if let Kind::Lines = self.kind {
                textarea id=(self.name) name=(self.name) rows="4" required[self.is_required]
                    aria-describedby=[described] aria-invalid=[invalid] { (value) }
            } @else {
                input id=(self.name) name=(self.name) type=(kind) inputmode=[mode] value=(value)
                    placeholder=[placeholder] required[self.is_required] autocomplete=(complete)
                    aria-describedby=[described] aria-invalid=[invalid];
            }
        }
    }

    fn show_many(&self, choices: &[Choice], form: &Form, wrong: Option<&Refusal>) -> Markup {
        html! {
            fieldset.field aria-describedby=[self.described(wrong.is_some())] {
                legend { (self.label) }
                @for choice in choices {
                    @let is_chosen = form.all(self.name).any(|value| value == choice.value);
                    label.choice {
                        input type="checkbox" name=(self.name) value=(choice.value)
                            checked[is_chosen];
                        " " (choice.text)
                    }
                }
                (self.notes(wrong))
            }
        }
    }

    fn described(&self, is_wrong: bool) -> Option<String> {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let wrong = is_wrong.then(|| format!("{}-wrong", self.name));
        let parts: Vec<_> = wrong.into_iter().chain(hint).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    fn notes(&self, wrong: Option<&Refusal>) -> Markup {
        html! {
            @if !self.hint.is_empty() { p.hint id={ (self.name) "-hint" } { (self.hint) } }
            @if let Some(wrong) = wrong {
                p.wrong id={ (self.name) "-wrong" } { (wrong.message) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn a_refusal_finds_its_field() {
        let amount = Field::required("amount", "Amount", Kind::Amount);
        let refused = |message: &str| Refusal {
            status: StatusCode::BAD_REQUEST,
            code: "BadUserInput".to_owned(),
            message: message.to_owned(),
        };
        assert!(amount.is_named_by(&refused("amount must be greater than 0")));
        assert!(amount.is_named_by(&refused("amount: too large")));
        assert!(!amount.is_named_by(&refused("amountOf must be given")));
        assert!(!amount.is_named_by(&refused("the customer is archived")));
    }
}
