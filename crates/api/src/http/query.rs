//! The query of a request: decoded strictly, asked for by name. Unknown names are ignored
//! (decision 54).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::error::ApiError;

/// The names and values of a query.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes a query as it stands in the request.
    pub fn parse(raw: Option<&str>) -> Result<Self, ApiError> {
        let Some(raw) = raw else {
            return Ok(Self::default());
        };
        raw.split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let name = decode(name).ok_or_else(|| malformed("a name of the query"))?;
                let value = decode(value).ok_or_else(|| malformed(&name))?;
                Ok((name, value))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The value of a name, which may be given once.
    pub fn one(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self.all(name);
        let first = values.next();
        match values.next() {
            Some(_) => Err(ApiError::bad_input(format!("{name} must be given once"))),
            None => Ok(first),
        }
    }

    /// The value of a name that must be there.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.one(name)?.ok_or_else(|| ApiError::bad_input(format!("{name} is missing")))
    }

    /// The items of a list: separated by commas, as the official SDKs send it, or repeated.
    pub fn list<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.all(name).flat_map(|value| value.split(','))
    }

    /// The name was given.
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced =
        if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

fn malformed(what: &str) -> ApiError {
    ApiError::bad_input(format!("{what} is not UTF-8"))
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        let query = Query::parse(Some(
            "a=1&b=x%2Cy,z&b=w&createdAt%5Bgte%5D=2026-01-01T00%3A00%3A00%2B02%3A00&c&d=a+b&&e=%7C",
        ))
        .unwrap();
        assert_eq!(query.one("a").unwrap(), Some("1"));
        assert_eq!(query.list("b").collect::<Vec<_>>(), ["x", "y", "z", "w"]);
        assert_eq!(query.required("createdAt[gte]").unwrap(), "2026-01-01T00:00:00+02:00");
        assert_eq!(query.one("c").unwrap(), Some(""));
        assert_eq!(query.one("d").unwrap(), Some("a b"));
        assert_eq!(query.one("e").unwrap(), Some("|"));
        assert_eq!(query.one("f").unwrap(), None);
        assert!(query.has("c") && !query.has("f"));
    }

    #[test]
    fn refuses() {
        let message = |error: ApiError| error.message().to_owned();
        assert_eq!(message(Query::parse(Some("a=%FF")).unwrap_err()), "a is not UTF-8");
        let query = Query::parse(Some("a=1&a=2")).unwrap();
        assert_eq!(message(query.one("a").unwrap_err()), "a must be given once");
        assert_eq!(message(query.required("b").unwrap_err()), "b is missing");
    }
}
