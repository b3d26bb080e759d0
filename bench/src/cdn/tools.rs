//! What the CDN is measured with: nginx, which serves the same files, and wrk, which asks for them.

use crate::process::{Process, Processes};
use crate::servers::wait_until_ready;
use anyhow::{Context, Result, ensure};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian has nginx, and not everybody's `PATH` goes.
const ADMIN_FOLDER: &str = "/usr/sbin";

/// The programs.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) nginx: PathBuf,
    pub(crate) wrk: PathBuf,
}

impl Tools {
    /// # Errors
    /// Names what is missing, in one line.
    pub(crate) fn locate() -> Result<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = std::env::split_paths(&path).chain([ADMIN_FOLDER.into()]).collect();
        Self::among(&folders)
    }

    fn among(folders: &[PathBuf]) -> Result<Self> {
        let find = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file());
        let (nginx, wrk) = (find("nginx"), find("wrk"));
        let absent = [("nginx", &nginx), ("wrk", &wrk)].into_iter().filter(|(_, found)| found.is_none());
        let absent: Vec<&str> = absent.map(|(name, _)| name).collect();
        ensure!(absent.is_empty(), "missing: {}; scripts/setup-bench.sh brings what is missing", absent.join(", "));
        Ok(Self { nginx: nginx.unwrap_or_default(), wrk: wrk.unwrap_or_default() })
    }

    /// As it calls itself, such as `nginx/1.22.1`.
    pub(crate) fn nginx_version(&self) -> String {
        let output = Command::new(&self.nginx).arg("-v").output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
        text.trim().rsplit(' ').next().unwrap_or_default().to_owned()
    }

    /// nginx on the folder `files`, as Debian sets it up, on a free port of this machine; `work` is for its own files. `probe` is the path
    /// of one of the files.
    pub(crate) fn start_nginx(&self, processes: &Processes, files: &Path, work: &Path, probe: &str) -> Result<Process> {
        // nginx cannot be told to find a free port, so there is a moment in which somebody else may take this one; then it says so.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let settings = work.join("nginx.conf");
        write(&settings, settings_of(address, files, work).as_bytes())?;
        let mut command = Command::new(&self.nginx);
        command.args(["-e", "stderr", "-c"]).arg(&settings);
        let started = move |line: &str| line.contains("start worker process ").then_some(address);
        let nginx = processes.start("nginx", &mut command, started)?.with_workers();
        wait_until_ready(nginx, probe)
    }
}

/// Debian's settings for serving files, with three differences: no access log, because the CDN writes none; connections are not closed
/// after 1,000 requests, because the CDN closes none; and whatever it writes goes into our folder.
fn settings_of(address: SocketAddr, files: &Path, work: &Path) -> String {
    let (files, work) = (files.display(), work.display());
    format!(
        "daemon off;
worker_processes auto;
error_log stderr notice;
pid {work}/nginx.pid;
events {{
    worker_connections 768;
}}
http {{
    sendfile on;
    tcp_nopush on;
    types {{
        application/json json;
        text/javascript js;
    }}
    default_type application/octet-stream;
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    server {{
        listen {address};
        root {files};
    }}
}}
"
    )
}

/// Writes a file, and the folders above it when they are not there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(path, bytes)).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let nowhere = Tools::among(&["/proc/self/nowhere".into()]).unwrap_err().to_string();
        assert!(nowhere.starts_with("missing: nginx, wrk;"), "{nowhere}");
        assert!(!nowhere.contains('\n'));
    }
}
