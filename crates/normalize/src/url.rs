//! Takes an address apart into the parts ECS names, without judging it.
//!
//! The feed sends whole URLs and paths alike (`/v1/compliance/activities?limit=100`); a path has only a path and a query.
//! Borrowed text gives borrowed parts, so nothing is copied.

/// The parts of an address that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) scheme: Option<&'a str>,
    /// Host without port; an IPv6 address keeps its brackets, as ECS wants it.
    pub(crate) domain: Option<&'a str>,
    pub(crate) port: Option<u16>,
    pub(crate) path: Option<&'a str>,
    pub(crate) query: Option<&'a str>,
    pub(crate) fragment: Option<&'a str>,
    /// What follows the last point of the last path segment.
    pub(crate) extension: Option<&'a str>,
}

/// Takes an address apart. What is neither an absolute URL nor a path has no parts.
pub(crate) fn split(address: &str) -> Parts<'_> {
    let Some(authority_start) = authority_start(address) else { return Parts::default() };
    let place = |from: usize, ends: fn(u8) -> bool| {
        let rest = address.as_bytes()[from..].iter();
        rest.copied().position(ends).map_or(address.len(), |place| from + place)
    };
    let path_start = if authority_start > 0 {
        place(authority_start, |byte| matches!(byte, b'/' | b'?' | b'#'))
    } else {
        0
    };
    let path_end = place(path_start, |byte| matches!(byte, b'?' | b'#'));
    let query_end = address[path_end..].find('#').map_or(address.len(), |place| path_end + place);
    let (domain, port) = host_and_port(&address[authority_start..path_start]);
    let path = some(&address[path_start..path_end]);
    Parts {
        scheme: (authority_start > 0).then(|| &address[..authority_start - 3]),
        domain,
        port,
        path,
        query: address.get(path_end + 1..query_end).and_then(some),
        fragment: address.get(query_end + 1..).and_then(some),
        extension: path.and_then(extension),
    }
}

/// Where the authority of an absolute URL begins; 0 for a path.
fn authority_start(address: &str) -> Option<usize> {
    if address.starts_with('/') {
        return Some(0);
    }
    let colon = address.bytes().position(|byte| byte == b':')?;
    (is_scheme(&address[..colon]) && address[colon..].starts_with("://")).then_some(colon + 3)
}

/// The host of a URL, or the host a bare name is.
pub(crate) fn host(address: &str) -> Option<&str> {
    if let Some(start) = authority_start(address).filter(|start| *start > 0) {
        let end = address[start..].find(['/', '?', '#']).map_or(address.len(), |place| start + place);
        return host_and_port(&address[start..end]).0;
    }
    let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
    host_and_port(authority).0.filter(|host| !host.contains(char::is_whitespace))
}

fn host_and_port(authority: &str) -> (Option<&str>, Option<u16>) {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.ends_with(']') {
        return (some(host), None);
    }
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (some(name), port.parse().ok()),
        _ => (some(host), None),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn extension(path: &str) -> Option<&str> {
    let (stem, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    (!stem.is_empty()).then_some(extension).and_then(some)
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_apart() {
        let whole = split("https://api.anthropic.com:8443/v1/files/report.pdf?limit=100&a=b#top");
        assert_eq!(
            whole,
            Parts {
                scheme: Some("https"),
                domain: Some("api.anthropic.com"),
                port: Some(8443),
                path: Some("/v1/files/report.pdf"),
                query: Some("limit=100&a=b"),
                fragment: Some("top"),
                extension: Some("pdf"),
            }
        );
        let path = split("/v1/compliance/activities?limit=100");
        assert_eq!(
            (path.path, path.query, path.domain),
            (Some("/v1/compliance/activities"), Some("limit=100"), None)
        );
        assert_eq!(split("https://user:secret@host.example").domain, Some("host.example"));
        assert_eq!(split("http://[2001:db8::1]:80/x").domain, Some("[2001:db8::1]"));
        assert_eq!(split("http://[2001:db8::1]").domain, Some("[2001:db8::1]"));
        assert_eq!(split("https://host.example?q=1").query, Some("q=1"));
        assert_eq!(split("/v1.2/files/.hidden").extension, None);
        for nothing in ["", "not an address", "://x", "mailto:a@b"] {
            assert_eq!(split(nothing), Parts::default(), "{nothing}");
        }
    }

    #[test]
    fn hosts_are_found_in_urls_and_bare_names() {
        for (address, expected) in [
            ("https://ghe.example.com/api", Some("ghe.example.com")),
            ("ghe.example.com", Some("ghe.example.com")),
            ("ghe.example.com:8443", Some("ghe.example.com")),
            ("10.0.0.5:4317", Some("10.0.0.5")),
            ("collector.example.com/v1/logs", Some("collector.example.com")),
            ("two words", None),
            ("", None),
        ] {
            assert_eq!(host(address), expected, "{address}");
        }
    }
}
