//! What is run, in which order, in which database.
//!
//! Owns: reading the suite's schedule and the Makefiles' lists of files. Refuses: to leave out a file of those lists because
//! it does badly.

use std::path::{Path, PathBuf};

/// Files that are run one after the other in one database.
pub struct Group {
    /// `regress`, `plpgsql`, or the extension.
    pub name: String,
    /// The database.
    pub database: String,
    /// Holds `sql/` and `data/`.
    pub directory: PathBuf,
    /// Names without `.sql`.
    pub files: Vec<String>,
}

/// All groups of a source tree.
pub fn groups(source: &Path) -> std::io::Result<Vec<Group>> {
    let regress = source.join("src/test/regress");
    let schedule = std::fs::read_to_string(regress.join("parallel_schedule"))?;
    let files = schedule
        .lines()
        .filter_map(|line| line.strip_prefix("test:"))
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect();
    let mut groups = vec![Group {
        name: "regress".to_owned(),
        database: "regression".to_owned(),
        directory: regress,
        files,
    }];
    groups.extend(group("plpgsql", &source.join("src/pl/plpgsql/src")));
    let mut extensions: Vec<PathBuf> = std::fs::read_dir(source.join("contrib"))?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.join("sql").is_dir())
        .collect();
    extensions.sort();
    for directory in extensions {
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        groups.extend(group(&name, &directory));
    }
    Ok(groups)
}

/// The files of the Makefile's `REGRESS`.
fn group(name: &str, directory: &Path) -> Option<Group> {
    let makefile = std::fs::read_to_string(directory.join("Makefile")).ok()?;
    let joined = makefile.replace("\\\n", " ");
    let list = joined.lines().find_map(|line| {
        line.strip_prefix("REGRESS ")
            .or_else(|| line.strip_prefix("REGRESS="))
    })?;
    let files: Vec<String> = list
        .trim_start_matches([' ', '\t', '='])
        .split_whitespace()
        .filter(|f| directory.join("sql").join(format!("{f}.sql")).is_file())
        .map(str::to_owned)
        .collect();
    Some(Group {
        name: name.to_owned(),
        database: format!("suite_{}", name.replace('-', "_")),
        directory: directory.to_owned(),
        files,
    })
}
