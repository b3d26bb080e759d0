//! Hiding secrets before a value is shown.

/// What stands in place of a secret.
const MASK: &str = "****";

/// Hides user and password (or token) in a URL or in a list of URLs separated by commas, and secrets in their queries. Where it is not
/// clear what a part is, more is hidden rather than less.
pub(crate) fn mask_urls(text: &str) -> String {
    let mut urls: Vec<String> = Vec::new();
    for part in text.split(',') {
        match urls.last_mut() {
            // A comma inside of a password: what follows has the `@` but no scheme.
            Some(last) if part.contains('@') && !part.contains("://") => {
                last.push(',');
                last.push_str(part);
            }
            _ => urls.push(part.to_owned()),
        }
    }
    urls.iter().map(|url| mask_query(&mask_user(url))).collect::<Vec<_>>().join(",")
}

fn mask_user(url: &str) -> String {
    let Some((before, host)) = url.rsplit_once('@') else { return url.to_owned() };
    match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://{MASK}@{host}"),
        None => format!("{MASK}@{host}"),
    }
}

fn mask_query(url: &str) -> String {
    let Some((before, query)) = url.split_once('?') else { return url.to_owned() };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !value.is_empty() && is_secret(name) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{before}?{}", pairs.join("&"))
}

/// The value of a key as it may be shown.
pub(crate) fn mask(key: &str, text: &str) -> String {
    // Someone may paste the credentials themselves where their file's path belongs.
    let pasted = text.contains("-----BEGIN") || text.contains('\n');
    if !text.is_empty() && (is_secret(key) || pasted) { MASK.into() } else { mask_urls(text) }
}

fn is_secret(name: &str) -> bool {
    let name = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    ["password", "passwd", "token", "secret", "seed", "credentials", "key"]
        .iter()
        .any(|word| name == *word || name.ends_with(&format!("_{word}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_hidden_in_every_url() {
        for (text, shown) in [
            ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
            ("nats://me:secret@a:4222", "nats://****@a:4222"),
            ("nats://token@a", "nats://****@a"),
            ("me:secret@a:4222", "****@a:4222"),
            ("nats://me:secret@a,nats://b,nats://you:secret@c", "nats://****@a,nats://b,nats://****@c"),
            ("nats://me:se,cret@a", "nats://****@a"),
            ("nats://me:se@cret@a", "nats://****@a"),
            ("nats://me:se/cret@a", "nats://****@a"),
            ("ws://hub/?space=a&token=secret", "ws://hub/?space=a&token=****"),
            ("", ""),
        ] {
            assert_eq!(mask_urls(text), shown, "{text}");
            assert!(!mask_urls(text).contains("secret"), "{text}");
        }
    }

    #[test]
    fn keys_with_a_secret_name_are_hidden_and_paths_are_not() {
        assert_eq!(mask("ui.admin_token", "abc"), "****");
        assert_eq!(mask("ui.admin_token", ""), "");
        assert_eq!(mask("bus.nats.credentials_file", "/etc/nats.creds"), "/etc/nats.creds");
        assert_eq!(mask("bus.nats.credentials_file", "-----BEGIN NATS USER JWT-----"), "****");
    }
}
