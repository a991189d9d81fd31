//! TLS as libpq's `sslmode` means it: whom the server's certificate must come from, and whether it must bear its name.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

/// Whose certificates are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Anybody's: what is said is hidden from those who only listen.
    Anybody,
    /// Theirs whom this file names.
    File(PathBuf, Names),
    /// Theirs whom the system trusts, with the server's name in it.
    System,
}

/// Whether a certificate must bear the server's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// It must.
    Checked,
    /// Any name will do.
    Unchecked,
}

/// Makes TLS of a connection.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// For a server that is trusted so, as a client with a certificate and its key, or with none.
    ///
    /// # Errors
    /// Which file is of no use, and why.
    pub(super) fn new(trust: &Trust, own: Option<(&Path, &Path)>) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(Verifier::new(trust, &provider)?);
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder =
            builder.map_err(|error| error.to_string())?.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match own {
            Some((certificate, key)) => {
                let unusable = |error: String| format!("the key `{}` is of no use: {error}", key.display());
                let chain = certificates(certificate)?;
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(error.to_string()))?;
                builder.with_client_auth_cert(chain, key).map_err(|error| unusable(error.to_string()))?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

/// Fills a buffer with bytes that nobody can guess.
///
/// # Errors
/// When the system has none.
pub(in crate::scratch::postgres) fn unguessable(bytes: &mut [u8]) -> Result<(), String> {
    let filled = ring::default_provider().secure_random.fill(bytes);
    filled.map_err(|_| "the system gives no random numbers".to_owned())
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let unusable = |why: &str| format!("the certificate `{}` is of no use: {why}", file.display());
    let all = read.map_err(|error| unusable(&error.to_string()))?;
    if all.is_empty() { Err(unusable("there is none in it")) } else { Ok(all) }
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that are trusted as they are: a server's own, signed by itself.
    known: Vec<CertificateDer<'static>>,
    names: Names,
}

impl Verifier {
    fn new(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let (known, names) = match trust {
            Trust::Anybody => {
                return Ok(Self {
                    provider: provider.clone(),
                    chain: None,
                    known: Vec::new(),
                    names: Names::Unchecked,
                });
            }
            Trust::File(file, names) => (certificates(file)?, *names),
            Trust::System => (rustls_native_certs::load_native_certs().certs, Names::Checked),
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(known.iter().cloned());
        if roots.is_empty() {
            return Err("no certificate is trusted: name a file with `sslrootcert`".to_owned());
        }
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        let chain = Some(chain.map_err(|error| error.to_string())?);
        let known = if *trust == Trust::System { Vec::new() } else { known };
        Ok(Self { provider: provider.clone(), chain, known, names })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        if self.known.iter().any(|known| known == end_entity) {
            if self.names == Names::Checked {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.names == Names::Unchecked => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A connection to a host of this name.
pub(super) struct Named {
    tls: TlsConnector,
    /// A socket of this machine has none, and is asked for one all the same.
    name: Option<ServerName<'static>>,
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = Named;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Named, Infallible> {
        Ok(Named { tls: TlsConnector::from(self.0.clone()), name: ServerName::try_from(host.to_owned()).ok() })
    }
}

impl TlsConnect<Socket> for Named {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let name = self.name.ok_or_else(|| io::Error::other("the host has no name of the Internet"))?;
            self.tls.connect(name, socket).await.map(Box::new).map(Encrypted)
        })
    }
}

/// A connection that only its ends understand.
pub(super) struct Encrypted(Box<tokio_rustls::client::TlsStream<Socket>>);

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        let certificates = self.0.get_ref().1.peer_certificates();
        match certificates.and_then(<[_]>::first).and_then(|certificate| end_point(certificate)) {
            Some(hash) => ChannelBinding::tls_server_end_point(hash),
            None => ChannelBinding::none(),
        }
    }
}

/// The hash of a certificate that binds a password to the connection (RFC 5929, `tls-server-end-point`): by the hash
/// that its own signature uses, where that is one of these.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    use rustls::crypto::ring::cipher_suite::{TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384};

    let suite = match signature_algorithm(certificate)? {
        // RSA with MD5, SHA-1, SHA-256; ECDSA with SHA-1, SHA-256. The weak ones are raised to SHA-256.
        [.., 0x0d, 1, 1, 4 | 5 | 11] | [.., 0x3d, 4, 1] | [.., 0x3d, 4, 3, 2] => TLS13_AES_128_GCM_SHA256,
        [.., 0x0d, 1, 1, 12] | [.., 0x3d, 4, 3, 3] => TLS13_AES_256_GCM_SHA384,
        _ => return None,
    };
    Some(suite.tls13()?.common.hash_provider.hash(certificate).as_ref().to_vec())
}

/// The object identifier of `Certificate.signatureAlgorithm` (RFC 5280), which follows the signed part.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (whole, _) = element(certificate)?;
    let (_, behind) = element(whole)?;
    let (algorithm, _) = element(behind)?;
    element(algorithm).map(|(identifier, _)| identifier)
}

/// The content of the first element of DER, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = der.get(1..)?.split_first()?;
    let (length, rest) = match usize::from(*length) {
        short @ ..0x80 => (short, rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(long & 0x7f)?;
            (bytes.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?, rest)
        }
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_bound_by_the_hash_of_the_certificates_signature() {
        for (algorithm, bytes) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, Some(32)),
            (&rcgen::PKCS_ECDSA_P384_SHA384, Some(48)),
            (&rcgen::PKCS_ED25519, None),
        ] {
            let key = rcgen::KeyPair::generate_for(algorithm).expect("a key");
            let certificate =
                rcgen::CertificateParams::new(vec!["db.test".to_owned()]).expect("parameters").self_signed(&key);
            let certificate = certificate.expect("a certificate");
            assert_eq!(end_point(certificate.der()).map(|hash| hash.len()), bytes, "{algorithm:?}");
            for cut in 0..certificate.der().len() {
                assert_eq!(end_point(&certificate.der()[..cut]), None);
            }
        }
    }
}
