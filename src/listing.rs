//! What `grouploop up` prints when it runs: what listens where, here and for others in the same network, and what to do next.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Whether ports speak TLS too, and with which certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// They do not.
    None,
    /// With one of the people's own.
    Own,
    /// With one that was made here, which nobody trusts by itself.
    Made,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its role, such as `edge`.
    pub(crate) role: &'static str,
    /// How its URLs start, such as `ws`.
    pub(crate) scheme: &'static str,
    /// The bound address.
    pub(crate) address: SocketAddr,
}

impl Row {
    /// For someone on this machine.
    fn here(&self) -> String {
        let ip = if self.address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { self.address.ip() };
        self.url(ip)
    }

    /// For someone in the same network; empty when only this machine can reach it.
    fn elsewhere(&self, lan: &[Ipv4Addr]) -> Vec<String> {
        let ip = self.address.ip();
        if ip.is_unspecified() {
            lan.iter().map(|ip| self.url((*ip).into())).collect()
        } else if ip.is_loopback() {
            Vec::new()
        } else {
            vec![self.url(ip)]
        }
    }

    /// The same port, by TLS.
    fn by_tls(&self) -> Self {
        let scheme = if self.scheme == "ws" { "wss" } else { "https" };
        Self { scheme, ..self.clone() }
    }

    fn url(&self, ip: IpAddr) -> String {
        format!("{}://{}/", self.scheme, SocketAddr::new(ip, self.address.port()))
    }
}

/// The IPv4 addresses under which others in the same network reach this machine.
pub(crate) fn lan_addresses() -> Vec<Ipv4Addr> {
    let mut found: Vec<Ipv4Addr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        // Bridges between containers and virtual machines lead nowhere that a phone is.
        .filter(|interface| !["docker", "br-", "veth", "virbr"].iter().any(|name| interface.name.starts_with(name)))
        .filter_map(|interface| match interface.ip() {
            IpAddr::V4(ip) if !ip.is_loopback() && !ip.is_link_local() && !ip.is_unspecified() => Some(ip),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The table, and a sentence or two about what to do next.
pub(crate) fn listing(title: &str, rows: &[Row], lan: &[Ipv4Addr], security: Security) -> String {
    let mut cells = vec![["role".to_owned(), "port".into(), "on this machine".into(), "in the same network".into()]];
    for row in rows {
        let secure = (security != Security::None).then(|| row.by_tls());
        let mut name = [row.role.to_owned(), row.address.port().to_string()];
        for row in std::iter::once(row).chain(&secure) {
            let mut here = row.here();
            let elsewhere = row.elsewhere(lan);
            for url in if elsewhere.is_empty() { vec!["-".into()] } else { elsewhere } {
                let [role, port] = std::mem::take(&mut name);
                cells.push([role, port, std::mem::take(&mut here), url]);
            }
        }
    }
    let width = |column: usize| {
        cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (a, b, c) = (width(0), width(1), width(2));

    let mut text = format!("{title}\n\n");
    for [role, port, here, elsewhere] in &cells {
        let line = format!("  {role:a$}  {port:>b$}  {here:c$}  {elsewhere}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let row = |role: &str| rows.iter().find(|row| row.role == role);
    if let (Some(edge), Some(dashboard)) = (row("edge"), row("dashboard")) {
        let _ = writeln!(text, "\n{}", next_step(edge, dashboard, lan));
    }
    text.push_str(match security {
        Security::None => "",
        Security::Own => "Phones give motion data to https:// pages alone.\n",
        Security::Made => {
            "Phones give motion data to https:// pages alone. They and browsers warn of the certificate, which was made on this machine: \
             docs/operations.md, \"HTTPS and WSS\", tells how to let it pass.\n"
        }
    });
    text
}

fn next_step(edge: &Row, dashboard: &Row, lan: &[Ipv4Addr]) -> String {
    let (page, here) = (dashboard.here(), edge.here());
    match edge.elsewhere(lan).first() {
        Some(url) => format!(
            "Open {page} in a browser (the dashboard), and point firmware at {url}; in a terminal, `grouploop watch --url {here}`."
        ),
        None => format!(
            "Open {page} in a browser (the dashboard), or run `grouploop watch --url {here}`; devices need an address that they can reach: \
             --listen 0.0.0.0:{}.",
            edge.address.port()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(address: &str) -> Row {
        Row { role: "edge", scheme: "ws", address: address.parse().unwrap() }
    }

    const LAN: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 7), Ipv4Addr::new(192, 168, 1, 20)];

    #[test]
    fn every_address_of_the_machine_is_listed_when_all_are_bound() {
        let rows =
            [row("0.0.0.0:5003"), Row { role: "dashboard", scheme: "http", address: "[::]:80".parse().unwrap() }];
        assert_eq!(
            listing("GroupLoop", &rows, &LAN, Security::None),
            "GroupLoop\n\n\
             \x20 role       port  on this machine       in the same network\n\
             \x20 edge       5003  ws://127.0.0.1:5003/  ws://10.0.0.7:5003/\n\
             \x20                                        ws://192.168.1.20:5003/\n\
             \x20 dashboard    80  http://127.0.0.1:80/  http://10.0.0.7:80/\n\
             \x20                                        http://192.168.1.20:80/\n\n\
             Open http://127.0.0.1:80/ in a browser (the dashboard), and point firmware at ws://10.0.0.7:5003/; in a terminal, \
             `grouploop watch --url ws://127.0.0.1:5003/`.\n"
        );
    }

    #[test]
    fn with_tls_every_port_has_two_kinds_of_urls() {
        let rows = [row("0.0.0.0:5003"), Row { role: "cdn", scheme: "http", address: "127.0.0.1:80".parse().unwrap() }];
        let text = listing("GroupLoop", &rows, &LAN[..1], Security::Made);
        assert!(
            text.starts_with(
                "GroupLoop\n\n\
                 \x20 role  port  on this machine        in the same network\n\
                 \x20 edge  5003  ws://127.0.0.1:5003/   ws://10.0.0.7:5003/\n\
                 \x20             wss://127.0.0.1:5003/  wss://10.0.0.7:5003/\n\
                 \x20 cdn     80  http://127.0.0.1:80/   -\n\
                 \x20             https://127.0.0.1:80/  -\n"
            ),
            "{text}"
        );
        assert!(text.contains("They and browsers warn"), "{text}");
        assert!(!listing("GroupLoop", &rows, &LAN, Security::Own).contains("warn"));
    }

    #[test]
    fn a_single_address_stands_for_itself() {
        assert_eq!(row("192.168.1.20:1").elsewhere(&LAN), ["ws://192.168.1.20:1/"]);
        assert_eq!(row("192.168.1.20:1").here(), "ws://192.168.1.20:1/");
        assert_eq!(row("[::1]:1").here(), "ws://[::1]:1/");
        assert_eq!(row("127.0.0.1:1").elsewhere(&LAN), Vec::<String>::new());
        let dashboard = Row { role: "dashboard", scheme: "http", address: "127.0.0.1:2".parse().unwrap() };
        assert!(listing("x", &[row("127.0.0.1:1"), dashboard], &LAN, Security::None).contains("--listen 0.0.0.0:1."));
    }
}
