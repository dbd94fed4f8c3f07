//! The pieces of the dialects that need no server.

use super::encode;

#[test]
fn only_unreserved_characters_pass_unencoded() {
    assert_eq!(encode("A_b-1.~ 'ü'/"), "A_b-1.~%20%27%C3%BC%27%2F");
}
