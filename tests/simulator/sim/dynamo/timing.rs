//! How long things take.

/// How long AWS takes, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// After a create, before DescribeTable finds the table.
    pub listed: i64,
    /// After a create, before TTL, recovery and tags are found.
    pub facts: i64,
    pub create: i64,
    /// After ACTIVE, before continuous backups are available.
    pub recovery: i64,
    pub stream: i64,
    pub throughput: i64,
    /// The first switch of the billing mode; repeats take as long as a change of throughput.
    pub billing: i64,
    pub class: i64,
    pub encryption: i64,
    pub warm: i64,
    /// Of a new index, while the table is UPDATING.
    pub allocation: i64,
    /// Of a new index, while the table is ACTIVE.
    pub backfill: i64,
    pub index_delete: i64,
    pub replica: i64,
    /// Until a restored or imported table is ACTIVE.
    pub restore: i64,
    /// From then on until the import is at its end.
    pub import: i64,
    pub backup: i64,
    pub delete: i64,
    /// ENABLING and DISABLING of TTL, insights and Kinesis destinations.
    pub feature: i64,
}

impl Timing {
    /// As DynamoDB, with the longest waits shortened.
    pub fn real() -> Self {
        Self {
            listed: 4,
            facts: 7,
            create: 9,
            recovery: 5,
            stream: 5,
            throughput: 2,
            billing: 100,
            class: 5,
            encryption: 22,
            warm: 300,
            allocation: 40,
            backfill: 500,
            index_delete: 4,
            replica: 200,
            restore: 240,
            import: 120,
            backup: 20,
            delete: 12,
            feature: 30,
        }
    }

    /// The same shape in few rounds, for loops over every call.
    pub fn quick() -> Self {
        Self {
            listed: 2,
            facts: 4,
            create: 5,
            recovery: 3,
            stream: 4,
            throughput: 2,
            billing: 12,
            class: 4,
            encryption: 12,
            warm: 15,
            allocation: 8,
            backfill: 14,
            index_delete: 4,
            replica: 15,
            restore: 60,
            import: 12,
            backup: 8,
            delete: 8,
            feature: 6,
        }
    }

    /// Everything holds as soon as it is accepted.
    pub fn instant() -> Self {
        Self {
            listed: 0,
            facts: 0,
            create: 0,
            recovery: 0,
            stream: 0,
            throughput: 0,
            billing: 0,
            class: 0,
            encryption: 0,
            warm: 0,
            allocation: 0,
            backfill: 0,
            index_delete: 0,
            replica: 0,
            restore: 0,
            import: 0,
            backup: 0,
            delete: 0,
            feature: 0,
        }
    }
}
