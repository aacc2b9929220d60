//! What every page has around its contents: the way to other pages, and who looks.

mod navigation;

use maud::{DOCTYPE, Markup, html};

use crate::assets::{ICON, SCRIPT, STYLE};
use crate::visit::Visit;

pub use navigation::Section;

/// What a page is called, and where it belongs.
pub struct Heading<'a> {
    /// What it is called.
    pub title: &'a str,
    /// The part of the console that it belongs to.
    pub section: Section,
    /// The pages above it: what they are called, and where they are.
    pub above: Vec<(String, String)>,
    /// Which of several pages of the same title it is.
    pub part: Option<&'a str>,
    /// What can be done here, beside the title.
    pub actions: Option<Markup>,
}

impl<'a> Heading<'a> {
    /// A page of a part of the console.
    pub fn of(title: &'a str, section: Section) -> Self {
        Self { title, section, above: Vec::new(), part: None, actions: None }
    }

    /// The same, below another page.
    #[must_use]
    pub fn below(mut self, title: impl Into<String>, address: impl Into<String>) -> Self {
        self.above.push((title.into(), address.into()));
        self
    }

    /// The same, one of several pages of this title.
    #[must_use]
    pub fn also(mut self, part: &'a str) -> Self {
        self.part = Some(part);
        self
    }

    /// The same, with something that can be done.
    #[must_use]
    pub fn with(mut self, actions: Markup) -> Self {
        self.actions = Some(actions);
        self
    }
}

/// A page of somebody who is signed in.
pub fn page(visit: &Visit, heading: &Heading<'_>, contents: Markup) -> Markup {
    let environment = &visit.visitor.environment;
    let part = heading.part.map(|part| format!("{part} · ")).unwrap_or_default();
    let title = format!("{part}{} · {} · Scrip", heading.title, environment.name);
    document(
        &title,
        html! {
            a.skip href="#contents" { "Skip to contents" }
            (navigation::banner(visit))
            div.frame {
                (navigation::sections(visit, heading.section))
                main #contents tabindex="-1" {
                    (above(heading))
                    @if environment.is_archived {
                        div.notice data-tone="waiting" {
                            p { "This environment is archived: it can be read, and nothing in it changes." }
                        }
                    }
                    header.heading {
                        h1 { (heading.title) }
                        @if let Some(actions) = &heading.actions { div.actions { (actions) } }
                    }
                    (contents)
                }
            }
        },
    )
}

/// A page of nobody: no navigation, one thing in the middle.
pub fn bare(title: &str, contents: Markup) -> Markup {
    document(
        &format!("{title} · Scrip"),
        html! {
            main.bare #contents {
                p.brand { "Scrip" }
                (contents)
            }
        },
    )
}

/// A page for a customer, which may be shown within another one: no script, and one more stylesheet.
pub fn portal(title: &str, theme: &str, contents: Markup) -> Markup {
    let head = html! {
        meta name="robots" content="noindex";
        link rel="icon" type="image/svg+xml" href=(ICON.portal_address());
        link rel="stylesheet" href=(STYLE.portal_address());
        @if !theme.is_empty() { link rel="stylesheet" href=(theme); }
    };
    whole(title, head, html! { body.portal { main #contents { (contents) } } })
}

fn document(title: &str, body: Markup) -> Markup {
    let head = html! {
        meta name="color-scheme" content="light dark";
        link rel="icon" type="image/svg+xml" href=(ICON.address());
        link rel="stylesheet" href=(STYLE.address());
        script src=(SCRIPT.address()) defer {}
    };
    whole(title, head, html! { body { (body) } })
}

fn whole(title: &str, head: Markup, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                (head)
            }
            (body)
        }
    }
}

fn above(heading: &Heading<'_>) -> Markup {
    html! {
        @if !heading.above.is_empty() {
            nav.above aria-label="Breadcrumb" {
                ol {
                    @for (title, address) in &heading.above {
                        li { a href=(address) { (title) } }
                    }
                    li aria-current="page" { (heading.title) }
                }
            }
        }
    }
}
