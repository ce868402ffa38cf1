//! Engine versions: compared by component, never as text ("15.1" is a text prefix of "15.12"), aws-rds.md 1.6. Those of
//! Aurora MySQL are two in one, `8.0.mysql_aurora.3.08.0`: where both have it, the part of Aurora is compared.

use std::cmp::Ordering;

/// Whether an observed version satisfies a wanted one: "16" is satisfied by "16.4", "15.1" not by "15.12".
pub fn satisfies(observed: &str, wanted: &str) -> bool {
    let (observed, wanted) = comparable(observed, wanted);
    observed.len() >= wanted.len() && observed.iter().zip(&wanted).all(|(o, w)| compare(o, w).is_eq())
}

/// Whether `to` lies above `from`, in the components that both have.
pub fn is_above(to: &str, from: &str) -> bool {
    let (to, from) = comparable(to, from);
    to.iter().zip(&from).map(|(a, b)| compare(a, b)).find(|order| order.is_ne()).is_some_and(Ordering::is_gt)
}

/// Whether going from one version to the other crosses a major boundary: the first component, for mysql, mariadb and
/// postgres below 10 the first two (8.0 to 8.4 and 10.6 to 10.11 are major), for Aurora MySQL the first of Aurora's part.
pub fn is_major_change(engine: &str, from: &str, to: &str) -> bool {
    let depth = match (aurora(from), aurora(to)) {
        (Some(_), Some(_)) => 1,
        _ => major_depth(engine, components(from).first().copied().unwrap_or_default()),
    };
    let (from, to) = comparable(from, to);
    from.iter().zip(&to).take(depth).any(|(a, b)| compare(a, b).is_ne())
}

/// DBParameterGroupFamily of an engine version, e.g. `postgres16`, `mysql8.0`, `oracle-ee-19`, `sqlserver-se-15.0`.
pub fn family(engine: &str, version: &str) -> String {
    let parts = components(version);
    let first = parts.first().copied().unwrap_or_default();
    let two = || format!("{first}.{}", parts.get(1).copied().unwrap_or("0"));
    match engine {
        "mysql" | "mariadb" | "aurora-mysql" => format!("{engine}{}", two()),
        "postgres" if first == "9" => format!("{engine}{}", two()),
        engine if engine.starts_with("oracle") => format!("{engine}-{first}"),
        // RDS names the families of SQL Server after major and a zero minor.
        engine if engine.starts_with("sqlserver") => format!("{engine}-{first}.0"),
        engine => format!("{engine}{first}"),
    }
}

fn major_depth(engine: &str, first: &str) -> usize {
    match engine {
        "mysql" | "mariadb" | "aurora-mysql" => 2,
        "postgres" if first == "9" => 2,
        _ => 1,
    }
}

/// The components of both that can be compared.
fn comparable<'a>(one: &'a str, other: &'a str) -> (Vec<&'a str>, Vec<&'a str>) {
    match (aurora(one), aurora(other)) {
        (Some(one), Some(other)) => (components(one), components(other)),
        _ => (components(one), components(other)),
    }
}

/// `3.08.0` of `8.0.mysql_aurora.3.08.0`.
fn aurora(version: &str) -> Option<&str> {
    version.split_once("mysql_aurora.").map(|(_, own)| own)
}

fn components(version: &str) -> Vec<&str> {
    version.split('.').filter(|part| !part.is_empty()).collect()
}

fn compare(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_component() {
        for (observed, wanted, same) in [
            ("16.4", "16", true),
            ("16.4", "16.4", true),
            ("15.12", "15.1", false),
            ("15.1", "15.12", false),
            ("8.0.40", "8.0", true),
            ("8.4.3", "8.0", false),
            ("19.0.0.0.ru-2024-10.rur-2024-10.r1", "19", true),
            ("16", "16.4", false),
            ("15.00.4345.5.v1", "15.0", true),
            ("8.0.mysql_aurora.3.08.0", "8.0.mysql_aurora.3", true),
            ("8.0.mysql_aurora.3.08.0", "8.0.mysql_aurora.3.8", true),
            ("8.0.mysql_aurora.3.10.0", "8.0.mysql_aurora.3.1", false),
            ("8.0.mysql_aurora.3.08.0", "8.0", true),
            ("5.7.mysql_aurora.2.12.0", "8.0.mysql_aurora.3", false),
        ] {
            assert_eq!(satisfies(observed, wanted), same, "{observed} for {wanted}");
        }
    }

    #[test]
    fn above_is_numeric() {
        for (to, from, above) in [
            ("15.12", "15.2", true),
            ("15.2", "15.12", false),
            ("16", "16.4", false),
            ("17", "16.4", true),
            ("8.0.mysql_aurora.3.10.0", "8.0.mysql_aurora.3.08.2", true),
            ("8.0.mysql_aurora.3.08.0", "8.0.mysql_aurora.3.10.0", false),
            ("8.0.mysql_aurora.3.04.0", "5.7.mysql_aurora.2.12.0", true),
        ] {
            assert_eq!(is_above(to, from), above, "{to} above {from}");
        }
    }

    #[test]
    fn mysql_and_mariadb_have_two_component_majors() {
        for (engine, from, to, major) in [
            ("postgres", "15.4", "16", true),
            ("postgres", "16.1", "16.4", false),
            ("postgres", "9.5.2", "9.6", true),
            ("postgres", "9.6.1", "10", true),
            ("sqlserver-se", "15.00.4345.5.v1", "15.0", false),
            ("mysql", "8.0.36", "8.4", true),
            ("mysql", "8.0.36", "8.0.40", false),
            ("mariadb", "10.6.14", "10.11", true),
            ("oracle-ee", "19.0.0.0", "21", true),
            ("sqlserver-se", "15.00.4345.5.v1", "16", true),
            ("aurora-postgresql", "15.4", "16", true),
            ("aurora-postgresql", "16.1", "16.4", false),
            ("aurora-mysql", "5.7.mysql_aurora.2.12.0", "8.0.mysql_aurora.3", true),
            ("aurora-mysql", "8.0.mysql_aurora.3.04.0", "8.0.mysql_aurora.3.10.0", false),
            ("aurora-mysql", "8.0.mysql_aurora.3.04.0", "8.4", true),
        ] {
            assert_eq!(is_major_change(engine, from, to), major, "{engine} {from} -> {to}");
        }
    }

    #[test]
    fn families_follow_the_engine() {
        for (engine, version, name) in [
            ("postgres", "16.4", "postgres16"),
            ("mysql", "8.0.40", "mysql8.0"),
            ("mysql", "8.4", "mysql8.4"),
            ("mariadb", "10.11.6", "mariadb10.11"),
            ("oracle-ee", "19.0.0.0.ru-2024", "oracle-ee-19"),
            ("sqlserver-se", "15.00.4345.5.v1", "sqlserver-se-15.0"),
            ("aurora-postgresql", "16.4", "aurora-postgresql16"),
            ("aurora-mysql", "8.0.mysql_aurora.3.08.0", "aurora-mysql8.0"),
            ("aurora-mysql", "5.7.mysql_aurora.2.12.0", "aurora-mysql5.7"),
        ] {
            assert_eq!(family(engine, version), name);
        }
    }
}
