//! The environment as a layer: `GROUPLOOP_<SECTION>__<KEY>`, and the variables that people set before there were any of ours.

use super::given::{Given, PREFIX, Raw};
use config::{Environment, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Names the settings file, so it is no setting itself.
pub(crate) const CONFIG_FILE: &str = "GROUPLOOP_CONFIG";

/// Says how others call our variables, `GROUPLOOP_EDGE__THREADS=EDGE_THREADS` and so on, so it is no setting itself: compose.yaml makes ours
/// out of those in `.env`.
const ENV_NAMES: &str = "GROUPLOOP_ENV_NAMES";

/// A complaint with the name in `.env` of the variable that it ends with.
pub(crate) fn with_env_name(environment: &BTreeMap<String, String>, complaint: String) -> String {
    let pairs = environment.get(ENV_NAMES).into_iter().flat_map(|names| names.split_whitespace());
    for (ours, theirs) in pairs.filter_map(|pair| pair.split_once('=')) {
        if let Some(rest) = complaint.strip_suffix(&format!("(from the environment: {ours})")) {
            return format!("{rest}(from the environment: {ours}, which is {theirs} in .env)");
        }
    }
    complaint
}

/// The keys of all `GROUPLOOP_` variables, sorted by name; one that is no setting is among them, to be complained about.
///
/// # Errors
/// What the source says; it does not fail on a map of texts.
pub(crate) fn explicit(environment: &BTreeMap<String, String>) -> Result<Vec<Given>, String> {
    let mut given = Vec::new();
    for (name, value) in environment {
        let ours = name.to_ascii_uppercase().starts_with(PREFIX) && !is_service_link(name);
        if !ours || [CONFIG_FILE, ENV_NAMES].contains(&name.as_str()) {
            continue;
        }
        // One at a time, so that the name is still known.
        let one = [(name.clone(), value.clone())].into();
        let source = Environment::with_prefix("GROUPLOOP").prefix_separator("_").separator("__").source(Some(one));
        for (key, value) in source.collect().map_err(|error| error.to_string())? {
            let text = value.into_string().map_err(|error| error.to_string())?;
            given.push(Given::variable(&key, &text, name));
        }
    }
    Ok(given)
}

/// Kubernetes puts `GROUPLOOP_EDGE_SERVICE_HOST`, `GROUPLOOP_EDGE_PORT_5003_TCP` and the like into every container when a service is called
/// `grouploop-edge`; nobody meant them as settings.
fn is_service_link(name: &str) -> bool {
    !name.contains("__")
        && (name.ends_with("_PORT")
            || ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT_"].iter().any(|part| name.contains(part)))
}

/// The keys of the older variables, and what is wrong with them. `taken` are the keys that a `GROUPLOOP_` variable sets, which wins; `listen`
/// is the address of the layers below, for the half that is not set.
pub(crate) fn legacy(
    environment: &BTreeMap<String, String>,
    taken: &BTreeSet<&str>,
    listen: &str,
) -> (Vec<Given>, Vec<String>) {
    let get = |name: &str| environment.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let mut given = Vec::new();
    let mut wrong = Vec::new();

    if !taken.contains("edge.listen") {
        match address(get("WS_HOST"), get("WS_PORT"), listen) {
            Ok(Some(one)) => given.push(one),
            Ok(None) => {}
            Err(complaints) => wrong.extend(complaints),
        }
    }
    for (key, name) in
        [("ui.ws_default_url", "WS_DEFAULT_URL"), ("cdn.base_url", "CDN_BASE_URL"), ("bus.nats.url", "NATS_URL")]
    {
        given.extend(get(name).map(|value| Given::variable(key, value, name)));
    }
    if get("NATS_URL").is_some() {
        given.push(Given::variable("bus.engine", "nats", "NATS_URL"));
    }
    given.retain(|one| !taken.contains(one.key.as_str()));
    (given, wrong)
}

/// `WS_HOST` and `WS_PORT` as an address.
fn address(host: Option<&str>, port: Option<&str>, below: &str) -> Result<Option<Given>, Vec<String>> {
    let name = match (host, port) {
        (Some(_), Some(_)) => "WS_HOST and WS_PORT",
        (Some(_), None) => "WS_HOST",
        (None, Some(_)) => "WS_PORT",
        (None, None) => return Ok(None),
    };
    let mut wrong = Vec::new();
    let ip = host.and_then(|host| {
        let ip = parse_host(host);
        if ip.is_none() {
            wrong.push(format!("WS_HOST: `{host}` is no IP address, it must look like 0.0.0.0 (from the environment)"));
        }
        ip
    });
    let number = port.and_then(|port| {
        let number = port.parse::<u16>().ok();
        if number.is_none() {
            wrong.push(format!("WS_PORT: `{port}` is no port, it must be 0 to 65535 (from the environment)"));
        }
        number
    });
    if !wrong.is_empty() {
        return Err(wrong);
    }
    // An address below that is wrong is complained about by itself; its half is the default's meanwhile.
    let below = below.parse().unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 5003)));
    let address = SocketAddr::new(ip.unwrap_or(below.ip()), number.unwrap_or(below.port()));
    Ok(Some(Given::variable("edge.listen", &address.to_string(), name)))
}

fn parse_host(host: &str) -> Option<IpAddr> {
    if host == "localhost" {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// The text of a key in a list of layers, when the last layer that has it holds a text.
pub(crate) fn last_text<'a>(layers: &'a [Given], key: &str) -> Option<&'a str> {
    match &layers.iter().rev().find(|given| given.key == key)?.raw {
        Raw::Typed(value) => value.as_str(),
        Raw::Text(text) => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    fn texts(given: &[Given]) -> Vec<(String, String, String)> {
        let text = |raw: &Raw| match raw {
            Raw::Text(text) => text.clone(),
            Raw::Typed(value) => value.to_string(),
        };
        given.iter().map(|one| (one.key.clone(), text(&one.raw), one.origin.to_string())).collect()
    }

    fn legacy_of(pairs: &[(&str, &str)], taken: &[&str]) -> (Vec<(String, String, String)>, Vec<String>) {
        let (given, wrong) = legacy(&map(pairs), &taken.iter().copied().collect(), "127.0.0.1:5003");
        (texts(&given), wrong)
    }

    fn one(key: &str, value: &str, name: &str) -> (String, String, String) {
        (key.into(), value.into(), name.into())
    }

    #[test]
    fn a_complaint_has_the_name_that_stands_in_the_file_for_compose() {
        let names = map(&[("GROUPLOOP_ENV_NAMES", "GROUPLOOP_A__B=A_B\n GROUPLOOP_A__BC=C nonsense")]);
        let said = |complaint: &str| with_env_name(&names, complaint.to_owned());
        assert_eq!(
            said("a.b: no (from the environment: GROUPLOOP_A__B)"),
            "a.b: no (from the environment: GROUPLOOP_A__B, which is A_B in .env)"
        );
        for other in ["a.b: no (from the environment: GROUPLOOP_A__D)", "a.b: no (from the flag --set)"] {
            assert_eq!(said(other), other);
        }
        assert_eq!(explicit(&names).unwrap(), []);
    }

    #[test]
    fn variables_become_keys_and_keep_their_names() {
        let given = explicit(&map(&[
            ("GROUPLOOP_BUS__NATS__URL", "nats://a"),
            ("GROUPLOOP_CONFIG", "x.toml"),
            ("GROUPLOOP_EDGE_LISTEN", "a"),
            ("GROUPLOOP_EDGE__MAX_SPACES", "3"),
            ("GROUPLOOP_PORT", "tcp://10.0.0.1:5003"),
            ("GROUPLOOP_EDGE_PORT_5003_TCP_ADDR", "10.0.0.1"),
            ("GROUPLOOP_EDGE_SERVICE_HOST", "10.0.0.1"),
            ("PATH", "/bin"),
        ]))
        .unwrap();
        assert_eq!(
            texts(&given),
            [
                one("bus.nats.url", "nats://a", "GROUPLOOP_BUS__NATS__URL"),
                one("edge_listen", "a", "GROUPLOOP_EDGE_LISTEN"),
                one("edge.max_spaces", "3", "GROUPLOOP_EDGE__MAX_SPACES"),
            ]
        );
        assert_eq!(super::super::given::variable("bus.nats.url"), "GROUPLOOP_BUS__NATS__URL");
    }

    #[test]
    fn host_and_port_make_an_address_with_what_is_below() {
        let both = legacy_of(&[("WS_HOST", "10.0.0.1"), ("WS_PORT", "6000")], &[]);
        assert_eq!(both, (vec![one("edge.listen", "10.0.0.1:6000", "WS_HOST and WS_PORT")], vec![]));
        assert_eq!(legacy_of(&[("WS_PORT", "6000")], &[]).0, [one("edge.listen", "127.0.0.1:6000", "WS_PORT")]);
        assert_eq!(legacy_of(&[("WS_HOST", "::")], &[]).0, [one("edge.listen", "[::]:5003", "WS_HOST")]);
        assert_eq!(legacy_of(&[("WS_HOST", "localhost")], &[]).0, [one("edge.listen", "127.0.0.1:5003", "WS_HOST")]);
    }

    #[test]
    fn both_halves_of_a_wrong_address_are_named() {
        let (given, wrong) = legacy_of(&[("WS_HOST", "hub"), ("WS_PORT", "70000")], &[]);
        assert_eq!(given, []);
        assert_eq!(
            wrong,
            [
                "WS_HOST: `hub` is no IP address, it must look like 0.0.0.0 (from the environment)",
                "WS_PORT: `70000` is no port, it must be 0 to 65535 (from the environment)",
            ]
        );
    }

    #[test]
    fn an_explicit_variable_wins_and_an_empty_one_is_not_set() {
        let all = [
            ("WS_HOST", "hub"),
            ("WS_PORT", "x"),
            ("WS_DEFAULT_URL", ""),
            ("CDN_BASE_URL", "http://cdn"),
            ("NATS_URL", "nats://n"),
        ];
        let (given, wrong) = legacy_of(&all, &["edge.listen", "bus.engine"]);
        assert_eq!(
            given,
            [one("cdn.base_url", "http://cdn", "CDN_BASE_URL"), one("bus.nats.url", "nats://n", "NATS_URL")]
        );
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn a_nats_url_chooses_the_engine() {
        let (given, _) = legacy_of(&[("NATS_URL", "nats://n")], &[]);
        assert_eq!(given, [one("bus.nats.url", "nats://n", "NATS_URL"), one("bus.engine", "nats", "NATS_URL")]);
    }
}
