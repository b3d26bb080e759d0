//! The bridge from outside: the shared vectors, and the contract of the bus over both engines.

mod bus;
mod vectors;
