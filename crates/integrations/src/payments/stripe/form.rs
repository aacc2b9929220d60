//! Parameters as Stripe takes them: forms, with brackets for what is within something.

use form_urlencoded::Serializer;
use scrip_core::Address;

/// The parameters of a request.
#[derive(Default)]
pub(super) struct Form(Vec<(&'static str, String)>);

impl Form {
    /// No parameters.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// With one more.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    /// With one more, if there is a value.
    pub(super) fn with_some(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With what is known of an address.
    pub(super) fn with_address(self, address: &Address) -> Self {
        self.with_some("address[city]", address.city.as_deref())
            .with_some("address[country]", address.country.as_deref())
            .with_some("address[line1]", address.line1.as_deref())
            .with_some("address[line2]", address.line2.as_deref())
            .with_some("address[postal_code]", address.postal_code.as_deref())
            .with_some("address[state]", address.state.as_deref())
    }

    /// As the body of a request, or behind the question mark of its URL.
    pub(super) fn encoded(&self) -> String {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(self.0.iter().map(|(name, value)| (name, value)));
        form.finish()
    }
}
