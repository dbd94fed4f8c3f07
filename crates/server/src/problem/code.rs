//! The codes: stable words for programs. One table gives each its usual status and its advice; answers, the OpenAPI document
//! and the pages under `/problems/` are made from it.

use http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:ident, $title:literal, $advice:literal;)*) => {
        /// A stable word for what went wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As it stands in `code`.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The status that it usually comes with.
            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// A short text that is the same for every problem with this code.
            pub(crate) fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What to do about it.
            pub(crate) fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }
        }
    };
}

codes! {
    AuthenticationFailed = "AUTHENTICATION_FAILED", UNAUTHORIZED, "Authentication failed",
        "With status 401, send a valid token as `Authorization: Bearer …`. With status 422, the connected system refused the \
         credentials that you gave for it: correct them; `vendor` holds its own words.";
    ReauthorizationRequired = "REAUTHORIZATION_REQUIRED", CONFLICT, "The connection needs new credentials",
        "The system no longer accepts the stored credentials. Give new ones with `POST /connections/{id}/reconnect`; data that \
         was synced stays readable meanwhile.";
    PermissionDenied = "PERMISSION_DENIED", FORBIDDEN, "Permission denied",
        "The token is valid but may not do this: use an application key with the scope that `detail` names, or give the user \
         in the connected system the right that `vendor` names.";
    NotFound = "NOT_FOUND", NOT_FOUND, "Not found",
        "There is no such thing, or it belongs to somebody else. Check the id and, on record routes, the connection.";
    ValidationFailed = "VALIDATION_FAILED", UNPROCESSABLE_ENTITY, "The request is not valid",
        "Correct what `errors` points at and send the request again. Status 400 means that it could not be read at all.";
    UnsupportedOperation = "UNSUPPORTED_OPERATION", UNPROCESSABLE_ENTITY, "Not supported",
        "The system, its connector or this version of the API cannot do that. `GET /systems/{system}/capabilities` tells what \
         is possible. Status 405 means that the route has no such method: see the header `Allow`.";
    CursorExpired = "CURSOR_EXPIRED", GONE, "The cursor is too old",
        "Events are kept for as long as the operator says, and some that came after this cursor were deleted. Ask for \
         `GET /events?after=latest&limit=1` and keep its `next_cursor`, read all records again, then go on from that cursor.";
    Conflict = "CONFLICT", CONFLICT, "Conflict",
        "The state of things does not allow it now. Read the current state and decide again.";
    IdempotencyConflict = "IDEMPOTENCY_CONFLICT", UNPROCESSABLE_ENTITY, "The idempotency key was used for another request",
        "Use a new `Idempotency-Key` for a new request; repeat a request with its own key and exactly the same body.";
    VersionMismatch = "VERSION_MISMATCH", PRECONDITION_FAILED, "The record has another version",
        "Somebody changed the record since you read it. Read it again and repeat the change on the new version.";
    RateLimitExceeded = "RATE_LIMIT_EXCEEDED", TOO_MANY_REQUESTS, "Too many requests",
        "Wait for as many seconds as the header `Retry-After` says.";
    SystemRejected = "SYSTEM_REJECTED", BAD_GATEWAY, "The connected system refused",
        "`vendor` holds the system's own message. Nothing was changed there, but for what `vendor.done` names.";
    SystemUnreachable = "SYSTEM_UNREACHABLE", SERVICE_UNAVAILABLE, "The connected system cannot be reached",
        "Try again after `Retry-After` seconds. Nothing was changed there.";
    OutcomeUnknown = "OUTCOME_UNKNOWN", BAD_GATEWAY, "Nobody knows yet whether the write took effect",
        "The request was sent and its answer was lost. Repeat it with the same `Idempotency-Key`, or read the operation: it is \
         never sent twice.";
    Internal = "INTERNAL", INTERNAL_SERVER_ERROR, "Internal error",
        "An error in Trunnion or its database. Its log has more under the `request_id`.";
}

impl Code {
    /// The problem's `type`: a page of this server, so that it can be read without internet.
    pub(crate) fn type_uri(self) -> String {
        format!("/problems/{}", self.slug())
    }

    pub(crate) fn slug(self) -> String {
        self.as_str().to_ascii_lowercase().replace('_', "-")
    }

    pub(crate) fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.slug() == slug)
    }

    /// The code with this word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == word)
    }
}

/// What `/problems/{slug}` shows, as plain text.
pub(crate) fn page(slug: &str) -> Option<String> {
    let code = Code::from_slug(slug)?;
    Some(format!("{}\n{}\n\nUsual status: {}\n\n{}\n", code.as_str(), code.title(), code.status(), code.advice()))
}

#[test]
fn every_code_is_found_by_its_slug_and_its_word() {
    for code in Code::ALL {
        assert_eq!(Code::from_slug(&code.slug()), Some(*code));
        assert_eq!(Code::parse(code.as_str()), Some(*code));
        assert!(code.status().as_u16() >= 400);
    }
    assert_eq!(Code::from_slug("no-such-problem"), None);
}
