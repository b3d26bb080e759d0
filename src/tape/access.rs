//! What lets us in where a recording goes, and who gets to see it.

use crate::settings::Settings;
use crate::tls::trusted;
use grouploop_cdn::CdnSettings;
use grouploop_simulator::tape::{Access, TapeError, TapePlace};
use reqwest::Url;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Port of a CDN whose settings leave it open, as for `grouploop firmware publish`.
const DEFAULT_PORT: u16 = 5008;

/// What lets us in at the place, and whom we trust there.
///
/// # Errors
/// When there is nobody at `tls.ca_file` to trust.
pub(super) fn access(
    flag: Option<&String>,
    place: &TapePlace,
    settings: &Settings,
    variables: BTreeMap<String, String>,
) -> Result<Access, TapeError> {
    let trusted = trusted(&settings.tls).map_err(TapeError::NoWay)?;
    Ok(Access { token: token(flag, place, &settings.cdn), variables, trusted })
}

/// The token of the flag goes where it was told to. That of the settings goes to the CDN of the settings and to nobody else.
fn token(flag: Option<&String>, place: &TapePlace, cdn: &CdnSettings) -> String {
    let own = || match place {
        TapePlace::Http(url) if is_ours(url, cdn) => cdn.token.clone(),
        _ => String::new(),
    };
    flag.cloned().unwrap_or_else(own)
}

/// Whether a URL is one of the CDN of these settings: of `cdn.base_url`, else of the one that they would start on this machine.
fn is_ours(url: &str, cdn: &CdnSettings) -> bool {
    let Ok(url) = url.parse::<Url>() else { return false };
    if !cdn.base_url.is_empty() {
        return cdn.base_url.parse::<Url>().is_ok_and(|base| base.origin() == url.origin());
    }
    let Ok(listen) = cdn.listen.parse::<SocketAddr>() else { return false };
    let port = if listen.port() == 0 { DEFAULT_PORT } else { listen.port() };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<IpAddr>().ok();
    let here = match listen.ip() {
        ip if ip.is_unspecified() || ip.is_loopback() => {
            host == "localhost" || address.is_some_and(|address| address.is_loopback())
        }
        ip => address == Some(ip),
    };
    here && url.scheme() == "http" && url.port_or_known_default() == Some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_for(url: &str, base_url: &str, listen: &str, flag: Option<&str>) -> String {
        let cdn = CdnSettings {
            token: "of the settings".to_owned(),
            base_url: base_url.to_owned(),
            listen: listen.to_owned(),
            ..CdnSettings::default()
        };
        let flag = flag.map(str::to_owned);
        token(flag.as_ref(), &url.parse().unwrap(), &cdn)
    }

    #[test]
    fn the_token_of_the_settings_goes_to_the_cdn_of_the_settings_alone() {
        let (base, any) = ("https://cdn.example/files", "0.0.0.0:5008");
        for (url, base_url, listen) in [
            ("https://cdn.example/static/a", base, any),
            ("https://cdn.example:443/a", base, any),
            ("http://127.0.0.1:5008/a", "", any),
            ("http://localhost:5008/a", "", any),
            ("http://[::1]:5008/a", "", "[::]:5008"),
            ("http://127.0.0.1:5008/a", "", "127.0.0.1:0"),
            ("http://10.0.0.5:80/a", "", "10.0.0.5:80"),
        ] {
            assert_eq!(token_for(url, base_url, listen, None), "of the settings", "{url} {base_url} {listen}");
        }
        for (url, base_url, listen) in [
            ("http://cdn.example/a", base, any),
            ("https://cdn.example:444/a", base, any),
            ("https://cdn.example.elsewhere/a", base, any),
            ("https://elsewhere/https://cdn.example/a", base, any),
            ("http://127.0.0.1:5008/a", base, any),
            ("http://127.0.0.1:5009/a", "", any),
            ("https://127.0.0.1:5008/a", "", any),
            ("http://elsewhere:5008/a", "", any),
            ("http://127.0.0.1.elsewhere:5008/a", "", any),
            ("http://127.0.0.1:80/a", "", "10.0.0.5:80"),
            ("s3://bucket/a", "", any),
        ] {
            assert_eq!(token_for(url, base_url, listen, None), "", "{url} {base_url} {listen}");
            assert_eq!(token_for(url, base_url, listen, Some("given")), "given");
        }
    }
}
