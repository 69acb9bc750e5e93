//! A database's `url`: a libpq connection URI, with `${NAME}` from the environment.
//!
//! Owns: reading it. Refuses: parameters that would be silently without effect, and to show a password in an error.

use std::path::Path;
use std::time::Duration;

use anyhow::{anyhow, bail};
use gateway::config::{Secret, SslMode, UpstreamConfig};

/// Reads a url of the config; `base` is where its files are.
///
/// # Errors
/// One line: what is wrong, and what to write instead.
pub fn read(url: &str, base: &Path) -> anyhow::Result<UpstreamConfig> {
    upstream(&expand(url)?, base)
}

/// Replaces `${NAME}` by the environment's value, percent-encoded, so that a password may hold any character.
fn expand(url: &str) -> anyhow::Result<String> {
    let mut out = String::new();
    let mut rest = url;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after
            .split_once('}')
            .ok_or_else(|| anyhow!("url: \"${{\" without \"}}\""))?;
        let value = std::env::var(name).map_err(|_| {
            anyhow!("url: the environment has no {name}; set it, e.g. `export {name}=…`")
        })?;
        out.push_str(before);
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    out.push(char::from(byte))
                }
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

/// Reads a libpq connection URI (PostgreSQL manual, 34.1.1.2), as far as it is about one server.
fn upstream(url: &str, base: &Path) -> anyhow::Result<UpstreamConfig> {
    let parsed = url::Url::parse(url).map_err(|e| {
        anyhow!("url: {e}; write it like \"postgres://app:${{PASSWORD}}@127.0.0.1:5432/shop\"")
    })?;
    match parsed.scheme() {
        "postgres" | "postgresql" => {}
        "mysql" | "mariadb" => bail!("url: {}:// is not served by this version", parsed.scheme()),
        other => bail!("url: {other}:// is not a database protocol; write postgres://…"),
    }
    let decode = |text: &str| -> anyhow::Result<String> {
        Ok(percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map_err(|_| anyhow!("url: not UTF-8"))?
            .into_owned())
    };
    let host = match parsed.host() {
        Some(url::Host::Domain(name)) if !name.is_empty() => decode(name)?,
        Some(url::Host::Ipv4(ip)) => ip.to_string(),
        Some(url::Host::Ipv6(ip)) => ip.to_string(),
        _ => bail!("url: there is no host in it"),
    };
    let user = decode(parsed.username())?;
    if user.is_empty() {
        bail!("url: there is no user in it; write postgres://USER:PASSWORD@HOST/DATABASE");
    }
    let database = decode(parsed.path().trim_start_matches('/'))?;
    let mut config = UpstreamConfig {
        database: if database.is_empty() {
            user.clone()
        } else {
            database
        },
        host,
        port: parsed.port().unwrap_or(5432),
        user,
        password: parsed.password().map(decode).transpose()?.map(Secret),
        sslmode: SslMode::Prefer,
        sslrootcert: None,
        connect_timeout: Duration::from_secs(10),
    };
    for (key, value) in parsed.query_pairs() {
        match key.as_ref() {
            "sslmode" => config.sslmode = sslmode(&value)?,
            "sslrootcert" => config.sslrootcert = Some(base.join(value.as_ref())),
            "connect_timeout" => {
                let seconds: u64 = value
                    .parse()
                    .map_err(|_| anyhow!("url: connect_timeout is a number of seconds"))?;
                config.connect_timeout = Duration::from_secs(seconds.max(1));
            }
            other => bail!(
                "url: the parameter \"{other}\" is not known; sslmode, sslrootcert and connect_timeout are"
            ),
        }
    }
    // A root file that cannot be used is found at the start, not at the first session.
    gateway::tls::client_config(config.sslmode, config.sslrootcert.as_deref())
        .map_err(|e| anyhow!("url: sslrootcert: {e}"))?;
    Ok(config)
}

fn sslmode(word: &str) -> anyhow::Result<SslMode> {
    Ok(match word {
        "disable" => SslMode::Disable,
        "allow" => SslMode::Allow,
        "prefer" => SslMode::Prefer,
        "require" => SslMode::Require,
        "verify-ca" => SslMode::VerifyCa,
        "verify-full" => SslMode::VerifyFull,
        other => bail!(
            "url: sslmode={other} is not one of disable, allow, prefer, require, verify-ca, verify-full"
        ),
    })
}
