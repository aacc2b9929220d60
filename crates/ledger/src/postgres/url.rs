//! Takes out of a database URL what it says of TLS.
//!
//! tokio-postgres refuses half of what PostgreSQL's own clients understand there. Both forms are read
//! as it reads them, so that what is left means to it what it meant before.

use percent_encoding::percent_decode_str;

use super::OpenError;

/// What a URL says of TLS, word for word.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TlsParameters {
    /// Whether TLS is wanted, and how much of the server's certificate is checked.
    pub mode: Option<String>,
    /// The file of whom to trust, or `system`.
    pub roots: Option<String>,
    /// The file of the certificate that is shown to the server.
    pub certificate: Option<String>,
    /// The file of that certificate's private key.
    pub key: Option<String>,
}

impl TlsParameters {
    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "sslmode" => Some(&mut self.mode),
            "sslrootcert" => Some(&mut self.roots),
            "sslcert" => Some(&mut self.certificate),
            "sslkey" => Some(&mut self.key),
            _ => None,
        }
    }
}

/// The URL without what it says of TLS, and that.
pub fn parted(url: &str) -> Result<(String, TlsParameters), OpenError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        of_address(url)
    } else {
        of_pairs(url)
    }
}

/// `postgres://user:password@host/database?name=value&name=value`.
fn of_address(url: &str) -> Result<(String, TlsParameters), OpenError> {
    let mut taken = TlsParameters::default();
    // A password may have a question mark.
    let host = url.find('@').unwrap_or(0);
    let Some(mark) = url[host..].find('?').map(|mark| host + mark) else {
        return Ok((url.to_owned(), taken));
    };
    let mut kept = Vec::new();
    for parameter in url[mark + 1..].split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let name = decoded(name).ok_or_else(no_url)?;
        check_name(&name)?;
        match taken.place(&name) {
            Some(place) => *place = Some(decoded(value).ok_or_else(|| no_text(&name))?),
            None => kept.push(parameter),
        }
    }
    let separator = if kept.is_empty() { "" } else { "?" };
    Ok((format!("{}{separator}{}", &url[..mark], kept.join("&")), taken))
}

/// `name=value name='a value'`.
fn of_pairs(url: &str) -> Result<(String, TlsParameters), OpenError> {
    let mut taken = TlsParameters::default();
    let (mut kept, mut rest) = (Vec::new(), url);
    while let Some(pair) = first_pair(rest) {
        check_name(pair.name)?;
        match taken.place(pair.name) {
            Some(place) => *place = Some(pair.value),
            None => kept.push(&rest[..rest.len() - pair.rest.len()]),
        }
        rest = pair.rest;
    }
    // Something that is no pair: tokio-postgres says what is wrong with it.
    kept.push(rest);
    Ok((kept.concat(), taken))
}

struct Pair<'a> {
    name: &'a str,
    value: String,
    rest: &'a str,
}

fn first_pair(text: &str) -> Option<Pair<'_>> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim();
    let (value, rest) = first_value(rest.trim_start())?;
    (!name.contains(char::is_whitespace)).then_some(Pair { name, value, rest })
}

/// A value, and what stands behind it: in quotes, or up to a blank. A backslash takes the meaning of
/// what follows it.
fn first_value(text: &str) -> Option<(String, &str)> {
    let quoted = text.strip_prefix('\'');
    let mut characters = quoted.unwrap_or(text).chars();
    let mut value = String::new();
    loop {
        let here = characters.as_str();
        match characters.next() {
            None => return quoted.is_none().then_some((value, "")),
            Some('\'') if quoted.is_some() => return Some((value, characters.as_str())),
            Some(blank) if quoted.is_none() && blank.is_whitespace() => return Some((value, here)),
            Some('\\') => value.extend(characters.next()),
            Some(character) => value.push(character),
        }
    }
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// A name that nobody knows is repeated in the refusal. What looks like no name may be the part of a
/// URL that has the password.
fn check_name(name: &str) -> Result<(), OpenError> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_name { Ok(()) } else { Err(no_url()) }
}

fn no_url() -> OpenError {
    OpenError::Url(
        "it is neither postgres://user:password@host:port/database?name=value nor name=value \
         name=value"
            .to_owned(),
    )
}

fn no_text(name: &str) -> OpenError {
    OpenError::Url(format!("{name} is no UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest_and_taken(url: &str) -> (String, [Option<String>; 4]) {
        let (rest, TlsParameters { mode, roots, certificate, key }) = parted(url).unwrap();
        (rest, [mode, roots, certificate, key])
    }

    fn words<const N: usize>(words: [&str; N]) -> [Option<String>; N] {
        words.map(|word| (!word.is_empty()).then(|| word.to_owned()))
    }

    #[test]
    fn what_a_url_says_of_tls_is_taken_out() {
        let front = "postgres://ann:se?c=ret@host:1,other/credits";
        for (query, left, taken) in [
            ("", "", ["", "", "", ""]),
            ("?", "", ["", "", "", ""]),
            ("?&port=2&&sslmode=prefer&", "?port=2", ["prefer", "", "", ""]),
            ("?connect_timeout=3", "?connect_timeout=3", ["", "", "", ""]),
            ("?sslmode=verify-full", "", ["verify-full", "", "", ""]),
            ("?sslmode=disable&sslmode=require", "", ["require", "", "", ""]),
            (
                "?application_name=a%20b&sslrootcert=/a%20b%26/ca.pem&port=2&sslkey=k&sslcert=c",
                "?application_name=a%20b&port=2",
                ["", "/a b&/ca.pem", "c", "k"],
            ),
            ("?connect_timeout", "?connect_timeout", ["", "", "", ""]),
        ] {
            let told = rest_and_taken(&format!("{front}{query}"));
            assert_eq!(told, (format!("{front}{left}"), words(taken)), "{query}");
        }
    }

    #[test]
    fn what_pairs_say_of_tls_is_taken_out() {
        for (pairs, left, taken) in [
            ("", "", ["", "", "", ""]),
            ("host=a user=b", "host=a user=b", ["", "", "", ""]),
            ("host=a sslmode=require user=b", "host=a user=b", ["require", "", "", ""]),
            (
                r"sslrootcert = '/a b/it\'s' password='x sslmode=disable' sslmode=verify-ca",
                " password='x sslmode=disable'",
                ["verify-ca", "/a b/it's", "", ""],
            ),
            (r"password=a\ b sslcert=a\ b", r"password=a\ b", ["", "", "a b", ""]),
            ("sslkey=k host", " host", ["", "", "", "k"]),
            ("sslkey=k host='open", " host='open", ["", "", "", "k"]),
            ("sslkey=k two words=1", " two words=1", ["", "", "", "k"]),
        ] {
            assert_eq!(rest_and_taken(pairs), (left.to_owned(), words(taken)), "{pairs}");
        }
    }

    #[test]
    fn what_looks_like_no_name_is_refused_without_being_repeated() {
        for url in [
            "mysql://ann:secret@127.0.0.1/scrip?sslmode=require",
            "host=a secret-and=more",
            "postgres://ann@host/credits?secret%20=1",
            "postgres://ann@host/credits?secret%ff=1",
        ] {
            let error = parted(url).unwrap_err().to_string();
            assert!(error.starts_with("the database URL: it is neither "), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let error = parted("postgres://ann@host/credits?sslrootcert=%ff").unwrap_err();
        assert_eq!(error.to_string(), "the database URL: sslrootcert is no UTF-8");
    }
}
