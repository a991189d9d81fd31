//! Connection strings as libpq reads them (PostgreSQL's manual, "Connection Strings"): `postgres://…` or `host=… …`.
//!
//! Errors hold no word of the text: a password may stand anywhere in it. Knows no variable, no file and no connection.

use std::collections::BTreeMap;

/// Settings by libpq's name for them.
pub(super) type Settings = BTreeMap<&'static str, String>;

/// What is obeyed.
const OBEYED: &[&str] = &[
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "passfile",
    "password",
    "port",
    "service",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "target_session_attrs",
    "user",
];

/// What changes nothing that matters here.
const IGNORED: &[&str] = &[
    "application_name",
    "client_encoding",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "sslcompression",
    "sslsni",
    "tcp_user_timeout",
];

/// What asks for a safety that would be missing if it were ignored.
const REFUSED: &[&str] = &[
    "replication",
    "require_auth",
    "requirepeer",
    "sslcertmode",
    "sslcrl",
    "sslcrldir",
    "sslpassword",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
];

/// Reads a connection string.
///
/// # Errors
/// What is wrong with it, without a word of it.
pub(super) fn read(text: &str) -> Result<Settings, String> {
    let uri = ["postgres://", "postgresql://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let read = match uri {
        Some(rest) => uri_settings(rest),
        None => keyword_settings(text),
    };
    read.map_err(|fault| format!("the connection string cannot be read: {fault}"))
}

/// Notes one setting under its known name.
///
/// # Errors
/// When it is not known or cannot be obeyed; only a known name is told.
pub(super) fn note(settings: &mut Settings, name: &str, value: String) -> Result<(), String> {
    let among = |names: &[&'static str]| names.iter().find(|known| **known == name).copied();
    if let Some(name) = among(OBEYED) {
        settings.insert(name, value);
        return Ok(());
    }
    match (name, among(IGNORED), among(REFUSED)) {
        // That of JDBC, which libpq takes in a URL.
        ("ssl", ..) if value == "true" => drop(settings.insert("sslmode", "require".to_owned())),
        ("gssencmode", ..) if value == "require" => return Err("`gssencmode=require` cannot be obeyed".to_owned()),
        (_, Some(_), _) => {}
        (_, _, Some(known)) => return Err(format!("`{known}` cannot be obeyed")),
        _ => return Err("one of its options is none that libpq knows".to_owned()),
    }
    Ok(())
}

/// `USER:PASSWORD@HOST:PORT,HOST:PORT/NAME?KEY=VALUE&…`, each part percent-encoded.
fn uri_settings(rest: &str) -> Result<Settings, String> {
    let mut settings = Settings::new();
    let end = rest.find(['@', '/']).filter(|at| rest[*at..].starts_with('@'));
    let (user, rest) = end.map_or(("", rest), |at| (&rest[..at], &rest[at + 1..]));
    let (user, password) = user.split_once(':').map_or((user, ""), |(user, password)| (user, password));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, name) = rest.split_once('/').unwrap_or((rest, ""));
    if name.contains('@') || hosts.contains('@') {
        return Err(
            "an `@` stands behind the host: in a password `/`, `@` and `?` are `%2F`, `%40` and `%3F`".to_owned()
        );
    }
    let (names, ports): (Vec<String>, Vec<&str>) =
        hosts.split(',').map(host).collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    let ports = if ports.iter().any(|port| !port.is_empty()) { ports.join(",") } else { String::new() };
    let parts = [
        ("user", decoded(user)?),
        ("password", decoded(password)?),
        ("host", names.join(",")),
        ("port", ports),
        ("dbname", decoded(name)?),
    ];
    settings.extend(parts.into_iter().filter(|(_, value)| !value.is_empty() && value != ","));
    for option in query.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').ok_or("an option behind its `?` has no `=`")?;
        note(&mut settings, &decoded(name)?, decoded(value)?)?;
    }
    Ok(settings)
}

/// A host and its port, which may be missing; an address of version 6 stands in brackets.
fn host(text: &str) -> Result<(String, &str), String> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']').ok_or("a `[` in it is not closed")?;
            (address, rest.strip_prefix(':').or(rest.is_empty().then_some("")).ok_or("a `]` in it ends no host")?)
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    Ok((decoded(name)?, port))
}

fn decoded(text: &str) -> Result<String, String> {
    const BAD: &str = "a `%` in it is not followed by two hexadecimal digits of a character";
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) = digit().zip(digit()).ok_or(BAD)?;
                u8::try_from(high * 16 + low).ok().filter(|byte| *byte != 0).ok_or(BAD)?
            }
            byte => byte,
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).map_err(|_| BAD.to_owned())
}

/// `KEY=VALUE KEY = 'VALUE'`, with `\` before what is meant as it is.
fn keyword_settings(text: &str) -> Result<Settings, String> {
    let mut settings = Settings::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=').ok_or("a word in it has no `=`")?;
        let value = value.trim_start();
        let (quoted, value) = value.strip_prefix('\'').map_or((false, value), |value| (true, value));
        let mut read = String::new();
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next() {
                Some((_, '\\')) => read.extend(chars.next().map(|(_, letter)| letter)),
                Some((at, '\'')) if quoted => break at + 1,
                Some((at, letter)) if !quoted && letter.is_whitespace() => break at,
                Some((_, letter)) => read.push(letter),
                None if quoted => return Err("a `'` in it is not closed".to_owned()),
                None => break value.len(),
            }
        };
        note(&mut settings, name.trim_end(), read)?;
        rest = value[end..].trim_start();
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(&str, &str)]) {
        let read = read(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        let read: Vec<(&str, &str)> = read.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut expect = expect.to_vec();
        expect.sort_unstable();
        assert_eq!(read, expect, "{text}");
    }

    #[test]
    fn every_form_of_libpq_is_read() {
        check("postgres://", &[]);
        check("postgresql://me@db/shop", &[("user", "me"), ("host", "db"), ("dbname", "shop")]);
        check(
            "postgres://me:a%2Fb%40c?d@db:6000/s%20hop?sslmode=verify-full&application_name=x",
            &[
                ("user", "me"),
                ("password", "a/b@c?d"),
                ("host", "db"),
                ("port", "6000"),
                ("dbname", "s hop"),
                ("sslmode", "verify-full"),
            ],
        );
        check("postgres://one:1,two/x", &[("host", "one,two"), ("port", "1,"), ("dbname", "x")]);
        check("postgres://[::1]:5/x", &[("host", "::1"), ("port", "5"), ("dbname", "x")]);
        check("postgres://%2Frun%2Fpg/x?ssl=true", &[("host", "/run/pg"), ("dbname", "x"), ("sslmode", "require")]);
        check("postgres:///x?host=/run&port=7", &[("host", "/run"), ("port", "7"), ("dbname", "x")]);
        check("host = db  user=me", &[("host", "db"), ("user", "me")]);
        check(r"password='it\'s \\ here' user=a\ b", &[("password", r"it's \ here"), ("user", "a b")]);
        check("service=shop", &[("service", "shop")]);
        check("", &[]);
    }

    #[test]
    fn what_cannot_be_read_is_told_without_a_word_of_it() {
        for (text, expect) in [
            ("postgres://me:secret/x@db/shop", "behind the host"),
            ("postgres://me:se%cret@db/shop", "hexadecimal"),
            ("postgres://me:%00secret@db", "hexadecimal"),
            ("postgres://me@db/shop?secret", "no `=`"),
            ("postgres://me@db/shop?secret=secret", "none that libpq knows"),
            ("postgres://me@[secret/shop", "not closed"),
            ("postgres://me@db/shop?sslcrl=secret", "`sslcrl` cannot be obeyed"),
            ("postgres://me@db/shop?gssencmode=require", "`gssencmode=require`"),
            ("host='secret password=secret", "not closed"),
            ("secret", "no `=`"),
            ("host=db secret=secret", "none that libpq knows"),
        ] {
            let fault = read(text).expect_err(text);
            assert!(fault.contains(expect) && !fault.contains("secret") && !fault.contains("cret"), "{text}: {fault}");
        }
    }
}
