//! Whom the clients in this program trust: who the system trusts, `tls.ca_file`, and the certificate that was made here, so that
//! `grouploop watch` works beside `grouploop up --tls`.

use super::TlsSettings;
use super::identity::{Mistake, read_certificates};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use std::path::Path;
use std::sync::Arc;

/// The certificates that are trusted beside those of the system, for HTTP clients.
///
/// # Errors
/// One line, when `tls.ca_file` names none.
pub(crate) fn trusted(settings: &TlsSettings) -> Result<Vec<reqwest::Certificate>, String> {
    Ok(anchors(settings)?.iter().filter_map(|anchor| reqwest::Certificate::from_der(anchor).ok()).collect())
}

fn anchors(settings: &TlsSettings) -> Result<Vec<CertificateDer<'static>>, String> {
    // That there is none is as it should be where nothing was made.
    let mut all = read_anchors(&settings.made()).unwrap_or_default();
    if !settings.ca_file.is_empty() {
        let ca = read_anchors(Path::new(&settings.ca_file));
        all.extend(ca.map_err(|mistake| format!("{} {mistake} (--ca, tls.ca_file)", settings.ca_file))?);
    }
    Ok(all)
}

/// Clients take all of them or none, so each is tried before.
fn read_anchors(file: &Path) -> Result<Vec<CertificateDer<'static>>, Mistake> {
    let anchors = read_certificates(file)?;
    let mut store = RootCertStore::empty();
    anchors
        .iter()
        .try_for_each(|anchor| store.add(anchor.clone()))
        .map_err(|why| Mistake::BadCertificate(why.to_string()))?;
    Ok(anchors)
}

/// TLS as a client with this trust.
///
/// # Errors
/// One line, when there is nobody to trust.
pub(crate) fn client_config(settings: &TlsSettings) -> Result<Arc<ClientConfig>, String> {
    let nobody =
        |error: rustls::Error| format!("no certificate can be trusted: {error}; name one with --ca FILE (tls.ca_file)");
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(anchors(settings)?, provider.clone()).map_err(nobody)?;
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(nobody)?;
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    Ok(Arc::new(config))
}

/// Why a connection failed, where that was the certificate of the other side.
pub(crate) fn distrust(error: &std::io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            Some("its certificate is signed by nobody who is trusted; --ca FILE (tls.ca_file) names one who is".into())
        }
        // As `openssl req -x509` makes them by default. Browsers let somebody pass it, the verifier here does not.
        rustls::Error::InvalidCertificate(CertificateError::Other(why)) if why.to_string() == "CaUsedAsEndEntity" => {
            Some("its certificate is that of an authority (CA:TRUE), which cannot be a server's own; `openssl req -x509 -addext basicConstraints=CA:FALSE` makes one that can".into())
        }
        rustls::Error::InvalidCertificate(why) => Some(format!("its certificate is not trusted: {why}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::pki_types::{ServerName, UnixTime};
    use std::io;

    #[test]
    fn why_nobody_is_trusted_is_no_riddle() {
        let said = |is_ca: IsCa, host: &str| {
            let mut params = CertificateParams::new(["hub.example".to_owned()]).unwrap();
            params.is_ca = is_ca;
            let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone();
            let verifier =
                Verifier::new_with_extra_roots([certificate.clone()], Arc::new(ring::default_provider())).unwrap();
            let host = ServerName::try_from(host).unwrap();
            let error = verifier.verify_server_cert(&certificate, &[], &host, &[], UnixTime::now()).unwrap_err();
            distrust(&io::Error::other(error)).unwrap()
        };
        let authority = said(IsCa::Ca(BasicConstraints::Unconstrained), "hub.example");
        assert!(authority.contains("CA:TRUE") && authority.contains("basicConstraints=CA:FALSE"), "{authority}");
        let other = said(IsCa::ExplicitNoCa, "10.0.0.7");
        assert!(other.contains("not valid for name \"10.0.0.7\""), "{other}");
    }
}
