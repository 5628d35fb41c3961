//! Certificates in files, as PEM.

use std::{fmt::Display, path::Path};

use tokio_rustls::rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// The authorities in a file.
pub fn authorities(pem: &[u8], path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(pem, path)? {
        roots
            .add(authority)
            .map_err(|error| unusable(path, &error))?;
    }
    Ok(roots)
}

/// The certificates in a file, of which there must be one at least.
pub fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => {
            Err(unusable(path, &"there is no certificate in it"))
        }
        read => read.map_err(|error| unusable(path, &error)),
    }
}

/// What is said of a file that cannot be used.
pub fn unusable(path: &Path, error: &impl Display) -> String {
    format!("cannot use {}: {error}", path.display())
}
