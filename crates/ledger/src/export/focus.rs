//! FOCUS 1.2 (FinOps open cost and usage specification): one CSV row per finished call that was metered.
//!
//! Columns the gateway has no answer to stay empty, which is null. The last two are its own (`x_`). A row covers the hour
//! the call began in. The sum of `EffectiveCost` is the sum of the records' costs, exactly.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Site;
use crate::record::{Record, RecordType, Stage};
use crate::text::printable;
use crate::usd::Usd;

const PROVIDER: &str = "wardgate";

pub(super) fn header() -> String {
    let names: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
    names.join(",")
}

/// `None` for what is not a finished call, or costs nothing and is not metered.
pub(super) fn row(record: &Record, site: &Site) -> Option<String> {
    let metered = record.kind == RecordType::TOOL_CALL && record.stage == Stage::Complete;
    let cost = record.cost.filter(|_| metered)?;
    let usage = Usage {
        record,
        site,
        usd: decimal(cost.usd.unwrap_or(Usd::ZERO)),
        period: Period::of(record)?,
    };
    let cells: Vec<_> = COLUMNS
        .iter()
        .map(|(_, cell)| quoted(&cell(&usage)))
        .collect();
    Some(cells.join(","))
}

/// With a decimal, so that readers that guess types see the decimal number the specification wants.
fn decimal(usd: Usd) -> String {
    let text = usd.to_string();
    match text.contains('.') {
        true => text,
        false => format!("{text}.0"),
    }
}

struct Usage<'a> {
    record: &'a Record,
    site: &'a Site,
    usd: String,
    period: Period,
}

type Cell = fn(&Usage<'_>) -> String;

const NULL: Cell = |_| String::new();
/// As [`decimal`].
const ONE: Cell = |_| "1.0".to_owned();
const CALLS: Cell = |_| "Calls".to_owned();
const COST: Cell = |usage| usage.usd.clone();
const PROVIDED: Cell = |_| PROVIDER.to_owned();
const TENANT: Cell = |usage| usage.record.who.tenant.to_string();
const LOG: Cell = |usage| usage.site.log.clone();
const SKU: Cell = |usage| usage.sku();
const TOOL: Cell = |usage| usage.tool().to_owned();

const COLUMNS: &[(&str, Cell)] = &[
    ("AvailabilityZone", NULL),
    ("BilledCost", COST),
    ("BillingAccountId", LOG),
    ("BillingAccountName", LOG),
    ("BillingCurrency", |_| "USD".to_owned()),
    ("BillingPeriodEnd", |usage| usage.period.month_end.clone()),
    ("BillingPeriodStart", |usage| usage.period.month.clone()),
    ("ChargeCategory", |_| "Usage".to_owned()),
    ("ChargeClass", NULL),
    ("ChargeDescription", |usage| {
        format!("Call of {}", usage.sku())
    }),
    ("ChargeFrequency", |_| "Usage-Based".to_owned()),
    ("ChargePeriodEnd", |usage| usage.period.hour_end.clone()),
    ("ChargePeriodStart", |usage| usage.period.hour.clone()),
    ("CommitmentDiscountCategory", NULL),
    ("CommitmentDiscountId", NULL),
    ("CommitmentDiscountName", NULL),
    ("CommitmentDiscountStatus", NULL),
    ("CommitmentDiscountType", NULL),
    ("ConsumedQuantity", ONE),
    ("ConsumedUnit", CALLS),
    ("ContractedCost", COST),
    ("ContractedUnitPrice", COST),
    ("EffectiveCost", COST),
    ("InvoiceId", NULL),
    ("InvoiceIssuerName", PROVIDED),
    ("ListCost", COST),
    ("ListUnitPrice", COST),
    ("PricingCategory", |_| "Standard".to_owned()),
    ("PricingQuantity", ONE),
    ("PricingUnit", CALLS),
    ("ProviderName", PROVIDED),
    ("PublisherName", PROVIDED),
    ("RegionId", NULL),
    ("RegionName", NULL),
    ("ResourceId", SKU),
    ("ResourceName", TOOL),
    ("ResourceType", |_| "Tool".to_owned()),
    ("ServiceCategory", |_| "AI and Machine Learning".to_owned()),
    ("ServiceName", |usage| usage.service()),
    ("ServiceSubcategory", |_| "AI Platforms".to_owned()),
    ("SkuId", SKU),
    ("SkuPriceId", SKU),
    ("SubAccountId", TENANT),
    ("SubAccountName", TENANT),
    ("Tags", |usage| usage.tags()),
    ("x_principal", |usage| {
        shown(usage.record.who.principal.as_ref())
    }),
    ("x_error_type", |usage| {
        shown(
            usage
                .record
                .outcome
                .as_ref()
                .and_then(|o| o.error_type.as_ref()),
        )
    }),
];

fn shown(part: Option<&impl ToString>) -> String {
    part.map(ToString::to_string).unwrap_or_default()
}

impl Usage<'_> {
    fn tool(&self) -> &str {
        self.record
            .what
            .tool
            .as_ref()
            .map_or(PROVIDER, |tool| tool.as_str())
    }

    /// `refund_create@2.3.1`
    fn sku(&self) -> String {
        match &self.record.what.version {
            Some(version) => format!("{}@{version}", self.tool()),
            None => self.tool().to_owned(),
        }
    }

    fn service(&self) -> String {
        let server = self.record.what.server.as_ref();
        server.map_or(PROVIDER.to_owned(), ToString::to_string)
    }

    fn tags(&self) -> String {
        let toolset = self
            .record
            .what
            .toolset
            .as_ref()
            .map(|toolset| toolset.as_str());
        let tags = [
            ("environment", self.site.environment.as_deref()),
            ("toolset", toolset),
        ];
        let tags = tags
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        serde_json::to_string(&tags.collect::<BTreeMap<_, _>>()).expect("texts serialise")
    }
}

/// The month and the hour of a call, with their ends, as FOCUS writes times.
struct Period {
    month: String,
    month_end: String,
    hour: String,
    hour_end: String,
}

impl Period {
    /// `None` for a time at the end of the calendar, some 8000 years away.
    fn of(record: &Record) -> Option<Period> {
        let at = TimeZone::UTC.to_datetime(record.ts);
        let month = at
            .date()
            .first_of_month()
            .to_datetime(jiff::civil::Time::midnight());
        let hour = at.date().at(at.hour(), 0, 0, 0);
        let text = |at: DateTime| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Some(Period {
            month_end: text(month.checked_add(jiff::Span::new().months(1)).ok()?),
            hour_end: text(hour.checked_add(jiff::Span::new().hours(1)).ok()?),
            month: text(month),
            hour: text(hour),
        })
    }
}

/// One cell (RFC 4180). What a spreadsheet would run as a formula gets an apostrophe before it.
fn quoted(cell: &str) -> String {
    let cell = printable(cell);
    let formula = cell.starts_with(['=', '+', '-', '@']);
    let cell = if formula {
        format!("'{cell}").into()
    } else {
        cell
    };
    match cell.contains([',', '"', ' ']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.into_owned(),
    }
}
