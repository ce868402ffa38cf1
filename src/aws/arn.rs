//! ARNs, as far as they say what a thing is: its type, its name and its region.

/// An ARN, taken apart. One of another shape than AWS documents is kept whole as the name of an `unknown` thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arn {
    /// The type, as AWS writes types: `rds:db`, `dynamodb:table`.
    pub resource_type: String,
    /// The name within its type.
    pub name: String,
    /// Empty for what has no region.
    pub region: String,
    /// The whole.
    pub text: String,
}

impl Arn {
    /// Takes `arn:<partition>:<service>:<region>:<account>:<resource>` apart.
    pub fn parse(text: &str) -> Self {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", _, service, region, _, resource] = parts.as_slice() else {
            return Self {
                resource_type: "unknown".into(),
                name: text.into(),
                region: String::new(),
                text: text.into(),
            };
        };
        let (kind, name) = part(service, resource);
        let resource_type = if kind.is_empty() { (*service).to_string() } else { format!("{service}:{kind}") };
        Self { resource_type, name, region: (*region).into(), text: text.into() }
    }

    /// Whether both are the same global table: its replicas have one name, each in its region.
    pub fn is_replica_of(&self, other: &Arn) -> bool {
        self.resource_type == "dynamodb:table" && other.resource_type == self.resource_type && other.name == self.name
    }
}

/// Type and name of a resource: `db:orders`, `table/orders`, `table/orders/backup/0123`, or a bare name.
fn part(service: &str, resource: &str) -> (String, String) {
    let Some((kind, name)) = resource.split_once([':', '/']) else { return (String::new(), resource.into()) };
    let inside = name.split_once('/').filter(|_| service == "dynamodb" && kind == "table");
    match inside.and_then(|(table, rest)| Some((table, rest.split_once('/')?))) {
        Some((table, (kind, name))) => (kind.into(), format!("{table}/{name}")),
        None => (kind.into(), name.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_name_and_region_are_read_from_every_shape_of_arn() {
        for (text, expected) in [
            ("arn:aws:rds:eu-west-1:123456789012:db:shop-orders", ("rds:db", "shop-orders", "eu-west-1")),
            (
                "arn:aws:rds:eu-west-1:123456789012:snapshot:rds:shop-orders-2026-01-01-02-03",
                ("rds:snapshot", "rds:shop-orders-2026-01-01-02-03", "eu-west-1"),
            ),
            ("arn:aws-cn:rds:cn-north-1:123456789012:pg:a", ("rds:pg", "a", "cn-north-1")),
            ("arn:aws:dynamodb:us-east-1:123456789012:table/orders", ("dynamodb:table", "orders", "us-east-1")),
            (
                "arn:aws:dynamodb:us-east-1:123456789012:table/orders/backup/0148-73d8",
                ("dynamodb:backup", "orders/0148-73d8", "us-east-1"),
            ),
            ("arn:aws:dynamodb:us-east-1:123456789012:table/orders/", ("dynamodb:table", "orders/", "us-east-1")),
            (
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1-Ab",
                ("secretsmanager:secret", "rds!db-1-Ab", "us-east-1"),
            ),
            ("arn:aws:s3:::bucket", ("s3", "bucket", "")),
            ("arn:aws:s3:us-east-1", ("unknown", "arn:aws:s3:us-east-1", "")),
            ("shop-orders", ("unknown", "shop-orders", "")),
            ("", ("unknown", "", "")),
        ] {
            let arn = Arn::parse(text);
            assert_eq!((arn.resource_type.as_str(), arn.name.as_str(), arn.region.as_str()), expected, "{text}");
            assert_eq!(arn.text, text);
        }
    }

    #[test]
    fn only_tables_of_one_name_are_replicas_of_each_other() {
        let is_replica = |one: &str, other: &str| Arn::parse(one).is_replica_of(&Arn::parse(other));
        assert!(is_replica("arn:aws:dynamodb:us-east-1:1:table/a", "arn:aws:dynamodb:eu-west-1:1:table/a"));
        assert!(!is_replica("arn:aws:dynamodb:us-east-1:1:table/a", "arn:aws:dynamodb:eu-west-1:1:table/b"));
        assert!(!is_replica("arn:aws:rds:us-east-1:1:db:a", "arn:aws:rds:eu-west-1:1:db:a"));
    }
}
