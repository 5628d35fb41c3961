//! TLS to Postgres: whose certificate is trusted, and which one is shown.

use std::{fs, path::Path, sync::Arc};

use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

use crate::platform::{
    files,
    pem::{authorities, certificates, unusable},
};

/// Who may be the server.
pub enum Trust<'a> {
    /// Whoever answers.
    Anybody,
    /// Who has a certificate of the authorities in this file, for whatever name.
    Authorities(&'a Path),
    /// Who has one for the name that was asked for.
    Name(&'a Path),
    /// The same, of the authorities that the system trusts.
    System,
}

/// What connections are encrypted with; `cert` and `key` are files of a certificate
/// to show. The error is a message for the terminal.
pub fn config(
    trust: &Trust<'_>,
    cert: Option<&Path>,
    key: Option<&Path>,
) -> Result<ClientConfig, String> {
    let provider = ring::default_provider();
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let nameless = |roots| Arc::new(Nameless { roots, algorithms });
    let builder = match trust {
        Trust::Anybody => builder
            .dangerous()
            .with_custom_certificate_verifier(nameless(None)),
        Trust::Authorities(file) => builder
            .dangerous()
            .with_custom_certificate_verifier(nameless(Some(authorities(&read(file)?, file)?))),
        Trust::Name(file) => builder.with_root_certificates(authorities(&read(file)?, file)?),
        Trust::System => builder.with_root_certificates(system()?),
    };
    let mut config = match (cert, key) {
        (None, None) => builder.with_no_client_auth(),
        (Some(cert), Some(key)) => {
            let chain = certificates(&read(cert)?, cert)?;
            let secret = PrivateKeyDer::from_pem_slice(&files::read_named_secret(key)?)
                .map_err(|error| unusable(key, &error))?;
            builder
                .with_client_auth_cert(chain, secret)
                .map_err(|error| unusable(cert, &error))?
        }
        _ => return Err("sslcert and sslkey need each other".to_owned()),
    };
    // Postgres asks for it where TLS is all that is spoken from the start.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(config)
}

fn system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("the system has no authorities to trust".to_owned());
    }
    Ok(roots)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| unusable(path, &error))
}

/// Trusts a certificate whatever name it is for: of these authorities, if there
/// are any, else any at all. Its key is asked for in either case.
#[derive(Debug)]
struct Nameless {
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Nameless {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(end_entity)?,
                roots,
                intermediates,
                now,
                self.algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
