//! The three pages of an action.

use maud::{Markup, html};

use super::{BEFORE, CHANGED_MIND, CONFIRMED, Deed, Plan, STEP, WHAT};
use crate::api::{Done, Refusal};
use crate::form::{CSRF, Form, REQUEST_ID, new_request_id};
use crate::visit::Visit;

/// What is asked.
pub fn form<D: Deed>(visit: &Visit, deed: &D, form: &Form, refusal: Option<&Refusal>) -> Markup {
    let fields = deed.fields(form);
    let (_, back) = deed.back(visit);
    let is_named = |refusal: &Refusal| fields.iter().any(|field| field.is_named_by(refusal));
    html! {
        @if let Some(refusal) = refusal {
            div.notice data-tone="bad" role="alert" tabindex="-1" autofocus {
                p { strong { "Nothing was changed." } " "
                    @if is_named(refusal) {
                        @for field in fields.iter().filter(|field| field.is_named_by(refusal)) {
                            a href={ "#" (field.name) } { (field.label) } ": "
                        }
                    }
                    (refusal.message) }
            }
        }
        form.card method="post" {
            (secrets(visit))
            @for field in &fields { (field.show(form, refusal)) }
            p.buttons {
                @if fields.is_empty() {
                    a.button href=(back) { "Back" }
                } @else {
                    button.primary { "See what will change" }
                    a.button href=(back) { "Cancel" }
                }
            }
        }
    }
}

/// What will change.
pub fn plan<D: Deed>(visit: &Visit, deed: &D, form: &Form, plan: &Plan) -> Markup {
    let (_, back) = deed.back(visit);
    let has_fields = !deed.fields(form).is_empty();
    let kept = form.fields().filter(|(name, _)| ![STEP, BEFORE, WHAT].contains(name));
    html! {
        form.card method="post" {
            h2 { "What will change" }
            (secrets(visit))
            input type="hidden" name=(REQUEST_ID) value=(new_request_id());
            @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
            @for line in &plan.lines {
                input type="hidden" name=(WHAT) value=(line.what);
                input type="hidden" name=(BEFORE) value=(line.before);
            }
            @if !plan.lines.is_empty() {
                (changes("What will change", "Before", "After", plan.lines.iter().map(|line| {
                    (line.what.as_str(), line.before.as_str(), line.after.as_str())
                })))
            }
            @if let Some(notes) = &plan.notes { (notes) }
            p.buttons {
                button.primary data-dangerous[plan.is_dangerous] name=(STEP) value=(CONFIRMED)
                    data-once { (plan.verb) }
                @if has_fields {
                    button name=(STEP) value=(CHANGED_MIND) formnovalidate { "Edit" }
                }
                a.button href=(back) { "Cancel" }
            }
        }
    }
}

/// It is not known whether it was done: the same again.
pub fn unclear<D: Deed>(visit: &Visit, deed: &D, form: &Form, refusal: &Refusal) -> Markup {
    let (title, back) = deed.back(visit);
    let request_id = form.written(REQUEST_ID);
    html! {
        div.notice data-tone="waiting" role="alert" {
            p { strong { "It is not known whether this was done." } " " (refusal.message) }
            p { "Try again: under the same name it is not done a second time." }
        }
        form.card method="post" {
            (secrets(visit))
            input type="hidden" name=(REQUEST_ID) value=(request_id);
            @for (name, value) in form.fields().filter(|(name, _)| *name != STEP) {
                input type="hidden" name=(name) value=(value);
            }
            p.buttons {
                button.primary name=(STEP) value=(CONFIRMED) data-once { "Try again" }
                a.button href=(back) { (title) }
            }
        }
    }
}

/// What changed.
pub fn done<D: Deed>(
    visit: &Visit,
    deed: &D,
    form: &Form,
    done: &Done,
    after: &[String],
) -> Markup {
    let (sentence, more) = deed.told(visit, done);
    let (title, back) = deed.back(visit);
    let lines = form.all(WHAT).zip(form.all(BEFORE)).zip(after);
    let lines: Vec<_> =
        lines.map(|((what, before), after)| (what, before, after.as_str())).collect();
    html! {
        div.notice data-tone="good" role="status" {
            p { strong { (sentence) } }
            @if done.is_replayed {
                p { "This request had been carried out before; it was not done a second time." }
            }
        }
        @if let Some(more) = more { (more) }
        @if !lines.is_empty() {
            div.card {
                h2 { "What changed" }
                (changes("What changed", "Before", "After", lines.into_iter()))
            }
        }
        p.buttons { a.button.primary href=(back) { (title) } }
    }
}

fn changes<'a>(
    caption: &str,
    before: &str,
    after: &str,
    lines: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
) -> Markup {
    html! {
        table.changes {
            caption.hidden { (caption) }
            thead { tr {
                th scope="col" { "What" } th scope="col" { (before) } th scope="col" { (after) }
            } }
            tbody {
                @for (what, old, new) in lines {
                    tr data-changed[old != new] {
                        th scope="row" { (what) }
                        td data-label=(before) { (old) }
                        td data-label=(after) { (new) }
                    }
                }
            }
        }
    }
}

fn secrets(visit: &Visit) -> Markup {
    html! { input type="hidden" name=(CSRF) value=(visit.visitor.csrf.as_str()); }
}
