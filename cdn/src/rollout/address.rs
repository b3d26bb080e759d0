//! Where devices fetch from: the address that a rollout tells them.

use crate::error::HttpError;
use crate::state::State;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where devices reach a CDN: as the settings say, or else as whoever makes the rollout does.
pub(super) fn base_url(state: &State, headers: &HeaderMap) -> Result<String, HttpError> {
    let settings = &state.settings;
    let set = [&settings.device_url, &settings.base_url].into_iter().find(|url| !url.is_empty());
    if let Some(url) = set {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).and_then(parse);
    let host =
        host.ok_or(HttpError::BadRequest("the request has no Host that devices could use; set cdn.device_url"))?;
    let listen = settings.listen.parse().ok();
    Ok(format!("http://{}", seen_by_devices(&host, listen, state.lan)))
}

fn parse(host: &str) -> Option<Authority> {
    if host.len() > 255 || host.contains('@') {
        return None;
    }
    host.parse().ok()
}

/// A name that means this machine to itself means another one to each device: then it is the first address in the network that is listened on.
fn seen_by_devices(host: &Authority, listen: Option<SocketAddr>, lan: fn() -> Vec<Ipv4Addr>) -> String {
    let everywhere = listen.filter(|listen| listen.ip().is_unspecified());
    match (everywhere.filter(|_| is_loopback(host.host())), lan().first()) {
        (Some(listen), Some(ip)) => {
            let port = if listen.port() == 0 { host.port_u16().unwrap_or(80) } else { listen.port() };
            SocketAddr::new(IpAddr::V4(*ip), port).to_string()
        }
        _ => host.to_string(),
    }
}

fn is_loopback(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.ends_with(".localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_by_its_own_name_is_its_address_in_the_network() {
        let lan = || vec![Ipv4Addr::new(192, 168, 1, 20), Ipv4Addr::new(10, 0, 0, 7)];
        let seen =
            |host: &str, listen: &str, lan| seen_by_devices(&parse(host).unwrap(), Some(listen.parse().unwrap()), lan);
        for host in ["127.0.0.1:5008", "localhost:5008", "Stage.LOCALHOST:9", "[::1]:5008", "127.8.8.8"] {
            assert_eq!(seen(host, "0.0.0.0:5008", lan), "192.168.1.20:5008", "{host}");
        }
        assert_eq!(seen("[::1]:9", "[::]:0", lan), "192.168.1.20:9");
        // As it was reached: from outside, where nobody else reaches it, and without a network.
        for host in ["192.168.1.20:5008", "cdn.example", "localhost.example:1"] {
            assert_eq!(seen(host, "0.0.0.0:5008", lan), host);
        }
        assert_eq!(seen("127.0.0.1:5008", "127.0.0.1:5008", lan), "127.0.0.1:5008");
        assert_eq!(seen("127.0.0.1:5008", "0.0.0.0:5008", Vec::new), "127.0.0.1:5008");
    }

    #[test]
    fn what_is_no_host_is_none() {
        for host in ["", "me@cdn", "a b", &"a".repeat(256)] {
            assert_eq!(parse(host), None, "{host}");
        }
    }
}
