//! What capacities an engine version takes.

use super::looks::{CLUSTER, clusters, gone, look, unread};
use super::*;
use crate::aws::Seen;
use crate::aws::aurora::{Capacities, EngineVersion};

fn of(version: Option<&str>) -> Id {
    let version = version.map(Into::into);
    Id { capacities_of: Some(EngineVersion { engine: "aurora-postgresql".into(), version }), ..id() }
}

fn features(min: &str, max: &str) -> String {
    format!(
        "<ServerlessV2FeaturesSupport><MinCapacity>{min}</MinCapacity><MaxCapacity>{max}</MaxCapacity>\
         </ServerlessV2FeaturesSupport>"
    )
}

fn version(name: &str, features: &str) -> String {
    format!("<DBEngineVersion><EngineVersion>{name}</EngineVersion>{features}</DBEngineVersion>")
}

fn versions(list: &[String]) -> String {
    format!("<DBEngineVersions>{}</DBEngineVersions>", list.concat())
}

fn platform(name: &str, default: bool, features: &str) -> String {
    format!(
        "<ServerlessV2PlatformVersions><member>\
         <ServerlessV2PlatformVersion>{name}</ServerlessV2PlatformVersion><IsDefault>{default}</IsDefault>{features}\
         </member></ServerlessV2PlatformVersions>"
    )
}

const ENGINES: &str = "DescribeDBEngineVersions";
const PLATFORMS: &str = "DescribeServerlessV2PlatformVersions";

fn scripted(engines: &str) -> Wire {
    gone().answering(ENGINES, engines).answering(PLATFORMS, &platform("3", true, &features("0", "256")))
}

fn between(min: f64, max: f64) -> Seen<Capacities> {
    Seen::Present(Capacities { min, max })
}

#[tokio::test]
async fn without_a_version_the_default_one_counts() {
    let wire = scripted(&versions(&[version("16.4", &features("0.5", "128"))]));
    assert_eq!(look(&wire, &of(None)).await.capacities, between(0.5, 128.0));
    let asked = wire.once(ENGINES).members();
    assert_eq!(asked, members(&[("Engine", "aurora-postgresql"), ("DefaultOnly", "true")]));
    let asked = wire.once(PLATFORMS).members();
    assert_eq!(asked, members(&[("Engine", "aurora-postgresql"), ("DefaultOnly", "true")]));
}

#[tokio::test]
async fn of_a_prefix_the_latest_version_counts_by_number() {
    let wire = scripted(&versions(&[
        version("16.9", &features("0.5", "128")),
        version("16.10", &features("0", "256")),
        version("16.2", &features("0.5", "128")),
    ]));
    assert_eq!(look(&wire, &of(Some("16"))).await.capacities, between(0.0, 256.0));
    assert_eq!(wire.once(ENGINES).members()["EngineVersion"], "16");
}

#[tokio::test]
async fn a_prefix_that_aws_does_not_know_is_looked_for_among_all() {
    let wire = scripted("<DBEngineVersions/>")
        .answering(ENGINES, &(versions(&[version("15.4", &features("0.5", "128"))]) + "<Marker>m</Marker>"))
        .answering(ENGINES, &versions(&[version("16.4", &features("0", "256"))]));
    assert_eq!(look(&wire, &of(Some("16"))).await.capacities, between(0.0, 256.0));
    assert!(!wire.asked(ENGINES)[1].members().contains_key("EngineVersion"));
}

#[tokio::test]
async fn a_version_that_is_not_there_or_not_serverless_is_absent() {
    let other = scripted(&versions(&[version("15.4", &features("0", "256"))]));
    assert_eq!(look(&other, &of(Some("16.1"))).await.capacities, Seen::Absent);
    let old = scripted(&versions(&[version("16.1", "")]));
    assert_eq!(look(&old, &of(Some("16.1"))).await.capacities, Seen::Absent);
}

#[tokio::test]
async fn the_clusters_own_platform_version_sets_a_limit_too() {
    let cluster = format!("{CLUSTER}<ServerlessV2PlatformVersion>1</ServerlessV2PlatformVersion>");
    let wire = Wire::new()
        .answering("DescribeDBClusters", &clusters(&cluster))
        .answering("DescribeDBInstances", "<DBInstances/>")
        .answering(ENGINES, &versions(&[version("16.4", &features("0", "256"))]))
        .answering(PLATFORMS, &platform("1", false, &features("0", "128")));
    assert_eq!(look(&wire, &of(Some("16.4"))).await.capacities, between(0.0, 128.0));
    assert_eq!(wire.once(PLATFORMS).members()["ServerlessV2PlatformVersion"], "1");
}

#[tokio::test]
async fn what_cannot_be_read_is_unread() {
    let wire = gone().answering(ENGINES, &versions(&[version("16.4", &features("0", "256"))])).refusing(
        PLATFORMS,
        403,
        "AccessDenied",
        "no",
    );
    assert!(unread(&look(&wire, &of(Some("16.4"))).await.capacities).contains("AccessDenied"));
    let again = scripted("<Marker>m</Marker>");
    assert!(unread(&look(&again, &of(Some("16.4"))).await.capacities).contains("same marker"));
}
