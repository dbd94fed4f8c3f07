//! The connection form: which values a customer has to give, as JSON Schema for the API, and what was given.
