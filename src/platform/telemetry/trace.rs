//! Which trace a call belongs to, and the spans it is made of. Nobody looks at
//! spans unless traces are sent, or all that is traced is logged.

use std::fmt;

use tonic::codegen::http::HeaderMap;

/// What the spans of traces are known by. The macro needs it to be a literal.
macro_rules! span {
    ($($fields:tt)*) => {
        tracing::trace_span!(target: "minicrm::spans", $($fields)*)
    };
}
pub(crate) use span;

/// The id of a trace: the caller's, or a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(u128);

impl TraceId {
    /// With this number.
    pub fn new(id: u128) -> Self {
        Self(id)
    }

    /// A new one.
    pub fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The span of the caller that a call is made in, as W3C Trace Context has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// The trace.
    pub trace_id: u128,
    /// The span.
    pub span_id: u64,
    /// Whether the trace is to be kept.
    pub sampled: bool,
}

impl Parent {
    /// The one that a call names, if it does so properly.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get("traceparent")?.to_str().ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hexadecimal(parts.next()?, 2)?;
        let trace_id = hexadecimal(parts.next()?, 32)?;
        let span_id = hexadecimal(parts.next()?, 16)?;
        let flags = hexadecimal(parts.next()?, 2)?;
        // Later versions may have more parts.
        let proper = version < 0xff && (version > 0 || parts.next().is_none());
        (proper && trace_id != 0 && span_id != 0).then_some(Self {
            trace_id,
            span_id: u64::try_from(span_id).ok()?,
            sampled: flags & 1 == 1,
        })
    }
}

/// A number of so many digits, all of them lower case.
fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let proper = text.len() == digits && text.bytes().all(lower);
    u128::from_str_radix(text, 16).ok().filter(|_| proper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_read_as_the_recommendation_has_it() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = Parent {
            trace_id: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
            span_id: 0x00f0_67aa_0ba9_02b7,
            sampled: true,
        };
        assert_eq!(TraceId::new(parent.trace_id).to_string(), trace);
        let text = format!("00-{trace}-00f067aa0ba902b7-01");
        assert_eq!(Parent::parse(&text), Some(parent));
        assert_eq!(
            Parent::parse(&format!("01{}-more", &text[2..])),
            Some(parent)
        );
        let unsampled = Parent {
            sampled: false,
            ..parent
        };
        assert_eq!(Parent::parse(&format!("{}0", &text[..54])), Some(unsampled));
        for wrong in [
            "",
            "00",
            &text[..54],
            &format!("{text}-more"),
            &format!("ff{}", &text[2..]),
            &text.replace(trace, &"0".repeat(32)),
            &text.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &text.to_uppercase(),
            &text.replace("00f067", "+0f067"),
        ] {
            assert_eq!(Parent::parse(wrong), None, "{wrong}");
        }
    }
}
