//! What the records of each source mean.

mod lago;
mod stigg;
mod stripe;

use std::collections::HashMap;

use super::options::{ImportOptions, Source};
use super::plan::Plan;
use super::record::{Place, Record, Remark, Wrong};

/// How the options have records understood.
pub struct Mapping<'a> {
    /// Currencies by what the source calls them.
    pub currencies: HashMap<&'a str, &'a str>,
    /// The rest.
    pub options: &'a ImportOptions,
}

impl<'a> Mapping<'a> {
    /// As the options say.
    pub fn new(options: &'a ImportOptions) -> Self {
        let pairs = options.currency.iter().map(|(source, id)| (source.as_str(), id.as_str()));
        Self { currencies: pairs.collect(), options }
    }

    /// The currency that is called so, in whatever case.
    fn currency(&self, name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        let upper = name.to_uppercase();
        let found = [name, &lower, &upper].into_iter().find_map(|name| self.currencies.get(name));
        found.map(|id| (*id).to_owned())
    }
}

/// Adds what the records mean to a plan.
pub fn plan(plan: &mut Plan, records: &[Record<'_>], mapping: &Mapping<'_>) {
    match plan.source {
        Source::Stigg => stigg::plan(plan, records, mapping),
        Source::Lago => lago::plan(plan, records, mapping),
        Source::Stripe => stripe::plan(plan, records, mapping),
    }
    if records.is_empty() && plan.problems.is_empty() {
        plan.problem(&all_files(), Wrong::new("", "no record stands in them"));
    }
    // Where records could not be read, theirs may be one of them.
    let is_read = plan.problems.is_empty();
    let is_unused = |(_, id): &(&&str, &&str)| is_read && !plan.currencies.contains_key(**id);
    let unused: Vec<_> = mapping.currencies.iter().filter(is_unused).collect();
    for (source, id) in unused {
        let place = Place { file: format!("--currency {source}={id}"), number: 0, id: None };
        plan.problems.push(Remark {
            place,
            field: String::new(),
            words: "no record of the files is of it".to_owned(),
        });
    }
    for name in plan.renamed_in_vain().into_iter().filter(|_| is_read) {
        let place = Place { file: "--customers".to_owned(), number: 0, id: Some(name) };
        plan.note(&place, "", "no customer of the files has this id");
    }
    plan.finish();
}

/// Where something is that stands in no file.
fn all_files() -> Place {
    Place { file: "the files".to_owned(), number: 0, id: None }
}

/// Does something with each record, and says of which it went wrong.
fn each<'r, 'a>(
    plan: &mut Plan,
    records: impl IntoIterator<Item = &'r Record<'a>>,
    mut work: impl FnMut(&mut Plan, &'r Record<'a>) -> Result<(), Wrong>,
) where
    'a: 'r,
{
    for record in records {
        if let Err(wrong) = work(plan, record) {
            plan.problem(&record.place, wrong);
        }
    }
}
