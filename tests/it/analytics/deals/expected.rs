//! Deals, counted row by row.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;
use minicrm::proto::{
    CurrencyFunnel, CurrencySummary, DealStage, DealStatus, DealStatusSummary, FunnelStage,
};

use super::{STAGES, STATUSES};
use crate::support::App;

/// Midnight of a day, in UTC.
pub const DAY: i64 = 1_772_323_200;

/// A row of the table; times in microseconds of that day, amounts in hundredths.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    #[diesel(sql_type = Text)]
    pub owner_user_id: String,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    stage: String,
    #[diesel(sql_type = Text)]
    reached_stage: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = BigInt)]
    pub create_time: i64,
}

impl Row {
    fn status(&self) -> DealStatus {
        DealStatus::from_str_name(&format!("DEAL_STATUS_{}", self.status)).unwrap()
    }

    fn stage(&self) -> DealStage {
        DealStage::from_str_name(&format!("DEAL_STAGE_{}", self.stage)).unwrap()
    }

    /// How many stages it has reached.
    fn reached(&self) -> usize {
        if self.status == "WON" || (self.stage == "CLOSED" && self.status != "LOST") {
            return 4;
        }
        let reached = DealStage::from_str_name(&format!("DEAL_STAGE_{}", self.reached_stage));
        STAGES
            .iter()
            .position(|stage| reached == Some(*stage))
            .unwrap()
            + 1
    }
}

/// All deals.
pub async fn rows(app: &App) -> Vec<Row> {
    sql_query(format!(
        "SELECT coalesce(owner_user_id::text, '') AS owner_user_id, currency, status, stage,
                reached_stage, (amount * 100)::bigint AS amount,
                (extract(epoch FROM create_time) * 1000000)::bigint - {DAY}::bigint * 1000000
                    AS create_time
         FROM deals"
    ))
    .get_results(&mut app.database().await)
    .await
    .unwrap()
}

/// Hundredths as an amount of the currency.
fn text(hundredths: i128, currency: &str) -> String {
    if currency == "JPY" {
        assert_eq!(hundredths % 100, 0);
        return (hundredths / 100).to_string();
    }
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a Row>) -> i128 {
    rows.into_iter().map(|row| i128::from(row.amount)).sum()
}

/// The sum, divided and rounded half up.
fn average(rows: &[&Row], currency: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let unit = if currency == "JPY" { 100 } else { 1 };
    let (sum, count) = (
        sum(rows.iter().copied()) / unit,
        i128::try_from(rows.len()).unwrap(),
    );
    text((2 * sum + count) / (2 * count) * unit, currency)
}

fn count<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn with_status<'a>(rows: &[&'a Row], status: DealStatus) -> Vec<&'a Row> {
    let rows = rows.iter().copied();
    rows.filter(|row| row.status() == status).collect()
}

fn by_status(currency: &str, rows: &[&Row]) -> Vec<DealStatusSummary> {
    let summaries = STATUSES.map(|status| {
        let rows = with_status(rows, status);
        DealStatusSummary {
            status: status.into(),
            deals: count(&rows),
            amount: text(sum(rows), currency),
        }
    });
    summaries.into()
}

/// The row of these deals, which are all new.
pub fn expected_summary(currency: &str, rows: &[&Row]) -> CurrencySummary {
    let [won, lost] = [DealStatus::Won, DealStatus::Lost].map(|status| with_status(rows, status));
    CurrencySummary {
        currency: currency.to_owned(),
        deals: count(rows),
        amount: text(sum(rows.iter().copied()), currency),
        by_status: by_status(currency, rows),
        average_won_amount: average(&won, currency),
        win_rate: ratio(count(&won), count(&won) + count(&lost)),
        new_deals: count(rows),
    }
}

/// The funnel of these deals.
pub fn expected_funnel(currency: &str, rows: &[&Row]) -> CurrencyFunnel {
    let reached = |place| {
        let rows = rows.iter().filter(|row| row.reached() > place);
        count(&rows.collect::<Vec<_>>())
    };
    let stages = (0..4).map(|place| {
        let here = rows.iter().copied();
        let here: Vec<_> = here.filter(|row| row.stage() == STAGES[place]).collect();
        let before = place.checked_sub(1).map(reached);
        FunnelStage {
            stage: STAGES[place].into(),
            deals: count(&here),
            amount: text(sum(here.iter().copied()), currency),
            by_status: by_status(currency, &here),
            reached: reached(place),
            conversion_percent: before
                .and_then(|before| ratio(reached(place), before))
                .map(|ratio| ratio * 100.0),
        }
    });
    CurrencyFunnel {
        currency: currency.to_owned(),
        stages: stages.collect(),
    }
}
