//! What is no difference.

use super::*;

#[test]
fn warm_throughput_is_a_floor_in_each_dimension() {
    for (wanted, is, expected) in [
        (Some(warm(100, 50)), Some(warm(100, 50)), Some(warm(100, 50))),
        (Some(warm(100, 50)), Some(warm(200, 60)), Some(warm(200, 60))),
        (Some(warm(300, 50)), Some(warm(200, 60)), Some(warm(300, 60))),
        (Some(warm(300, 50)), None, Some(warm(300, 50))),
        (None, Some(warm(200, 60)), None),
    ] {
        assert_eq!(warm_towards(wanted, is), expected, "{wanted:?} {is:?}");
    }
}

#[test]
fn no_cap_is_minus_one_and_what_is_left_out_keeps_what_it_has() {
    for (wanted, is, expected) in [
        (Some(cap(Some(-1), None)), None, None),
        (Some(cap(Some(-1), Some(-1))), None, None),
        (Some(cap(Some(-1), Some(7))), Some(cap(None, Some(7))), Some(cap(None, Some(7)))),
        (Some(cap(Some(-1), None)), Some(cap(Some(5), Some(7))), Some(cap(Some(-1), Some(7)))),
        (Some(cap(Some(5), None)), Some(cap(Some(5), Some(7))), Some(cap(Some(5), Some(7)))),
        (Some(cap(Some(6), None)), Some(cap(Some(5), Some(7))), Some(cap(Some(6), Some(7)))),
        (Some(cap(None, None)), None, None),
        (None, Some(cap(Some(5), None)), None),
    ] {
        assert_eq!(cap_towards(wanted, is), expected, "{wanted:?} {is:?}");
    }
}

#[test]
fn awss_own_kms_key_cannot_be_told_from_a_customers_unless_it_is_of_many_regions() {
    let of = |type_, key: Option<&str>| Encryption { type_, kms_key_arn: key.map(Into::into) };
    let (owned, managed) = (of(EncryptionType::AwsOwned, None), of(EncryptionType::AwsManaged, None));
    let kms = |key: &str| of(EncryptionType::Kms, Some(key));
    let multi = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1";
    for (wanted, is, in_sync) in [
        (owned.clone(), owned.clone(), true),
        (owned.clone(), kms(KEY), false),
        (managed.clone(), owned.clone(), false),
        (managed.clone(), kms(KEY), true),
        (managed.clone(), kms(multi), false),
        (kms(KEY), kms(KEY), true),
        (kms(KEY), kms(multi), false),
        (kms(KEY), owned, false),
    ] {
        assert_eq!(same_encryption(&wanted, &is), in_sync, "{wanted:?} {is:?}");
    }
}

#[test]
fn a_policy_is_the_same_in_awss_words() {
    let base = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["dynamodb:GetItem","dynamodb:Query"],"Resource":["*"]}]}"#;
    for same in [
        r#"{ "Statement": {"Action": ["dynamodb:Query", "dynamodb:GetItem"], "Effect": "Allow", "Resource": "*", "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}}, "Version": "2012-10-17" }"#,
        base,
    ] {
        assert!(same_policy(base, same) && same_policy(same, base), "{same}");
    }
    for other in [
        base.replace("Allow", "Deny"),
        base.replace("111122223333", "999999999999"),
        base.replace("\"dynamodb:GetItem\",", ""),
        base.replace(r#""Resource":["*"]"#, r#""Resource":["*"],"Condition":{"Bool":{"aws:SecureTransport":true}}"#),
        String::new(),
        "not json".into(),
    ] {
        assert!(!same_policy(base, &other), "{other}");
    }
    let (one, two) = (r#"{"Sid":"1"}"#, r#"{"Sid":"2"}"#);
    let statements = |first: &str, second: &str| format!(r#"{{"Statement":[{first},{second}]}}"#);
    assert!(!same_policy(&statements(one, two), &statements(two, one)), "statements keep their order");
    assert!(same_policy(r#"{"Condition":{"Bool":{"a":true}}}"#, r#"{"Condition":{"Bool":{"a":["true"]}}}"#));
    assert!(same_policy("", " ") && same_policy("broken", "broken") && !same_policy("broken", "other"));
}
