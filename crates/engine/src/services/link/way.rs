//! What the page carries from address to address, in place of cookies, and sealed over the way to a system and back.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// The language that the customer chose.
    pub lang: Option<String>,
    /// The origin of the page that shows this one in a frame and waits for the code.
    pub frame: Option<String>,
}

impl Way {
    /// As parameters of an address.
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        let all = [("lang", &self.lang), ("frame", &self.frame)];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }

    /// The same behind a query that is there: `&lang=de`.
    pub fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs());
        let query = query.finish();
        if query.is_empty() { query } else { format!("&{query}") }
    }
}
