//! Request targets and authorities: which octets may stand where (RFC 9112 3.2, RFC 3986).

/// Checks a request target against its method: origin-form for all, absolute-form for all but
/// CONNECT, asterisk-form for OPTIONS alone.
pub(super) fn check(target: &[u8], method: &[u8]) -> Result<(), &'static str> {
    if !target.iter().all(|&octet| is_target_octet(octet)) {
        return Err("octet in the target that a URI cannot hold");
    }
    if target.first() == Some(&b'/') {
        return Ok(());
    }
    if target == b"*" {
        return if method == b"OPTIONS" {
            Ok(())
        } else {
            Err("asterisk as target of another method than OPTIONS")
        };
    }
    let rest = strip_ignoring_case(target, b"http://").or_else(|| strip_ignoring_case(target, b"https://"));
    let Some(rest) = rest else { return Err("target is neither a path nor an absolute URI") };
    let end = rest.iter().position(|octet| matches!(octet, b'/' | b'?')).unwrap_or(rest.len());
    if end == 0 || !is_authority(&rest[..end]) {
        return Err("malformed authority in the target");
    }
    Ok(())
}

/// The part of an absolute-form target that an origin-form would have had.
pub(super) fn origin_form(target: &str) -> &str {
    if target.starts_with('/') || target == "*" {
        return target;
    }
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    rest.find(['/', '?']).map_or("/", |at| &rest[at..])
}

/// Whether `host` is `host [ ":" port ]` (RFC 9110 7.2). An empty host is allowed by the grammar.
pub(super) fn is_authority(host: &[u8]) -> bool {
    let (name, port) = if host.first() == Some(&b'[') {
        let Some(end) = host.iter().position(|&octet| octet == b']') else { return false };
        if !is_ip_literal(&host[1..end]) {
            return false;
        }
        (&host[..=end], &host[end + 1..])
    } else {
        let end = host.iter().position(|&octet| octet == b':').unwrap_or(host.len());
        if !is_name(&host[..end]) {
            return false;
        }
        (&host[..end], &host[end..])
    };
    match port {
        [] => true,
        // HTTP-4: a port without a host is no authority.
        [b':', digits @ ..] => !name.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// The octets that percent-encoding stands for (RFC 3986 2.1), decoded once. `None`: a `%` without two
/// hexadecimal digits.
pub(super) fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let (&[high, low], after) = rest.split_first_chunk()?;
        let digit = |octet| char::from(octet).to_digit(16);
        octets.push((digit(high)? * 16 + digit(low)?) as u8);
        rest = after;
    }
    Some(octets)
}

fn strip_ignoring_case<'a>(target: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = target.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// What stands between the brackets of an authority: an IPv6 address, or one of a version that is still to come
/// (RFC 3986 3.2.2).
fn is_ip_literal(inside: &[u8]) -> bool {
    if let [b'v' | b'V', future @ ..] = inside {
        let dot = future.iter().position(|octet| !octet.is_ascii_hexdigit()).unwrap_or(0);
        let is_octet = |octet: &u8| *octet == b':' || *octet != b'%' && is_name_octet(*octet);
        let (digits, rest) = future.split_at(dot);
        return !digits.is_empty()
            && matches!(rest, [b'.', address @ ..] if !address.is_empty() && address.iter().all(is_octet));
    }
    std::str::from_utf8(inside).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
}

/// reg-name, with two hexadecimal digits behind each `%` (RFC 3986 2.1, 3.2.2).
fn is_name(name: &[u8]) -> bool {
    name.iter().all(|&octet| is_name_octet(octet))
        && name.iter().enumerate().filter(|(_, octet)| **octet == b'%').all(|(at, _)| {
            name.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        })
}

/// reg-name: unreserved, percent-encoding, sub-delims without the comma that would make a list.
fn is_name_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(&octet)
}

/// Visible ASCII, without what RFC 3986 leaves no room for and browsers encode. `[ ] { } | ^` are
/// no URI characters either, but common in queries as they are.
fn is_target_octet(octet: u8) -> bool {
    matches!(octet, 0x21..=0x7e) && !b"\"#<>\\`".contains(&octet)
}
