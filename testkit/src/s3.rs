//! A private S3 server: the real protocol with signatures and conditional writes, on a loopback port and over a folder of its own.

use crate::port::{PortTaken, on_a_free_port, random};
use crate::process::Process;
use std::path::{Path, PathBuf};
use std::process::Command;

const BUCKET: &str = "grouploop";
const ACCESS_KEY: &str = "testkit";
const SECRET_KEY: &str = "testkit-secret";

/// A running (or, after [`kill`](Self::kill), dead) S3 server with one bucket, on the same port and with the same objects all its life.
/// When dropped it is killed, and its objects are removed.
#[derive(Debug)]
pub struct S3Server {
    port: u16,
    // Before the folder: the process ends first.
    process: Process,
    folder: Folder,
}

impl S3Server {
    /// Starts one with an empty bucket.
    ///
    /// # Panics
    /// When there is no server to start (`make setup` brings it), or it does not come up.
    pub async fn start() -> Self {
        let folder = Folder::new();
        let (port, process) = on_a_free_port("an S3 server", async |port| spawn(port, &folder).await).await;
        Self { port, process, folder }
    }

    /// `http://127.0.0.1:<port>`, before and after a restart.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// `127.0.0.1:<port>`.
    pub fn addr(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The one bucket.
    pub fn bucket(&self) -> &'static str {
        BUCKET
    }

    /// Who may read and write.
    pub fn access_key(&self) -> &'static str {
        ACCESS_KEY
    }

    /// What requests are signed with.
    pub fn secret_key(&self) -> &'static str {
        SECRET_KEY
    }

    /// The variables by which a program finds the server and may use it; the bucket is named elsewhere.
    pub fn env(&self) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The process: its log, CPU time, memory, and `stop` and `cont` for a server that hangs.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Ends it with SIGKILL: connections drop, and new ones are refused.
    pub async fn kill(&self) {
        self.process.kill().await;
    }

    /// Starts it again on the same port with the same objects, having killed it if it still ran. Returns when it takes connections.
    ///
    /// # Panics
    /// When it does not come up again.
    pub async fn restart(&mut self) {
        self.kill().await;
        match spawn(self.port, &self.folder).await {
            Ok(process) => self.process = process,
            Err(PortTaken) => panic!("port {} was taken while the S3 server was down", self.port),
        }
    }
}

async fn spawn(port: u16, folder: &Folder) -> Result<Process, PortTaken> {
    let mut command = Command::new(binary());
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY]).arg(&folder.path);
    command.env("RUST_LOG", "s3s_fs=info");
    let process = Process::spawn("S3 server", command);
    let up = |line: &str| match line {
        _ if line.contains("server is running at") => Some(true),
        _ if line.contains("AddrInUse") => Some(false),
        _ => None,
    };
    if process.find_in_log("`server is running`", up).await { Ok(process) } else { Err(PortTaken) }
}

/// The program: `S3S_FS`, else what `make setup` puts into `.tools`.
fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("S3S_FS") {
        return named.into();
    }
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin/s3s-fs");
    assert!(ours.exists(), "no S3 server for the tests: run `make setup`, or name an s3s-fs in S3S_FS");
    ours
}

/// What the server keeps, in the temporary folder; removed when dropped.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("grouploop-s3-{}-{:016x}", std::process::id(), random(0)));
        // A folder that is there already is somebody else's, so it is an error and not taken over.
        let made = std::fs::create_dir(&path).and_then(|()| std::fs::create_dir(path.join(BUCKET)));
        made.unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
        Self { path }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{http, http_get, within};
    use object_store::aws::{AmazonS3, AmazonS3Builder};
    use object_store::path::Path as Key;
    use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};
    use tokio::net::TcpStream;

    /// A client that knows what [`S3Server::env`] says, and nothing else but the bucket.
    fn client(s3: &S3Server) -> AmazonS3 {
        // Over plain HTTP nothing is encrypted, but the client is not made without.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let start = AmazonS3Builder::new().with_bucket_name(s3.bucket()).with_allow_http(true);
        let told = s3.env().into_iter().fold(start, |builder, (name, value)| {
            builder.with_config(name.to_ascii_lowercase().parse().unwrap(), value)
        });
        told.build().unwrap()
    }

    #[tokio::test]
    async fn only_who_has_the_keys_gets_in() {
        let s3 = S3Server::start().await;
        client(&s3).put(&Key::from("a"), "text".into()).await.unwrap();
        let path = format!("/{}/a", s3.bucket());
        let stranger = http_get(s3.addr(), &path).await;
        assert_eq!(stranger.status, 403, "{}", stranger.text());
        assert_eq!(http("PUT", s3.addr(), &path, &[], "other").await.status, 403);
    }

    #[tokio::test]
    async fn it_dies_and_comes_back_on_its_port_with_its_objects() {
        let mut s3 = S3Server::start().await;
        let (endpoint, key) = (s3.endpoint(), Key::from("js/a.js"));
        let written = client(&s3).put(&key, "text".into()).await.unwrap();

        s3.kill().await;
        assert!(within("a refusal", TcpStream::connect(s3.addr())).await.is_err());

        s3.restart().await;
        assert_eq!(s3.endpoint(), endpoint);
        let kept = client(&s3).get(&key).await.unwrap();
        assert_eq!(kept.meta.e_tag, written.e_tag);
        assert_eq!(kept.bytes().await.unwrap(), "text");
    }

    #[tokio::test]
    async fn conditions_decide_between_writers() {
        let s3 = S3Server::start().await;
        let (client, key) = (client(&s3), Key::from("a"));
        let first = client.put_opts(&key, "1".into(), PutMode::Create.into()).await.unwrap();
        let late = client.put_opts(&key, "2".into(), PutMode::Create.into()).await;
        assert!(matches!(late, Err(Error::AlreadyExists { .. })), "{late:?}");
        client.put_opts(&key, "3".into(), PutMode::Update(first.clone().into()).into()).await.unwrap();
        let late = client.put_opts(&key, "4".into(), PutMode::Update(first.into()).into()).await;
        assert!(matches!(late, Err(Error::Precondition { .. })), "{late:?}");
    }

    #[tokio::test]
    async fn several_run_side_by_side_and_leave_nothing() {
        let (one, other) = tokio::join!(S3Server::start(), S3Server::start());
        assert_ne!(one.addr(), other.addr());
        client(&one).put(&Key::from("a"), "text".into()).await.unwrap();
        let none = client(&other).get(&Key::from("a")).await;
        assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");

        let (folder, process) = (one.folder.path.clone(), one.process().pid());
        assert!(folder.exists());
        drop(one);
        assert!(!folder.exists());
        assert!(!Path::new(&format!("/proc/{process}")).exists());
    }
}
