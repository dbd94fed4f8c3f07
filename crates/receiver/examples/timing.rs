//! Whether the time of a refusal tells how much of a forged signature or token is right: Welch's t between forgeries whose
//! first character is wrong and forgeries whose last is. Beyond 4.5 there is a difference (the bound of dudect). Whether it tells
//! of the secret, the control says: the same two places changed in a text of which nothing is right.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement for people, which stops when it cannot go on"
)]

use std::hint::black_box;
use std::time::Instant;

use http::{HeaderMap, Method, Uri};
use secrecy::SecretString;
use trunnion_receiver::verify::{Incoming, Place, Proof, Scheme, check};

const ROUNDS: usize = 400_000;
const WRONG: &str = "7a80f815b1fda36fd33222ddbf095c9b48681c7c7697d33d57f5480d9c154f27";
const GOOD: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

fn main() {
    let hub = Scheme::github();
    let key = "It's a Secret to Everybody";
    let signed = |text: &str| format!("sha256={text}");
    let token = Scheme { proof: Proof::Token { at: Place::header("x-token") }, id: Vec::new(), handshakes: Vec::new() };
    for (name, base) in [("all but one right", GOOD), ("control", WRONG)] {
        let signature = measure(&hub, key, "x-hub-signature-256", base, &signed);
        let token = measure(&token, GOOD, "x-token", base, &str::to_owned);
        println!("{name:>18}: signature t = {signature:>6.2}, token t = {token:>6.2}");
    }
}

/// Forgeries that are wrong at the first or at the last character, in turn.
fn measure(scheme: &Scheme, secret: &str, header: &'static str, base: &str, write: &dyn Fn(&str) -> String) -> f64 {
    let secrets = [SecretString::from(secret)];
    let forged = [0, base.len() - 1].map(|place| {
        let mut text: Vec<u8> = base.bytes().collect();
        text[place] = if text[place] == b'0' { b'1' } else { b'0' };
        write(std::str::from_utf8(&text).unwrap())
    });
    let uri = Uri::from_static("/in");
    let mut headers = HeaderMap::new();
    headers.insert("x-github-delivery", "1".parse().unwrap());
    let mut times = [Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS)];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..2 * ROUNDS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let class = (state >> 63) as usize;
        // Made anew each time, so that both kinds lie in the same memory.
        headers.insert(header, forged[class].parse().unwrap());
        let incoming = Incoming::new(&Method::POST, &uri, "", &headers, b"Hello, World!");
        let began = Instant::now();
        let refused = black_box(check(scheme, &secrets, black_box(&incoming), 0)).is_err();
        let took = began.elapsed().as_nanos() as f64;
        assert!(refused);
        times[class].push(took);
    }
    welch(&mut times)
}

/// Without the slowest tenth, which is the machine's doing.
fn welch(times: &mut [Vec<f64>; 2]) -> f64 {
    let moments = times.each_mut().map(|all| {
        all.sort_by(f64::total_cmp);
        all.truncate(all.len() * 9 / 10);
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (all.len() - 1) as f64;
        (mean, variance / all.len() as f64)
    });
    (moments[0].0 - moments[1].0) / (moments[0].1 + moments[1].1).sqrt()
}
