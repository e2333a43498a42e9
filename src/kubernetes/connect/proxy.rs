//! The proxies of the environment, by the rules of curl, which the clouds' APIs are reached by too.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The proxy to this server; `None` is the direct way. This machine is always reached directly.
pub(super) fn of_environment(server: &Uri) -> Option<Uri> {
    if is_this_machine(server.host()?) { None } else { by(&Matcher::from_env(), server) }
}

fn by(rules: &Matcher, server: &Uri) -> Option<Uri> {
    let found = rules.intercept(server)?;
    let proxy = found.uri().clone();
    // The client takes a user and a password from the URL, which the rules have taken them out of.
    let user = found.basic_auth().and_then(|header| {
        let encoded = header.to_str().ok()?.strip_prefix("Basic ")?;
        String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
    });
    let Some((name, password)) = user.as_deref().and_then(|user| user.split_once(':')) else {
        return Some(proxy);
    };
    let mut url = url::Url::parse(&proxy.to_string()).ok()?;
    url.set_username(name).ok()?;
    url.set_password(Some(password)).ok()?;
    url.as_str().parse().ok()
}

/// Whether a host is this machine.
pub(super) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(all: &str, no: &str, server: &str) -> Option<String> {
        let rules = Matcher::builder().all(all).no(no).build();
        by(&rules, &server.parse().unwrap()).map(|uri| uri.to_string())
    }

    #[test]
    fn the_way_leads_through_the_proxy_unless_an_exception_says_otherwise() {
        let server = "https://abc.hcp.westeurope.azmk8s.io:443";
        assert_eq!(
            proxy("http://proxy.example:3128", "", server).as_deref(),
            Some("http://proxy.example:3128/")
        );
        assert_eq!(proxy("http://proxy.example:3128", "localhost,.azmk8s.io,", server), None);
        assert_eq!(proxy("", "", server), None);
    }

    #[test]
    fn a_proxys_password_goes_along() {
        assert_eq!(
            proxy("http://me:p%40ss@proxy.example:3128", "", "https://10.1.2.3").as_deref(),
            Some("http://me:p%40ss@proxy.example:3128/")
        );
    }

    #[test]
    fn this_machine_is_reached_directly() {
        for host in ["localhost", "127.0.0.1", "127.8.0.1", "[::1]"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["10.0.0.1", "localhost.example.com", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
