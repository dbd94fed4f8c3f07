//! No language lacks anything: the compiler sees to the texts themselves, and these to what is in them.

use trunnion_kit::spec::form::words;

use super::*;

/// What stands in braces.
fn places(text: &str) -> Vec<&str> {
    let mut places: Vec<&str> =
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|part| part.0).collect();
    places.sort_unstable();
    places
}

#[test]
fn every_language_has_every_text_with_the_same_places_in_it() {
    let english: Vec<_> = ALL[0].each();
    assert!(english.len() > 80, "{}", english.len());
    for texts in ALL {
        for ((name, text), (_, model)) in texts.each().into_iter().zip(&english) {
            assert!(!text.trim().is_empty() && !text.contains("  "), "{}.{name}: {text:?}", texts.code);
            assert_eq!(places(text), places(model), "{}.{name}", texts.code);
        }
        assert!(texts.code.len() == 2 && named(texts.code).is_some_and(|found| found.name == texts.name));
    }
}

#[test]
fn what_can_be_wrong_with_a_value_is_said_in_every_language() {
    for texts in &ALL[1..] {
        for message in words::ALL {
            let said = texts.wrong(message);
            assert!(said != *message, "{}: {message}", texts.code);
            // With a host before it and details behind it.
            assert_eq!(texts.wrong(&format!("h.example {message}: more")), format!("h.example {said}"));
        }
        for (english, own) in texts.wrong {
            assert!(!own.trim().is_empty(), "{english}");
        }
    }
    assert_eq!(ALL[0].wrong("is required"), "is required");
    assert_eq!(ALL[1].wrong("something else"), "something else");
}
