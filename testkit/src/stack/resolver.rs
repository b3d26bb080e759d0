//! A name server that knows one list of addresses, as the engine's own knows those of all replicas of a service.

use crate::port::Loopback;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

/// Answers every question for an address with the whole list. Ends when dropped.
#[derive(Debug)]
pub(super) struct Resolver {
    addresses: Arc<Mutex<Vec<Ipv4Addr>>>,
    addr: SocketAddr,
    _task: JoinSet<()>,
}

impl Resolver {
    pub(super) async fn start(net: Loopback, addresses: Vec<Ipv4Addr>) -> Self {
        let socket = UdpSocket::bind((net.host(53), 0)).await.unwrap();
        let addr = socket.local_addr().unwrap();
        let addresses = Arc::new(Mutex::new(addresses));
        let known = addresses.clone();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut packet = [0; 1500];
            loop {
                let Ok((length, asker)) = socket.recv_from(&mut packet).await else { continue };
                let list = known.lock().unwrap().clone();
                if let Some(answer) = answer(&packet[..length], &list) {
                    let _ = socket.send_to(&answer, asker).await;
                }
            }
        });
        Self { addresses, addr, _task: task }
    }

    /// `host:port`.
    pub(super) fn addr(&self) -> String {
        self.addr.to_string()
    }

    pub(super) fn set(&self, addresses: Vec<Ipv4Addr>) {
        *self.addresses.lock().unwrap() = addresses;
    }
}

/// The question again, and for one about addresses (type A) the list.
fn answer(packet: &[u8], addresses: &[Ipv4Addr]) -> Option<Vec<u8>> {
    let name_end = 12 + packet.get(12..)?.iter().position(|byte| *byte == 0)? + 1;
    let question = packet.get(12..name_end + 4)?;
    let is_a = packet.get(name_end..name_end + 2)? == [0, 1];
    let list = if is_a { addresses } else { &[] };
    let mut answer = packet.get(..2)?.to_vec();
    answer.extend([0x81, 0x80, 0, 1, 0, u8::try_from(list.len()).ok()?, 0, 0, 0, 0]);
    answer.extend(question);
    for address in list {
        // The name of the question; type A, class IN, for no time at all.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}
