//! Engine versions of Aurora.

/// AWS fills a version up: `16` becomes 16.4, `8.0.mysql_aurora.3` becomes 8.0.mysql_aurora.3.08.0.
pub fn resolved(engine: &str, version: &str) -> String {
    if engine == "aurora-postgresql" {
        return if version.contains('.') { version.into() } else { format!("{version}.4") };
    }
    match version.split_once(".mysql_aurora.") {
        None => format!("{version}.mysql_aurora.3.08.0"),
        Some((_, own)) if own.matches('.').count() == 2 => version.into(),
        Some((_, own)) if own.contains('.') => format!("{version}.0"),
        Some(_) => format!("{version}.08.0"),
    }
}

/// The part of a version that only a major upgrade changes: `16`, `8.0.mysql_aurora.3`.
pub fn major(engine: &str, version: &str) -> String {
    let whole = resolved(engine, version);
    let parts = if engine == "aurora-postgresql" { 1 } else { 4 };
    whole.split('.').take(parts).collect::<Vec<_>>().join(".")
}

/// The numbers of a version, to compare.
pub fn numbers(version: &str) -> Vec<u32> {
    version.split('.').filter_map(|part| part.parse().ok()).collect()
}

/// DBParameterGroupFamily.
pub fn family(engine: &str, version: &str) -> String {
    let whole = resolved(engine, version);
    let parts = if engine == "aurora-postgresql" { 1 } else { 2 };
    format!("{engine}{}", whole.split('.').take(parts).collect::<Vec<_>>().join("."))
}
