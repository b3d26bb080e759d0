//! A certificate of our own making, for machines that have no other: signed by its own key, for every name and address of the machine.
//!
//! Phones and browsers warn of it once and remember that somebody let it pass, so it is kept in a folder and stays the same as long as it
//! can. The key stays in any case. Names that it once had stay in it too: a machine that moves between two networks has one certificate
//! after both, and processes that share the folder do not take it from each other.

use super::identity::{Identity, Mistake, read_certificates, read_key};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SerialNumber};
use rustls::pki_types::PrivateKeyDer;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The file of the certificate, in its folder.
pub(super) const CERTIFICATE: &str = "certificate.pem";
/// The file of its key.
const KEY: &str = "key.pem";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long one is good for. Apple's devices take none of more than 398 days.
const LIFE: Duration = DAY.saturating_mul(397);
/// How long before now it begins, for clocks that are behind ours.
const EARLIER: Duration = DAY;
/// One that ends sooner is made anew.
const RENEW: Duration = DAY.saturating_mul(30);
/// Names at most, where those from before are among them.
const MAX_NAMES: usize = 64;

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum MadeError {
    #[error("{file} {mistake}; remove it to have another one made")]
    Key { file: String, mistake: Mistake },
    #[error("the folder {folder} cannot be written: {error}")]
    Write { folder: String, error: io::Error },
    #[error("no certificate can be made for {names:?}: {why}")]
    Make { names: BTreeSet<String>, why: String },
}

/// What is in the folder.
enum Kept {
    /// A certificate that does.
    Good(Identity),
    /// The key, and the names of the certificate that was made for it before.
    Key(PrivateKeyDer<'static>, BTreeSet<String>),
    Nothing,
}

/// The certificate in the folder; another one when there is none, when it is not for one of these names, or when it ends soon.
///
/// # Errors
/// [`MadeError`].
pub(super) fn keep_or_make(folder: &Path, names: BTreeSet<String>, now: SystemTime) -> Result<Identity, MadeError> {
    if let Kept::Good(kept) = keep(folder, &names, now)? {
        return Ok(kept);
    }
    let unwritten = |error| MadeError::Write { folder: folder.display().to_string(), error };
    fs::create_dir_all(folder).map_err(unwritten)?;
    // Processes that share the folder start together, and each would make one that is the other's a minute later. A system without such locks
    // still gets a certificate.
    let turn = File::open(folder);
    let _ = turn.as_ref().map(File::lock);
    let (key, before) = match keep(folder, &names, now)? {
        Kept::Good(kept) => return Ok(kept),
        Kept::Key(key, before) => (key, before),
        Kept::Nothing => {
            let key = KeyPair::generate().map_err(|error| cannot(&names, &error))?;
            write(folder, KEY, &key.serialize_pem(), 0o600).map_err(unwritten)?;
            (key.into(), BTreeSet::new())
        }
    };
    let room = MAX_NAMES.saturating_sub(names.len());
    let names: BTreeSet<String> = names.iter().chain(before.difference(&names).take(room)).cloned().collect();
    let made = make(&key, &names, now).map_err(|error| cannot(&names, &error))?;
    write(folder, CERTIFICATE, &made.pem(), 0o644).map_err(unwritten)?;
    Identity::new(vec![made.der().clone()], &key).map_err(|mistake| cannot(&names, &mistake))
}

fn keep(folder: &Path, names: &BTreeSet<String>, now: SystemTime) -> Result<Kept, MadeError> {
    let key = match read_key(&folder.join(KEY)) {
        Ok(key) => key,
        Err(Mistake::Read(error)) if error.kind() == ErrorKind::NotFound => return Ok(Kept::Nothing),
        Err(mistake) => return Err(MadeError::Key { file: folder.join(KEY).display().to_string(), mistake }),
    };
    // Whatever is wrong with the one that is there, another one is made.
    let kept = read_certificates(&folder.join(CERTIFICATE)).and_then(|chain| Identity::new(chain, &key)).ok();
    Ok(match kept {
        Some(kept) if kept.names.is_superset(names) && kept.starts <= now && kept.ends > now + RENEW => {
            Kept::Good(kept)
        }
        kept => Kept::Key(key, kept.map(|kept| kept.names).unwrap_or_default()),
    })
}

fn cannot(names: &BTreeSet<String>, why: &dyn std::error::Error) -> MadeError {
    MadeError::Make { names: names.clone(), why: why.to_string() }
}

fn make(
    key: &PrivateKeyDer<'_>,
    names: &BTreeSet<String>,
    now: SystemTime,
) -> Result<rcgen::Certificate, rcgen::Error> {
    let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, "GroupLoop");
    params.not_before = (now - EARLIER).into();
    params.not_after = (now - EARLIER + LIFE).into();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // By default it follows from the key, which stays; and two certificates of one issuer and one number are an error to browsers. Of eight
    // bytes in any case, and not negative.
    params.serial_number = Some(SerialNumber::from(rand::random::<u64>() >> 1 | 1 << 62));
    params.self_signed(&KeyPair::try_from(key)?)
}

/// Writes a file as a whole or not at all.
fn write(folder: &Path, name: &str, text: &str, mode: u32) -> io::Result<()> {
    // In containers that share the folder each process has the same number.
    let unfinished = folder.join(format!("{name}.{:016x}", rand::random::<u64>()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(unfinished, folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("grouploop-made-{}-{name}", std::process::id())))
        }

        fn made(&self, names: &[&str], now: SystemTime) -> Identity {
            keep_or_make(&self.0, names.iter().map(|name| (*name).to_owned()).collect(), now).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn it_holds_for_a_year_and_is_made_anew_before_it_ends() {
        let (folder, now) = (Folder::new("year"), SystemTime::now());
        let first = folder.made(&["localhost", "10.0.0.7", "::1"], now);
        assert!(first.starts < now && first.ends > now + DAY * 390);
        assert!(first.ends.duration_since(first.starts).unwrap() <= DAY * 398, "Apple takes no longer one");
        assert_eq!(first.names, ["10.0.0.7", "::1", "localhost"].map(str::to_owned).into());
        assert!(folder.made(&["localhost"], first.ends - RENEW - DAY).is(&first));
        let second = folder.made(&["localhost"], first.ends - RENEW + DAY);
        assert!(!second.is(&first) && second.ends > first.ends);
        // A clock that was far ahead made it, and is right now.
        assert!(!folder.made(&["localhost"], now).is(&second));
    }

    #[test]
    fn names_are_added_and_stay_as_long_as_there_is_room() {
        let (folder, now) = (Folder::new("names"), SystemTime::now());
        let first = folder.made(&["localhost", "10.0.0.7"], now);
        let second = folder.made(&["localhost", "192.168.1.20"], now);
        assert_eq!(second.names, ["10.0.0.7", "192.168.1.20", "localhost"].map(str::to_owned).into());
        assert!(!second.is(&first) && folder.made(&["localhost", "10.0.0.7"], now).is(&second));
        let many: Vec<String> = (0..MAX_NAMES).map(|name| format!("n{name}.example")).collect();
        let third = folder.made(&many.iter().map(String::as_str).collect::<Vec<_>>(), now);
        assert_eq!(third.names.len(), MAX_NAMES);
        assert!(!third.names.contains("localhost"));
    }

    #[test]
    fn the_key_stays_and_no_number_comes_twice() {
        let (folder, now) = (Folder::new("key"), SystemTime::now());
        let certificate = || read_certificates(&folder.0.join(CERTIFICATE)).unwrap().remove(0);
        folder.made(&["a"], now);
        let (key, first) = (fs::read(folder.0.join(KEY)).unwrap(), certificate());
        folder.made(&["b"], now);
        assert_eq!(fs::read(folder.0.join(KEY)).unwrap(), key);
        let serial = |der: &[u8]| {
            use x509_cert::der::Decode as _;
            let certificate = x509_cert::Certificate::from_der(der).unwrap();
            certificate.tbs_certificate().serial_number().as_bytes().to_vec()
        };
        let (first, second) = (serial(&first), serial(&certificate()));
        assert_ne!(first, second);
        assert!(first.len() == 8 && second.len() == 8, "{first:?} {second:?}");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2, "nothing unfinished is left");
    }

    #[test]
    fn those_who_start_together_have_one_certificate() {
        let (folder, now) = (Folder::new("together"), SystemTime::now());
        let made: Vec<Identity> = std::thread::scope(|threads| {
            let starts: Vec<_> = (0..8).map(|_| threads.spawn(|| folder.made(&["localhost"], now))).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(made.iter().all(|one| one.is(&made[0])));
        assert!(folder.made(&["localhost"], now).is(&made[0]), "the one that stays");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2, "nothing unfinished is left");
    }

    #[test]
    fn what_stands_in_the_way_is_said() {
        let folder = Folder::new("blocked");
        fs::create_dir_all(&folder.0).unwrap();
        fs::write(folder.0.join("file"), "in the way").unwrap();
        let error = keep_or_make(&folder.0.join("file"), BTreeSet::new(), SystemTime::now()).unwrap_err();
        assert!(error.to_string().contains("/file"), "{error}");
    }
}
