//! What only Linux does for us: files without a name that cannot change, and sending from them without a copy.

use std::fs::File;
use std::io::{self, IoSlice};
use tokio::net::TcpStream;

/// A file in memory with these bytes, for good: nobody can write to it, us included.
#[cfg(target_os = "linux")]
pub(crate) fn sealed_file(bytes: &[u8]) -> io::Result<File> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    use std::io::Write;
    let mut file = File::from(memfd_create("grouploop", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
    file.write_all(bytes)?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file)
}

/// Sends a part of a file, as much of it as the socket takes.
#[cfg(target_os = "linux")]
pub(crate) fn send_file(socket: &TcpStream, file: &File, mut offset: u64, length: usize) -> io::Result<usize> {
    Ok(rustix::fs::sendfile(socket, file, Some(&mut offset), length)?)
}

/// Sends bytes that more will follow at once, so that they need no packet of their own.
#[cfg(target_os = "linux")]
pub(crate) fn send_before(socket: &TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
    let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
    Ok(sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), flags)?)
}

/// There is none, so the rest is never asked for.
#[cfg(not(target_os = "linux"))]
pub(crate) fn sealed_file(_: &[u8]) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn send_file(_: &TcpStream, _: &File, _: u64, _: usize) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn send_before(_: &TcpStream, _: &[IoSlice<'_>]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
