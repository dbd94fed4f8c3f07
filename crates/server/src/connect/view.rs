//! The content of the pages: choosing a system, its form, and why a session is over.

use http::StatusCode;
use trunnion_engine::services::link::{Closed, FieldKind, Form, FormField, Refusal, SystemChoice, Visit};

use super::choosing::choosing;
use super::html::{escape, query};
use super::page::Page;

/// Why the session cannot be used, and what to do.
pub(crate) fn closed(why: Closed) -> Page {
    let (status, title, advice) = match why {
        Closed::Unknown => (
            StatusCode::NOT_FOUND,
            "This link is not known",
            "Check that you have the whole address, or ask for a new link.",
        ),
        Closed::Used => (
            StatusCode::GONE,
            "This link was used already",
            "A link works once. If you are not connected, ask for a new one.",
        ),
        Closed::Expired => (StatusCode::GONE, "This link has expired", "Ask whoever sent it to you for a new one."),
        Closed::Exhausted => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many attempts",
            "Nothing more is sent to the system from this link. Find the right values, then ask for a new link.",
        ),
    };
    notice(status, title, advice)
}

/// The browser says that another site sent the form.
pub(super) fn foreign() -> Page {
    notice(
        StatusCode::FORBIDDEN,
        "This form came from another site",
        "Open the link itself and fill the form in there.",
    )
}

pub(super) fn notice(status: StatusCode, title: &str, advice: &str) -> Page {
    let content = format!("<h1>{}</h1>\n<p>{}</p>\n", escape(title), escape(advice));
    Page { status, title: title.to_owned(), content, ..Page::default() }
}

/// The list of systems, with a search that works without a script.
pub(super) fn choice(visit: &Visit, systems: &[SystemChoice], text: &str) -> Page {
    let mut content = intro(visit, "Connect your system");
    content.push_str(&format!(
        "<form method=\"get\" role=\"search\" class=\"search\">\n<label for=\"q\">Search systems</label>\n\
         <div class=\"row\"><input id=\"q\" name=\"q\" type=\"search\" value=\"{}\"><button>Search</button></div>\n</form>\n",
        escape(text)
    ));
    if systems.is_empty() {
        content.push_str("<p role=\"status\">No system has this in its name. <a href=\"?\">Show all</a></p>\n");
    } else {
        content.push_str("<ul class=\"systems\">\n");
        for system in systems {
            content.push_str(&format!(
                "<li><a href=\"?system={}\"><strong>{}</strong><span>{}</span></a></li>\n",
                query(&system.id),
                escape(&system.name),
                escape(&system.description)
            ));
        }
        content.push_str("</ul>\n");
    }
    Page { status: StatusCode::OK, title: "Connect your system".to_owned(), content, ..Page::default() }
}

/// The form, with what was wrong the last time, if anything was.
pub(super) fn form(visit: &Visit, form: &Form, refusal: Option<&Refusal>, status: StatusCode) -> Page {
    let verb = if visit.reconnects() { "Reconnect" } else { "Connect" };
    let heading = format!("{verb} {}", form.system_name);
    let mut content = intro(visit, &heading);
    if let Some(refusal) = refusal {
        content.push_str(&errors(form, refusal));
    }
    if visit.reconnects() {
        content.push_str("<p>Give the credentials that work now. Your data and its schedule stay as they are.</p>\n");
    }
    content.push_str(&methods(form));
    content.push_str("<form method=\"post\" novalidate>\n");
    for (name, value) in [("system", &form.system), ("auth", &form.auth)] {
        content.push_str(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escape(value)));
    }
    for field in &form.fields {
        let wrong = refusal.and_then(|refusal| refusal.fields.iter().find(|(name, _)| *name == field.name));
        content.push_str(&entry(field, wrong.map(|(_, message)| message.as_str())));
    }
    for offer in &form.offers {
        content.push_str(&choosing(offer));
    }
    let (button, note) = match form.consents {
        true => ("Continue", "You go on at the system itself, log in there and agree. Then you come back."),
        false => (verb, "The system is asked once, right away. That can take a minute."),
    };
    content.push_str(&format!("<button class=\"main\">{button}</button>\n<p class=\"help\">{note}</p>\n</form>\n"));
    if visit.chooses_system() {
        content.push_str("<p><a href=\"?\">Choose another system</a></p>\n");
    }
    let title = if refusal.is_some() { format!("Problem: {heading}") } else { heading };
    Page { status, title, content, leads_to: Some(visit.redirect_origin()), ..Page::default() }
}

fn intro(visit: &Visit, heading: &str) -> String {
    format!(
        "<p class=\"who\"><strong>{}</strong> asks for access on behalf of <strong>{}</strong>.</p>\n<h1>{}</h1>\n",
        escape(&visit.brand().name),
        escape(visit.customer()),
        escape(heading)
    )
}

/// The ways to log in, if there are several.
fn methods(form: &Form) -> String {
    let chosen = form.methods.iter().find(|method| method.auth == form.auth);
    let help = chosen.map_or(String::new(), |method| format!("<p class=\"help\">{}</p>\n", escape(&method.help)));
    if form.methods.len() < 2 {
        return help;
    }
    let link = |method: &trunnion_engine::services::link::Method| {
        let current = if method.auth == form.auth { " aria-current=\"true\"" } else { "" };
        let (system, auth) = (query(&form.system), query(&method.auth));
        format!("<li><a href=\"?system={system}&amp;auth={auth}\"{current}>{}</a></li>\n", escape(&method.label))
    };
    let links: String = form.methods.iter().map(link).collect();
    format!("<nav aria-label=\"Ways to log in\"><ul class=\"methods\">\n{links}</ul></nav>\n{help}")
}

/// On the way to the system, where the customer consents.
pub(super) fn leaving(address: &str) -> Page {
    let content = format!(
        "<h1>On to the system</h1>\n<p>You log in there and agree. <a href=\"{}\">Go on</a>, if nothing happens.</p>\n",
        escape(address)
    );
    let title = "On to the system".to_owned();
    Page { status: StatusCode::OK, title, content, moves_to: Some(address.to_owned()), ..Page::default() }
}

/// Back from the system, without success.
pub(super) fn returned(refusal: &Refusal, again: &str) -> Page {
    let said = refusal
        .said
        .as_deref()
        .map_or(String::new(), |said| format!("<p>The answer was: <q>{}</q></p>\n", escape(said)));
    let content = format!(
        "<h1>{}</h1>\n<p>{}</p>\n{said}<p><a href=\"{}\">Try again</a></p>\n",
        escape(&refusal.title),
        escape(&refusal.advice),
        escape(again)
    );
    let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, refusal.title.clone());
    Page { status, title, content, ..Page::default() }
}

/// The summary takes the focus, so that a screen reader reads it first; each line leads to its field.
fn errors(form: &Form, refusal: &Refusal) -> String {
    let mut summary = format!(
        "<div class=\"errors\" role=\"alert\" tabindex=\"-1\" autofocus>\n<h2>{}</h2>\n<p>{}</p>\n",
        escape(&refusal.title),
        escape(&refusal.advice)
    );
    if let Some(said) = &refusal.said {
        summary.push_str(&format!("<p>The answer was: <q>{}</q></p>\n", escape(said)));
    }
    if !refusal.fields.is_empty() {
        summary.push_str("<ul>\n");
        for (name, message) in &refusal.fields {
            let line = match form.fields.iter().find(|field| field.name == *name) {
                Some(field) => {
                    let (id, label) = (escape(name), escape(&field.label));
                    format!("<a href=\"#f-{id}\">{label}: {}</a>", escape(message))
                }
                None => escape(message),
            };
            summary.push_str(&format!("<li>{line}</li>\n"));
        }
        summary.push_str("</ul>\n");
    }
    summary.push_str("</div>\n");
    summary
}

fn entry(field: &FormField, wrong: Option<&str>) -> String {
    let name = escape(&field.name);
    let optional = if field.required { "" } else { " <span class=\"optional\">(optional)</span>" };
    let mut html =
        format!("<div class=\"field\">\n<label for=\"f-{name}\">{}{optional}</label>\n", escape(&field.label));
    html.push_str(&format!("<p class=\"help\" id=\"h-{name}\">{}</p>\n", escape(&field.help)));
    let mut describes = format!("h-{name}");
    let mut state = String::new();
    if let Some(message) = wrong {
        html.push_str(&format!("<p class=\"wrong\" id=\"e-{name}\">{}</p>\n", escape(message)));
        describes = format!("e-{name} {describes}");
        state.push_str(" aria-invalid=\"true\"");
    }
    if field.required {
        state.push_str(" required");
    }
    // The prefix keeps a connector's fields apart from the form's own.
    let common = format!(
        "id=\"f-{name}\" name=\"f.{name}\" aria-describedby=\"{describes}\" autocomplete=\"off\" autocapitalize=\"none\" \
         spellcheck=\"false\"{state}"
    );
    let value = escape(&field.value);
    let input = match field.kind {
        FieldKind::Url => format!("<input type=\"url\" {common} value=\"{value}\">"),
        FieldKind::Text => format!("<input type=\"text\" {common} value=\"{value}\">"),
        // A secret is never sent back to the browser.
        FieldKind::Secret => format!("<input type=\"password\" {common}>"),
        FieldKind::SecretText => format!("<textarea rows=\"8\" {common}></textarea>"),
    };
    html.push_str(&format!("{input}\n</div>\n"));
    html
}
