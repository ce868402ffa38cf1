//! Every life ends where its manifest says.

use crate::sim::Sim;
use crate::sim::builder::rds;

#[test]
fn a_new_object_becomes_a_database_with_a_secret_that_opens_it() {
    let mut sim = Sim::new();
    let key = sim.apply(rds());
    sim.settle();
    sim.must_open(&key);
    assert_eq!(sim.sent("CreateDBInstance"), 1);
    println!("{}", sim.report());
}
