//! What a sandbox account is started with, and the fixed credentials of the default one.
//!
//! The default credentials are published here on purpose: they open nothing but a simulator on the loopback interface.

use trunnion_model::time::Clock;

/// The private half of the default account's M2M certificate (EC P-256, PKCS#8). Made for the sandbox, good for nothing else.
pub const SANDBOX_PRIVATE_KEY_PEM: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9DSrDJSj16ojZg3p
S3hw5Lb5v7/mJ91NH2A6NZS0TSmhRANCAASOvFOAeoUuWzB8Wsi/BcXscj/wMGkH
0+ERVKRXY27WIhv3tCT4/aI4DuFDcYa6YvPEWrrDOis2aTvvW+qUfcLS
-----END PRIVATE KEY-----
";

const SANDBOX_PUBLIC_KEY_PEM: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjrxTgHqFLlswfFrIvwXF7HI/8DBp
B9PhEVSkV2Nu1iIb97Qk+P2iOA7hQ3GGumLzxFq6wzorNmk771vqlH3C0g==
-----END PUBLIC KEY-----
";

/// One simulated account.
#[derive(Clone)]
pub struct Options {
    /// The same seed gives the same account.
    pub seed: u64,
    /// How many purchase orders the account starts with.
    pub records: usize,
    /// As the realm spells it: `1234567_SB1`.
    pub account: String,
    pub tba: Tba,
    pub m2m: M2m,
    pub clock: Clock,
    /// Requests that the account works on at the same time; the next one is answered 429.
    pub concurrency: usize,
}

/// Token-based authentication (OAuth 1.0a): an integration's consumer and one user's token.
#[derive(Clone)]
pub struct Tba {
    pub consumer_key: String,
    pub consumer_secret: String,
    pub token: String,
    pub token_secret: String,
}

/// OAuth 2.0 client credentials: an integration and the certificate that was uploaded for it.
#[derive(Clone)]
pub struct M2m {
    pub client_id: String,
    pub certificate_id: String,
    pub public_key_pem: String,
}

impl Default for Options {
    /// Account `1234567_SB1` with 200 purchase orders, seed 1, the machine's clock and a sandbox's concurrency of 5.
    fn default() -> Self {
        Self {
            seed: 1,
            records: 200,
            account: "1234567_SB1".to_owned(),
            tba: Tba {
                consumer_key: "sandbox-consumer-key-4c1f7a9be02d5836".to_owned(),
                consumer_secret: "sandbox-consumer-secret-91d2b7c64e0f38a5".to_owned(),
                token: "sandbox-token-id-7be15d80c3a9f462".to_owned(),
                token_secret: "sandbox-token-secret-2f6c8e41d7035ba9".to_owned(),
            },
            m2m: M2m {
                client_id: "sandbox-client-id-5a3e9d17c8b20f64".to_owned(),
                certificate_id: "sandbox-certificate-id-01".to_owned(),
                public_key_pem: SANDBOX_PUBLIC_KEY_PEM.to_owned(),
            },
            clock: Clock::system(),
            concurrency: 5,
        }
    }
}
