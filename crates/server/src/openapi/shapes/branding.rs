//! Of how an application shows itself.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use utoipa::ToSchema;

#[derive(ToSchema)]
#[schema(example = json!({
    "name": "Parts Planner", "accent": "#5b2a86", "privacy_url": "https://app.example.com/privacy",
    "language": "de"
}))]
pub(crate) struct NewBranding {
    /// Instead of the application's name: up to 100 characters.
    name: Option<String>,
    /// Of links and buttons: `#rrggbb`, with a contrast of at least 4.5 to a light page. Dark screens get a lighter one.
    accent: Option<String>,
    /// Your privacy policy: `https://…`.
    privacy_url: Option<String>,
    /// For customers whose browsers ask for no language that the page speaks: `en` or `de`.
    language: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct Branding {
    /// Null: the application's name.
    #[schema(required = true)]
    name: Option<String>,
    #[schema(required = true)]
    accent: Option<String>,
    #[schema(required = true)]
    privacy_url: Option<String>,
    #[schema(required = true)]
    language: Option<String>,
    /// Where this server serves the logo; null: there is none.
    #[schema(required = true)]
    logo_url: Option<String>,
}
