//! A request to the API, read.

use super::refusal::Refusal;

/// A request, with what of its path is an identifier.
pub struct Call {
    /// The identifier in the path; empty if there is none.
    pub id: String,
    params: Vec<(String, String)>,
}

impl Call {
    /// Reads a form, of which every parameter must be known: by its name, or, if the known name
    /// ends with a bracket, by what is before it.
    pub fn read(id: &str, form: &[u8], known: &[&str]) -> Result<Self, Refusal> {
        let params: Vec<(String, String)> = form_urlencoded::parse(form).into_owned().collect();
        for (name, value) in &params {
            let is_known = known
                .iter()
                .any(|known| known == name || (known.ends_with('[') && name.starts_with(known)));
            if !is_known && name != "expand[]" {
                return Err(Refusal::unknown_parameter(name));
            }
            if value.is_empty() {
                let message = "You passed an empty string. Remove the parameter instead.";
                return Err(Refusal::invalid(name, "parameter_invalid_empty", message));
            }
        }
        Ok(Self { id: id.to_owned(), params })
    }

    /// The members that are to be shown whole.
    pub fn expanded(&self) -> impl Iterator<Item = &str> {
        let named = self.params.iter().filter(|(name, _)| name == "expand[]");
        named.map(|(_, value)| value.as_str())
    }

    /// The value of a parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that must be there.
    pub fn needed(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| Refusal::missing(name))
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let read = |text: &str| {
            let message = format!("Invalid integer: {text}");
            text.parse().map_err(|_| Refusal::invalid(name, "parameter_invalid_integer", &message))
        };
        self.text(name).map(read).transpose()
    }

    /// Yes or no, or what it is if nobody says.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, Refusal> {
        match self.text(name) {
            None => Ok(default),
            Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(text) => {
                let message = format!("Invalid boolean: {text}");
                Err(Refusal::invalid(name, "parameter_invalid_boolean", &message))
            }
        }
    }

    /// What is in brackets behind this name, with its value.
    pub fn within(&self, name: &str) -> Vec<(&str, &str)> {
        let inner = |key: &'_ str| -> Option<(usize, usize)> {
            let rest = key.strip_prefix(name)?.strip_prefix('[')?;
            rest.strip_suffix(']')?;
            Some((name.len() + 1, key.len() - 1))
        };
        let found = self.params.iter().filter_map(|(key, value)| {
            let (from, to) = inner(key)?;
            Some((key.get(from..to)?, value.as_str()))
        });
        found.collect()
    }
}
