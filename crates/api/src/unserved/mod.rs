//! Operations of the official API that are not served say so, by name (decision 42).

use axum::extract::Request;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::app::App;
use crate::error::ApiError;
use crate::http::skip;

const OPERATIONS: &str = include_str!("operations.txt");

/// An operation that is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unserved {
    /// In upper case.
    pub method: &'static str,
    /// With names in braces.
    pub path: &'static str,
}

/// All of them.
pub(crate) fn operations() -> impl Iterator<Item = Unserved> {
    OPERATIONS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .map(|(method, path)| Unserved { method, path })
}

impl Unserved {
    /// What answers it, whatever the body.
    pub fn handler(self) -> MethodRouter<App> {
        let filter = match self.method {
            "POST" => MethodFilter::POST,
            "PUT" => MethodFilter::PUT,
            "PATCH" => MethodFilter::PATCH,
            "DELETE" => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        on(filter, move |request: Request| async move {
            let Self { method, path } = self;
            let error =
                ApiError::unsupported(format!("the operation {method} {path} is not served"));
            error.closing_unless(skip(request.into_body()).await)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_an_operation() {
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        let mut known = Vec::new();
        for operation in operations() {
            assert!(methods.contains(&operation.method), "{operation:?}");
            assert!(operation.path.starts_with("/api/v"), "{operation:?}");
            assert!(!known.contains(&operation), "{operation:?}");
            known.push(operation);
        }
        assert_eq!(known.len(), OPERATIONS.lines().count() - 1);
        assert_eq!(known.len(), 90);
    }
}
