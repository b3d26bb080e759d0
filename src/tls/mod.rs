//! TLS of this process: the certificate of its ports, kept fresh, and whom its clients trust.
//!
//! ```text
//!  tls.certificate_file, tls.key_file ──┐
//!                                       ├──▶ Identity ──▶ Tls, one for all ports
//!  tls.folder: made here (`made`) ──────┘       │
//!            ▲                                  │
//!            └── looked at again, every tls.reload_ms
//! ```

mod identity;
mod made;
mod names;
mod settings;
mod trust;

pub(crate) use settings::TlsSettings;
pub(crate) use trust::{client_config, distrust, trusted};

use crate::date::rfc3339;
use grouploop_serve::{Seldom, Tls};
use identity::{Identity, Mistake, read_certificates, read_key};
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A certificate that nobody but its owner can renew is warned of so long before it ends.
const WARN: Duration = DAY.saturating_mul(14);

/// The certificate of this process, and where it is from.
pub(crate) struct ServerTls {
    source: Source,
    current: Identity,
    tls: Tls,
    period: Duration,
    /// What was wrong at the last look, so that only news is said.
    trouble: String,
    near_end: Seldom,
    past_end: Seldom,
}

/// Where a certificate is from.
#[derive(Debug, Clone)]
enum Source {
    Own { certificate: PathBuf, key: PathBuf },
    Made { folder: PathBuf, listen: Vec<SocketAddr>, more: Vec<String> },
}

impl ServerTls {
    /// The certificate of these settings, for ports that listen there; `None` without TLS.
    ///
    /// # Errors
    /// One line: why there is none that could be used.
    pub(crate) fn load(settings: &TlsSettings, listen: Vec<SocketAddr>) -> Result<Option<Self>, String> {
        if !settings.enabled {
            return Ok(None);
        }
        let source = match settings.own() {
            Some((certificate, key)) => Source::Own { certificate: certificate.into(), key: key.into() },
            None => Source::Made {
                folder: settings.folder.clone().into(),
                listen,
                more: settings.more_names().map(str::to_owned).collect(),
            },
        };
        let now = SystemTime::now();
        let current = source.look(now)?;
        let tls = Tls::new(current.certificate()).map_err(|error| format!("there can be no TLS: {error}"))?;
        let period = Duration::from_millis(settings.reload_ms);
        let (near_end, past_end) = (Seldom::new(DAY), Seldom::new(DAY));
        let mut this = Self { source, current, tls, period, trouble: String::new(), near_end, past_end };
        this.say("every port speaks TLS too");
        this.mind_the_end(now);
        Ok(Some(this))
    }

    /// For ports.
    pub(crate) fn handle(&self) -> Tls {
        self.tls.clone()
    }

    /// Whether it was made here, and nobody trusts it by itself.
    pub(crate) fn is_made(&self) -> bool {
        matches!(self.source, Source::Made { .. })
    }

    /// Looks now and then whether there is another certificate, and uses that. One that is broken changes nothing, and is said.
    pub(crate) async fn keep_fresh(mut self) -> Infallible {
        loop {
            sleep(self.period).await;
            let source = self.source.clone();
            // Files may be far away.
            if let Ok(found) = spawn_blocking(move || source.look(SystemTime::now())).await {
                self.take(found);
            }
            self.mind_the_end(SystemTime::now());
        }
    }

    fn take(&mut self, found: Result<Identity, String>) {
        match found {
            Ok(found) => {
                self.trouble.clear();
                if !found.is(&self.current) {
                    self.tls.renew(found.certificate());
                    self.current = found;
                    self.say("TLS has another certificate");
                }
            }
            Err(trouble) if trouble != self.trouble => {
                tracing::warn!("the certificate in use stays: {trouble}");
                self.trouble = trouble;
            }
            Err(_) => {}
        }
    }

    fn say(&self, what: &str) {
        let Self { source, current, .. } = self;
        tracing::info!(
            tls.certificate = %source,
            tls.fingerprint = current.fingerprint(),
            tls.ends = rfc3339(current.ends),
            "{what}"
        );
    }

    /// Says it each day when the end is near.
    fn mind_the_end(&mut self, now: SystemTime) {
        let (near, over) = (self.current.ends <= now + WARN, self.current.ends <= now);
        // That it is over is news, however long ago the last warning was.
        let (seldom, what) = if over { (&mut self.past_end, "is over") } else { (&mut self.near_end, "is over soon") };
        if near && seldom.say(Instant::now()).is_some() {
            tracing::warn!(
                tls.certificate = %self.source,
                tls.ends = rfc3339(self.current.ends),
                "the certificate {what}: renew it; a new one in the same files is taken without a restart"
            );
        }
    }
}

impl Source {
    /// The certificate of now.
    ///
    /// # Errors
    /// One line: what is wrong with it, and what to do.
    fn look(&self, now: SystemTime) -> Result<Identity, String> {
        let (certificate, key) = match self {
            Self::Own { certificate, key } => (certificate, key),
            Self::Made { folder, listen, more } => {
                let made = made::keep_or_make(folder, names::names(listen, more), now);
                return made.map_err(|error| format!("{error} (tls.folder)"));
            }
        };
        let of_certificate =
            |what: &dyn fmt::Display| format!("{} {what} (tls.certificate_file)", certificate.display());
        let of_key = |mistake: Mistake| format!("{} {mistake} (tls.key_file)", key.display());
        let chain = read_certificates(certificate).map_err(|mistake| of_certificate(&mistake))?;
        let identity = Identity::new(chain, &read_key(key).map_err(of_key)?).map_err(|mistake| match mistake {
            Mistake::BadCertificate(_) => of_certificate(&mistake),
            mistake => of_key(mistake),
        })?;
        let only = "renew it, or leave tls.certificate_file and tls.key_file empty to have one made";
        if identity.ends <= now {
            return Err(of_certificate(&format!("is over since {}: {only}", rfc3339(identity.ends))));
        }
        if identity.starts > now {
            let starts = rfc3339(identity.starts);
            return Err(of_certificate(&format!("holds from {starts} on: wait, or look at the clock of this machine")));
        }
        Ok(identity)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own { certificate, .. } => write!(f, "{}", certificate.display()),
            Self::Made { folder, .. } => write!(f, "{}", folder.join(made::CERTIFICATE).display()),
        }
    }
}
