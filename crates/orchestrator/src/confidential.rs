//! Whether a setting looks as if it holds a credential. It is a guess, and a wrong one should hide too much rather than
//! show a password.

/// Parts of words that name a credential, in names of settings and in what they hold (`--requirepass`).
const STEMS: [&str; 8] = ["pass", "pwd", "secret", "token", "credential", "apikey", "bearer", "jwt"];

/// Words that name a credential if a setting is called so.
const NAMES: [&str; 9] = ["auth", "cookie", "dsn", "otp", "pin", "private", "pw", "salt", "signature"];

/// Whether a setting, or one of its values, looks like a credential.
pub(crate) fn is_confidential<'v>(field: &str, values: impl IntoIterator<Item = &'v String>) -> bool {
    is_name(field) || values.into_iter().any(|value| is_told_in(value))
}

fn is_name(field: &str) -> bool {
    let words = words(field);
    has_stem(field)
        || words.iter().any(|word| NAMES.contains(&word.as_str()) || word.ends_with("key") || word == "keys")
}

/// Whether a value says itself that it holds a credential: an option of that name, or a URL with a user.
fn is_told_in(value: &str) -> bool {
    has_stem(value)
        || value
            .split("://")
            .skip(1)
            .any(|rest| rest.split(['/', '?', ' ']).next().is_some_and(|host| host.contains('@')))
}

/// Whether a stem is in a text, whatever its case and what separates its words: `API_KEY`, `apiKey`.
fn has_stem(text: &str) -> bool {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    STEMS.iter().any(|stem| letters.contains(stem))
}

/// The words of a name in lower case; a capital letter after a small one begins a word.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (small && c.is_ascii_uppercase()) {
            words.push(String::new());
        }
        small = c.is_ascii_lowercase();
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_credentials_are_recognised() {
        for name in [
            "environment.POSTGRES_PASSWORD",
            "environment.PGPASS",
            "environment.MYSQL_PWD",
            "environment.API_KEY",
            "environment.apiKey",
            "environment.ACCESSKEY",
            "environment.SSH_KEYS",
            "environment.githubToken",
            "environment.SENTRY_DSN",
            "environment.BASIC_AUTH",
            "labels.traefik.http.middlewares.web.basicauth.users.auth",
            "logging.options.splunk-token",
            "driver_opts.password",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in ["environment.REDIS_HOST", "environment.AUTHOR", "image", "environment.KEYBOARD", "command"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn values_that_hold_credentials_are_recognised() {
        for value in [
            "postgres://shop:geheim@db/shop",
            "https://0815@sentry.example.com/1",
            "redis-server --requirepass hunter2",
            "curl -H 'Authorization: Bearer abc'",
        ] {
            assert!(is_told_in(value), "{value}");
        }
        for value in ["redis2", "http://web:80/@me", "admin@example.com", "a -> b"] {
            assert!(!is_told_in(value), "{value}");
        }
    }
}
