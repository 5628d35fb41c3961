//! Ids of contacts: a `UUIDv7` of the time the contact was created at, by the
//! database's clock, so that a range of times is a range of ids, which every
//! index on contacts ends in.

use chrono::{DateTime, Utc};
use rand::Rng;
use uuid::{Builder, Uuid};

/// A new id for the contact with this index among those created at `time`: ids of one time
/// are in the order of their indices, as far as there are 4096.
pub fn id_at(rng: &mut impl Rng, time: DateTime<Utc>, index: usize) -> Uuid {
    let mut random = random(rng);
    let [.., high, low] = index.to_be_bytes();
    random[0] = high & 0x0f;
    random[1] = low;
    Builder::from_unix_timestamp_millis(millis(time), &random).into_uuid()
}

/// The same for things that come one after the other within a millisecond, in transactions
/// of their own: ids are in the order of the microsecond, and then of their indices.
pub fn ordered_id_at(rng: &mut impl Rng, time: DateTime<Utc>, index: usize) -> Uuid {
    let mut random = random(rng);
    let [.., high, low] = (time.timestamp_subsec_micros() % 1000).to_be_bytes();
    random[0] = high;
    random[1] = low;
    let [.., high, low] = index.to_be_bytes();
    random[2] = high & 0x3f;
    random[3] = low;
    Builder::from_unix_timestamp_millis(millis(time), &random).into_uuid()
}

fn random(rng: &mut impl Rng) -> [u8; 10] {
    let mut random = [0; 10];
    rng.fill_bytes(&mut random);
    random
}

/// The least id of contacts created at `time` or later. Of those created before,
/// only some of the same millisecond have a greater one.
pub fn first_id_at(time: DateTime<Utc>) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis(time).to_be_bytes()[2..]);
    Uuid::from_bytes(bytes)
}

fn millis(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_are_in_the_order_of_time_and_index(
            micros in 0_i64..4_000_000_000_000_000,
            later in 1_000_i64..1_000_000_000,
            index in 0_usize..4095,
        ) {
            let time = DateTime::from_timestamp_micros(micros).unwrap();
            let later = DateTime::from_timestamp_micros(micros + later).unwrap();
            let rng = &mut rand::rng();
            let id = id_at(rng, time, index);
            prop_assert_eq!(id.get_version_num(), 7);
            prop_assert!(first_id_at(time) <= id);
            prop_assert!(id < id_at(rng, time, index + 1));
            prop_assert!(id < first_id_at(later));
            let id = ordered_id_at(rng, time, index);
            prop_assert_eq!(id.get_version_num(), 7);
            prop_assert!(first_id_at(time) <= id);
            prop_assert!(id < ordered_id_at(rng, time, index + 1));
            prop_assert!(id < ordered_id_at(rng, time + TimeDelta::microseconds(1), 0));
        }
    }
}
