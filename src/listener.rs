//! Opening the address that a role listens on, and saying clearly why it cannot be opened.

use socket2::SockRef;
use std::io::ErrorKind;
use std::net::TcpListener;

/// Connections that may wait to be taken. The standard library asks for 128, and whoever comes when those are there tries again after a whole
/// second: too few for devices that all come back together. The system may allow less.
const WAITING: i32 = 4096;

/// Binds an address of the settings; `key` names the setting, and `others` are further ways to change it, each with a comma behind it.
///
/// # Errors
/// One line: which address, why not, and how to choose another.
pub(crate) fn bind(address: &str, key: &str, others: &str) -> Result<TcpListener, String> {
    let complain = |error: std::io::Error| {
        let why = match error.kind() {
            ErrorKind::AddrInUse => "is in use by another program".to_owned(),
            ErrorKind::PermissionDenied => "may not be used by this user (ports under 1024 need rights)".to_owned(),
            ErrorKind::AddrNotAvailable => "is none of this machine's".to_owned(),
            _ => format!("cannot be listened on: {error}"),
        };
        let variable = format!("GROUPLOOP_{}", key.replace('.', "__").to_uppercase());
        format!("the address {address} {why}; choose another with {others}{variable}, or {key} in the settings file")
    };
    let listener = TcpListener::bind(address).map_err(complain)?;
    SockRef::from(&listener).listen(WAITING).map_err(complain)?;
    listener.set_nonblocking(true).map_err(complain)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::bind;
    use std::net::TcpStream;
    use std::time::Duration;

    #[test]
    fn an_address_in_use_is_named_with_the_ways_to_change_it() {
        let first = bind("127.0.0.1:0", "edge.listen", "").unwrap();
        let address = first.local_addr().unwrap().to_string();
        assert_eq!(
            bind(&address, "edge.listen", "--listen ADDRESS, WS_PORT, ").unwrap_err(),
            format!(
                "the address {address} is in use by another program; choose another with --listen ADDRESS, WS_PORT, \
                 GROUPLOOP_EDGE__LISTEN, or edge.listen in the settings file"
            )
        );
    }

    #[test]
    fn an_address_of_another_machine_is_no_riddle() {
        let complaint = bind("192.0.2.1:0", "edge.listen", "").unwrap_err();
        assert!(complaint.starts_with("the address 192.0.2.1:0 is none of this machine's; "), "{complaint}");
    }

    #[test]
    fn many_who_come_at_once_wait_without_a_second_attempt() {
        let listener = bind("127.0.0.1:0", "edge.listen", "").unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(900));
        let waiting: Vec<TcpStream> = (0..400).map(connect).collect::<Result<_, _>>().unwrap();
        assert_eq!(waiting.len(), 400, "nobody has taken one of them");
    }
}
