//! Where to listen.

use std::{fmt, io, net::SocketAddr, str::FromStr};

use tokio::net::lookup_host;

/// An address or a name, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The addresses that it stands for now, at least one.
    pub async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let found: Vec<_> = lookup_host(&self.0).await?.collect();
        if found.is_empty() {
            return Err(io::Error::other("it stands for no address"));
        }
        Ok(found)
    }
}

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').unwrap_or_default();
        let bare = host.starts_with('[') || !host.contains(':');
        if host.is_empty() || port.parse::<u16>().is_err() || !bare {
            return Err(
                "not an address or name with a port, like 127.0.0.1:50051 or localhost:50051",
            );
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for right in ["127.0.0.1:0", "[::1]:50051", "localhost:50051"] {
            assert!(right.parse::<Address>().is_ok(), "{right}");
        }
        for wrong in [
            "",
            "localhost",
            ":50051",
            "localhost:",
            "::1:50051",
            "a:70000",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }
}
