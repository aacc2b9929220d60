//! The ways through the console.

use maud::{Markup, html};
use scrip_ledger::Role;

use crate::form::CSRF;
use crate::visit::Visit;

/// A part of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// How the environment does.
    Overview,
    /// Customers, and everything of theirs.
    Customers,
    /// Of all customers.
    Invoices,
    /// What became of the money.
    Revenue,
    /// What credits are counted in.
    Currencies,
    /// Who is told of events.
    Webhooks,
    /// What programs are let in by.
    ApiKeys,
    /// Who is let in here.
    People,
    /// Who changed what.
    AuditLog,
    /// The worlds of the account.
    Environments,
    /// What holds for the environment.
    Settings,
}

/// Those that everybody is shown, with their titles and paths.
const SECTIONS: [(Section, &str, &str); 11] = [
    (Section::Overview, "Overview", ""),
    (Section::Customers, "Customers", "/customers"),
    (Section::Invoices, "Invoices", "/invoices"),
    (Section::Revenue, "Revenue", "/revenue"),
    (Section::Currencies, "Currencies", "/currencies"),
    (Section::Webhooks, "Webhooks", "/webhooks"),
    (Section::ApiKeys, "API keys", "/api-keys"),
    (Section::People, "People", "/people"),
    (Section::AuditLog, "Audit log", "/audit-log"),
    (Section::Environments, "Environments", "/environments"),
    (Section::Settings, "Settings", "/settings"),
];

/// The top of a page: which environment it is of, and who looks.
pub fn banner(visit: &Visit) -> Markup {
    let visitor = &visit.visitor;
    let here = &visitor.environment;
    html! {
        header.banner {
            a.brand href=(visit.address("")) { "Scrip" }
            nav.environments aria-label="Environment" {
                ul {
                    @for environment in &visitor.environments {
                        @let is_here = environment.number == here.number;
                        li { a href={ "/console/" (environment.name) }
                            aria-current=[is_here.then_some("true")]
                            data-sandbox[environment.is_sandbox] { (environment.name) } }
                    }
                }
            }
            details.person {
                summary { (visitor.display_name) }
                div.menu {
                    p { (visitor.email) br; span.quiet { "Role: " (visitor.role.as_str().to_lowercase()) } }
                    p { a href="/console/sign-in/me" { "Sessions and password" } }
                    form method="post" action="/console/sign-in/out" {
                        input type="hidden" name=(CSRF) value=(visitor.csrf.as_str());
                        button { "Sign out" }
                    }
                }
            }
        }
    }
}

/// Whether somebody may look at a part of the console.
fn is_for(visit: &Visit, section: Section) -> bool {
    let least = match section {
        Section::People => Role::Owner,
        Section::ApiKeys | Section::AuditLog => Role::Admin,
        _ => Role::Viewer,
    };
    visit.visitor.role >= least
}

/// The parts of the console.
pub fn sections(visit: &Visit, current: Section) -> Markup {
    html! {
        nav.sections aria-label="Console" {
            ul {
                @for (section, title, path) in SECTIONS.into_iter().filter(|(section, ..)| is_for(visit, *section)) {
                    li { a href=(visit.address(path))
                        aria-current=[(section == current).then_some("page")] { (title) } }
                }
            }
        }
    }
}
