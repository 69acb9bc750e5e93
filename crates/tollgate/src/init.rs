//! `tollgate init`: a config to begin with.

use std::path::Path;

use anyhow::{Context as _, bail};

const CONFIG: &str = r#"# Tollgate. docs/OPERATIONS.md explains every key.
listen    = "127.0.0.1:6432"   # agents, and the DBA's console as database "tollgate"
state_dir = "state"            # journal, holds, grants; relative to this file

[databases.shop]
url       = "postgres://app:${SHOP_PASSWORD}@127.0.0.1:5432/shop"
policies  = ["agents.cedar"]
labels    = "shop.labels.toml"
hold_wait = "60s"              # how long the agent's connection waits in place
hold_ttl  = "24h"              # how long an undecided hold, and an unused approval, lives
"#;

const LABELS: &str = r#"# What is sensitive, and how it is hidden. docs/POLICIES.md lists the masks.
[labels.email]
mask   = "email"
filter = "equality"

[columns]
# "public.customers.email" = "email"
"#;

/// Writes config, policies and labels; never over a file that exists.
pub fn init(config: &Path) -> anyhow::Result<Vec<String>> {
    let base = config
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let files = [
        (config.to_owned(), CONFIG),
        (
            base.join("agents.cedar"),
            include_str!("../../../policies/agents.cedar"),
        ),
        (base.join("shop.labels.toml"), LABELS),
    ];
    for (path, _) in &files {
        if path.exists() {
            bail!("{} exists already; nothing was written", path.display());
        }
    }
    let mut written = Vec::new();
    for (path, text) in files {
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        written.push(path.display().to_string());
    }
    Ok(written)
}
