//! An operator as it is stored.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::{
    ids::{OperatorId, UserId},
    schema::operators,
};

/// A row of `operators`.
#[derive(Debug, Clone, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = operators, check_for_backend(diesel::pg::Pg))]
pub struct Operator {
    pub id: OperatorId,
    pub name: String,
    pub active: bool,
    pub load_limit: Option<i32>,
    pub window_limit: Option<i32>,
    pub window_seconds: i32,
    pub load: i32,
    pub user_id: Option<UserId>,
    pub revision: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
    pub delete_time: Option<DateTime<Utc>>,
}
