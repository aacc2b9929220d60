//! Where traces are sent, by the option or the variables of OpenTelemetry. Whatever is wrong is refused at the
//! start, where its library would go on with something else.

use std::time::Duration;

use anyhow::bail;
use hyper::Uri;

use crate::cli::TraceOptions;

/// What is added to an address that is no trace's own.
const PATH: &str = "/v1/traces";
const OPTION: &str = "--otlp-endpoint";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
/// The samplers that decide by a ratio, and those that do not.
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];
/// As OpenTelemetry has it.
const WITHIN_MILLISECONDS: u64 = 10_000;
const QUEUE_MAX: u64 = 2_048;

/// Where traces are sent, and within which bounds.
#[derive(Debug, PartialEq, Eq)]
pub struct Destination {
    /// What spans are posted to.
    pub url: String,
    /// How long a request may take.
    pub within: Duration,
    /// Spans that may wait, with those under way.
    pub queue_max: usize,
}

/// What is configured, if anything is.
pub fn destination(
    options: &TraceOptions,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Option<Destination>> {
    // A variable that is empty is none: so OpenTelemetry has it.
    let variable = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
    let is_disabled = |text: String| text.eq_ignore_ascii_case("true");
    if variable("OTEL_SDK_DISABLED").is_some_and(is_disabled) {
        return Ok(None);
    }
    match variable("OTEL_TRACES_EXPORTER").as_deref() {
        None | Some("otlp") => {}
        Some("none") => return Ok(None),
        Some(other) => bail!("OTEL_TRACES_EXPORTER: {other:?} is neither otlp nor none"),
    }
    let url = if let Some(text) = &options.otlp_endpoint {
        with_path(OPTION, text)?
    } else if let Some(text) = variable(TRACES_ENDPOINT) {
        checked(TRACES_ENDPOINT, &text)?
    } else if let Some(text) = variable(ENDPOINT) {
        with_path(ENDPOINT, &text)?
    } else {
        return Ok(None);
    };
    only("OTEL_EXPORTER_OTLP", "PROTOCOL", "http/protobuf", &variable)?;
    only("OTEL_EXPORTER_OTLP", "COMPRESSION", "none", &variable)?;
    check_headers(&variable)?;
    check_sampler(&variable)?;
    let milliseconds = match number("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", &variable)? {
        None => number("OTEL_EXPORTER_OTLP_TIMEOUT", &variable)?,
        some => some,
    };
    let queue_max = number("OTEL_BSP_MAX_QUEUE_SIZE", &variable)?.unwrap_or(QUEUE_MAX);
    Ok(Some(Destination {
        url,
        within: Duration::from_millis(milliseconds.unwrap_or(WITHIN_MILLISECONDS)),
        queue_max: usize::try_from(queue_max)?,
    }))
}

/// An address under which the path of traces is.
fn with_path(name: &str, text: &str) -> anyhow::Result<String> {
    let url = checked(name, text)?;
    if url.trim_end_matches('/').ends_with(PATH) {
        bail!("{name}: {PATH} is added to it; leave it out");
    }
    Ok(format!("{}{PATH}", url.trim_end_matches('/')))
}

/// An address as it is. It is not repeated where it is refused: there may be a password in it.
fn checked(name: &str, text: &str) -> anyhow::Result<String> {
    let text = text.trim();
    let Ok(url) = text.parse::<Uri>() else { bail!("{name}: it is no URL") };
    if !matches!(url.scheme_str(), Some("http" | "https")) || url.host().is_none_or(str::is_empty) {
        bail!("{name} must be http:// or https://, a host and a port");
    }
    if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        bail!("{name}: a password belongs into OTEL_EXPORTER_OTLP_HEADERS, not into a URL");
    }
    if url.query().is_some() || text.contains('#') {
        bail!("{name}: nothing may stand behind its path");
    }
    Ok(text.to_owned())
}

/// A variable of all signals, and that of traces, which is heard instead, may say one thing only.
fn only(
    prefix: &str,
    what: &str,
    spoken: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> anyhow::Result<()> {
    let names = [format!("{prefix}_TRACES_{what}"), format!("{prefix}_{what}")];
    let said = names.into_iter().find_map(|name| variable(&name).map(|value| (name, value)));
    match said {
        Some((name, value)) if value.trim() != spoken => {
            bail!("{name}: {value:?} is not known here, only {spoken}")
        }
        _ => Ok(()),
    }
}

/// Headers are `name=value`, separated by commas. Their values are secrets.
fn check_headers(variable: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<()> {
    for name in ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"] {
        let Some(text) = variable(name) else { continue };
        let is_header = |item: &str| match item.split_once('=') {
            Some((name, _)) => hyper::header::HeaderName::try_from(name.trim()).is_ok(),
            None => item.trim().is_empty(),
        };
        if !text.split(',').all(is_header) {
            bail!("{name} must be name=value, several separated by commas");
        }
    }
    Ok(())
}

fn check_sampler(variable: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<()> {
    let Some(sampler) = variable("OTEL_TRACES_SAMPLER") else { return Ok(()) };
    if !SAMPLERS.contains(&sampler.as_str()) {
        bail!("OTEL_TRACES_SAMPLER: {sampler:?} is none of {}", SAMPLERS.join(", "));
    }
    let Some(ratio) = variable("OTEL_TRACES_SAMPLER_ARG") else { return Ok(()) };
    let is_ratio = ratio.parse::<f64>().is_ok_and(|ratio| (0.0..=1.0).contains(&ratio));
    if sampler.ends_with("traceidratio") && !is_ratio {
        bail!("OTEL_TRACES_SAMPLER_ARG: {ratio:?} is no number from 0 to 1");
    }
    Ok(())
}

/// A whole number above 0.
fn number(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Option<u64>> {
    let Some(text) = variable(name) else { return Ok(None) };
    match text.trim().parse::<u32>() {
        Ok(number) if number > 0 => Ok(Some(number.into())),
        _ => bail!("{name}: {text:?} is no whole number above 0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        endpoint: Option<&str>,
        variables: &[(&str, &str)],
    ) -> Result<Option<Destination>, String> {
        let options = TraceOptions { otlp_endpoint: endpoint.map(str::to_owned) };
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        destination(&options, variable).map_err(|error| error.to_string())
    }

    fn url(endpoint: Option<&str>, variables: &[(&str, &str)]) -> Option<String> {
        of(endpoint, variables).unwrap().map(|destination| destination.url)
    }

    #[test]
    fn the_option_is_heard_before_the_variables() {
        let variables = [(TRACES_ENDPOINT, "https://b/spans"), (ENDPOINT, "http://c:4318/otlp/")];
        assert_eq!(url(None, &[]), None);
        assert_eq!(url(Some("http://a:4318"), &variables).unwrap(), "http://a:4318/v1/traces");
        assert_eq!(url(None, &variables).unwrap(), "https://b/spans");
        assert_eq!(url(None, &variables[1..]).unwrap(), "http://c:4318/otlp/v1/traces");
        assert_eq!(url(None, &[(ENDPOINT, " ")]), None);
        for off in [("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_TRACES_EXPORTER", "none")] {
            assert_eq!(url(Some("http://a:4318"), &[off]), None);
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_by_its_name() {
        let wrong = [
            "",
            "a:4318",
            "/v1/traces",
            "ftp://a",
            "http://",
            "http:// a",
            "http://user:pass@a",
            "http://a?b",
            "http://a#b",
            "http://a/v1/traces/",
        ];
        for text in wrong {
            let error = of(Some(text), &[]).unwrap_err();
            assert!(error.starts_with("--otlp-endpoint"), "{text}: {error}");
            assert!(!error.contains("pass@"), "{error}");
            if !text.is_empty() {
                let error = of(None, &[(ENDPOINT, text)]).unwrap_err();
                assert!(error.starts_with(ENDPOINT), "{text}: {error}");
            }
        }
        let error = of(None, &[(TRACES_ENDPOINT, "localhost:4318")]).unwrap_err();
        assert!(error.starts_with(TRACES_ENDPOINT), "{error}");
    }

    #[test]
    fn a_variable_that_is_not_understood_is_refused_by_its_name() {
        let rows = [
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=b,c d=e"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"),
        ];
        for (name, value) in rows {
            let error = of(Some("http://a"), &[(name, value)]).unwrap_err();
            assert!(error.starts_with(name), "{name}: {error}");
            // Where nothing is sent nothing is looked at.
            if name != "OTEL_TRACES_EXPORTER" {
                assert_eq!(of(None, &[(name, value)]), Ok(None));
            }
        }
        for ratio in ["half", "-0.1", "1.1", "NaN"] {
            let variables = [
                ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
                ("OTEL_TRACES_SAMPLER_ARG", ratio),
            ];
            let error = of(Some("http://a"), &variables).unwrap_err();
            assert!(error.starts_with("OTEL_TRACES_SAMPLER_ARG"), "{error}");
        }
    }

    #[test]
    fn what_is_understood_is_taken() {
        let variables = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20abc, x-tenant=1,"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "16"),
        ];
        let expected = Destination {
            url: "https://a/v1/traces".to_owned(),
            within: Duration::from_secs(2),
            queue_max: 16,
        };
        assert_eq!(of(Some("https://a"), &variables), Ok(Some(expected)));
    }
}
