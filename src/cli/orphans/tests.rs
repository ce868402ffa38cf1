use std::collections::BTreeMap;

use clap::{CommandFactory, Parser};

use super::*;

const GUIDE: &str = include_str!("../../../docs/operations.md");

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    flags: OrphanFlags,
}

fn flags(more: &[&str]) -> Result<OrphanFlags, String> {
    let line = ["awsdb", "--installation=prod"].iter().chain(more);
    Line::try_parse_from(line).map(|line| line.flags).map_err(|error| error.to_string())
}

#[test]
fn without_a_region_it_looks_where_the_caller_and_the_objects_are() {
    let looked = |more: &[&str]| {
        let of_objects = ["us-east-1", "eu-west-1"].map(String::from).into_iter();
        flags(more).unwrap().regions(of_objects, "eu-west-1").into_iter().collect::<Vec<_>>()
    };
    assert_eq!(looked(&[]), ["eu-west-1", "us-east-1"]);
    assert_eq!(looked(&["--region=eu-west-2", "--region=eu-west-3"]), ["eu-west-2", "eu-west-3"]);
}

#[test]
fn what_cannot_be_right_is_refused_with_the_flag_s_name() {
    for (flag, value) in
        [("--installation", "Prod"), ("--region", "mars"), ("--namespace", "Shop"), ("--output", "text")]
    {
        let line = ["awsdb", &format!("{flag}={value}")];
        assert!(Line::try_parse_from(line).unwrap_err().to_string().contains(flag), "{flag}={value}");
    }
}

#[test]
fn what_is_not_judged_is_said_with_the_reason() {
    let verdict = Verdict {
        unjudged: BTreeMap::from([("AuroraServerless".into(), 2)]),
        misshapen: vec![("arn:x".into(), "prod/orders".into())],
        ..Verdict::default()
    };
    let said: Vec<String> = unsaid(&verdict).collect();
    assert_eq!(said[0], "2 tagged things of kind AuroraServerless are not judged: its objects are not known here");
    assert!(said[1].starts_with("arn:x is not judged: awsdb.dev/owner = prod/orders is not"), "{}", said[1]);
}

#[test]
fn the_guide_has_every_flag_and_every_column() {
    let section = GUIDE.split("\n## Orphans").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    for flag in Line::command().get_arguments().filter(|flag| flag.get_id() != "help") {
        let name = format!("--{}", flag.get_long().unwrap());
        assert!(section.contains(&name), "{name}");
    }
    for why in [crate::orphans::Why::NoObject, crate::orphans::Why::NamesAnother, crate::orphans::Why::OtherCluster] {
        assert!(section.contains(&format!("| `{}` |", why.word())), "{}", why.word());
    }
}
