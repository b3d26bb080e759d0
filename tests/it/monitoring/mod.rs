//! What the monitoring says, against the code: the page of metrics, the rules, the dashboards; and what edges measure for it.

mod catalogue;
mod page;
mod prometheus;
mod times;
