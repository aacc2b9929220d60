//! What the pages look like on which people sign in.

use maud::{Markup, html};
use scrip_ledger::{Session, Visit};

use super::SIGN_IN;
use super::password::LENGTH_MIN;
use crate::api::target;
use crate::form::CSRF;
use crate::layout;

/// How somebody can sign in.
pub struct Ways {
    /// By a password.
    pub has_password: bool,
    /// What people call where they sign in elsewhere.
    pub elsewhere: Option<String>,
}

/// The form of a link, as far as it is filled in.
pub struct Filled<'a> {
    /// The link's token.
    pub token: &'a str,
    /// The address.
    pub email: &'a str,
    /// The name.
    pub name: &'a str,
    /// Nobody is known yet: the address is written here.
    pub is_first_owner: bool,
}

/// An address and a password, or a way elsewhere.
pub fn sign_in(csrf: &str, next: &str, email: &str, wrong: Option<&str>, ways: &Ways) -> Markup {
    layout::bare(
        "Sign in",
        html! {
            h1 { "Sign in" }
            (complaint(wrong))
            @if ways.has_password {
                form method="post" action=(SIGN_IN) {
                    (hidden(CSRF, csrf))
                    (hidden("next", next))
                    div.field {
                        label for="email" { "E-mail address" }
                        input #email name="email" type="email" value=(email) required
                            autocomplete="username" autofocus;
                    }
                    (password("password", "Password", "current-password"))
                    button type="submit" { "Sign in" }
                }
            }
            @if let Some(elsewhere) = &ways.elsewhere {
                // A link: of a form the policy lets nothing go to the issuer, redirects neither.
                p { a.button href=(elsewhere_address(next)) { "Sign in with " (elsewhere) } }
            }
        },
    )
}

/// Where a sign-in elsewhere begins.
fn elsewhere_address(next: &str) -> String {
    target(&format!("{SIGN_IN}/elsewhere"), &[("next", Some(next))])
}

/// A name and a password, chosen by whoever has the link.
pub fn link(csrf: &str, filled: &Filled<'_>, wrong: Option<&str>) -> Markup {
    let title = if filled.is_first_owner { "Become the owner" } else { "Choose your password" };
    layout::bare(
        title,
        html! {
            h1 { (title) }
            (complaint(wrong))
            form method="post" action={ (SIGN_IN) "/link" } {
                (hidden(CSRF, csrf))
                (hidden("token", filled.token))
                div.field {
                    label for="email" { "E-mail address" }
                    input #email name="email" type="email" value=(filled.email) required
                        readonly[!filled.is_first_owner] autocomplete="username";
                }
                div.field {
                    label for="displayName" { "Name" }
                    input #displayName name="displayName" type="text" value=(filled.name) required
                        maxlength="255" autocomplete="name";
                }
                (new_passwords())
                button type="submit" { "Save and sign in" }
            }
        },
    )
}

/// Sessions, and the password.
pub fn me(
    csrf: &str,
    visit: &Visit,
    sessions: &[Session],
    has_password: bool,
    wrong: Option<&str>,
) -> Markup {
    layout::bare(
        "Your sign-in",
        html! {
            h1 { "Your sign-in" }
            p { (visit.person.display_name) " · " (visit.person.email) }
            (complaint(wrong))
            h2 { "Sessions" }
            ul {
                @for session in sessions {
                    (one_session(csrf, session, *session == visit.session))
                }
            }
            form method="post" action={ (SIGN_IN) "/me/sessions" } {
                (hidden(CSRF, csrf))
                (hidden("session", "all"))
                button type="submit" { "End all sessions" }
            }
            @if has_password {
                h2 { "Password" }
                form method="post" action={ (SIGN_IN) "/me/password" } {
                    (hidden(CSRF, csrf))
                    input type="hidden" name="username" value=(visit.person.email)
                        autocomplete="username";
                    (password("old", "Password until now", "current-password"))
                    (new_passwords())
                    button type="submit" { "Change the password" }
                }
            }
            form method="post" action={ (SIGN_IN) "/out" } {
                (hidden(CSRF, csrf))
                button type="submit" { "Sign out" }
            }
            p { a href="/console" { "To the console" } }
        },
    )
}

fn one_session(csrf: &str, session: &Session, is_this: bool) -> Markup {
    html! {
        li {
            form method="post" action={ (SIGN_IN) "/me/sessions" } {
                (hidden(CSRF, csrf))
                (hidden("session", &session.public_id()))
                @if is_this { strong { "This session. " } }
                (session.user_agent) " " (session.address)
                ", since " time datetime=(session.began_at) { (session.began_at) }
                ", last seen " time datetime=(session.seen_at) { (session.seen_at) }
                " "
                button type="submit" aria-label={ "End the session since " (session.began_at) } {
                    "End"
                }
            }
        }
    }
}

/// A page that says one thing.
pub fn notice(title: &str, words: &str) -> Markup {
    layout::bare(
        title,
        html! {
            h1 { (title) }
            p role="alert" { (words) }
            p { a href=(SIGN_IN) { "To the sign-in" } }
        },
    )
}

fn complaint(wrong: Option<&str>) -> Markup {
    html! { @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } } }
}

fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

fn password(name: &str, label: &str, autocomplete: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type="password" required maxlength="1024"
                autocomplete=(autocomplete);
        }
    }
}

fn new_passwords() -> Markup {
    let length = format!("New password, at least {LENGTH_MIN} characters");
    html! {
        (password("password", &length, "new-password"))
        (password("again", "The new password again", "new-password"))
    }
}
