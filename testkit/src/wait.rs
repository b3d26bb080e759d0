//! Waiting with a deadline, never longer than needed and never for ever.

use std::future::Future;
use std::time::Duration;

/// How long a test waits for what must happen. Generous, because a machine that also compiles is slow; a test that passes never
/// waits this long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Time between two looks of [`eventually!`](crate::eventually).
pub const POLL: Duration = Duration::from_millis(5);

/// Awaits `work` for at most [`PATIENCE`].
///
/// # Panics
/// Names `what` when the time is over.
pub async fn within<T>(what: impl std::fmt::Display, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(value) => value,
        Err(_) => panic!("waited {} s in vain for {what}", PATIENCE.as_secs()),
    }
}

/// Evaluates an expression (it may `.await`) every few milliseconds until it is true: `eventually!(deadline, expression)`, or
/// `eventually!(expression)` for [`PATIENCE`].
///
/// # Panics
/// With the expression's text, when the deadline has passed.
#[macro_export]
macro_rules! eventually {
    ($deadline:expr, $condition:expr $(,)?) => {{
        let deadline: ::std::time::Duration = $deadline;
        let start = $crate::__private::Instant::now();
        while !$condition {
            assert!(start.elapsed() < deadline, "not true within {deadline:?}: {}", stringify!($condition));
            $crate::__private::sleep($crate::POLL).await;
        }
    }};
    ($condition:expr $(,)?) => {
        $crate::eventually!($crate::PATIENCE, $condition)
    };
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    #[tokio::test]
    async fn eventually_looks_until_it_is_true() {
        let mut looks = 0;
        eventually!({
            looks += 1;
            async { looks == 3 }.await
        });
        assert_eq!(looks, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "not true within 1ms: 1 + 1 == 3")]
    async fn eventually_names_the_expression() {
        eventually!(Duration::from_millis(1), 1 + 1 == 3);
    }
}
