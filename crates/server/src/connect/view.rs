//! The content of the pages: choosing a system, its form, and why a session is over.

use http::StatusCode;
use trunnion_engine::services::link::{Closed, FieldKind, Form, FormField, Method, Refusal, SystemChoice, Visit};

use super::choosing::choosing;
use super::framed::attributes;
use super::html::{escape, filled, said_by};
use super::languages::Texts;
use super::page::Page;
use super::refusal::{of_closed, said, summary, words};
use super::scene::Scene;

/// Why the session cannot be used, and what to do.
pub(crate) fn closed(scene: &Scene, why: Closed) -> Page {
    let (status, title, advice) = of_closed(scene.texts, why);
    notice(scene, status, title, advice)
}

/// The browser says that another site sent the form.
pub(super) fn foreign(scene: &Scene) -> Page {
    notice(scene, StatusCode::FORBIDDEN, scene.texts.foreign, scene.texts.foreign_advice)
}

/// A system sent somebody back for whom no session waits.
pub(super) fn nobody_waits(scene: &Scene) -> Page {
    let (title, advice) = (scene.texts.nobody_waits, scene.texts.nobody_waits_advice);
    Page { here: None, ..notice(scene, StatusCode::BAD_REQUEST, title, advice) }
}

fn notice(scene: &Scene, status: StatusCode, title: &str, advice: &str) -> Page {
    let content = format!("<h1>{}</h1>\n<p>{}</p>\n", escape(title), escape(advice));
    Page::new(scene, status, title, content)
}

/// The list of systems, with a search that works without a script.
pub(super) fn choice(scene: &Scene, visit: &Visit, systems: &[SystemChoice], text: &str) -> Page {
    let texts = scene.texts;
    let mut content = intro(scene, visit, texts.choose);
    // A form that is got loses the query of its address.
    let carried: String = scene.hidden();
    content.push_str(&format!(
        "<form method=\"get\" role=\"search\" class=\"search\">\n{carried}<label for=\"q\">{}</label>\n\
         <div class=\"row\"><input id=\"q\" name=\"q\" type=\"search\" value=\"{}\"><button>{}</button></div>\n</form>\n",
        escape(texts.search),
        escape(text),
        escape(texts.search_button)
    ));
    if systems.is_empty() {
        let (none, all) = (escape(texts.none_found), escape(texts.show_all));
        content.push_str(&format!("<p role=\"status\">{none} <a href=\"{}\">{all}</a></p>\n", scene.to(&[])));
    } else {
        content.push_str("<ul class=\"systems\">\n");
        for system in systems {
            content.push_str(&format!(
                "<li><a href=\"{}\"><strong>{}</strong><span>{}</span></a></li>\n",
                scene.to(&[("system", &system.id)]),
                escape(&system.name),
                said_by(&system.description)
            ));
        }
        content.push_str("</ul>\n");
    }
    let here = if text.is_empty() { Vec::new() } else { vec![("q", text.to_owned())] };
    Page { here: Some(here), ..Page::new(scene, StatusCode::OK, texts.choose, content) }
}

/// The form, with what was wrong the last time, if anything was.
pub(super) fn form(scene: &Scene, visit: &Visit, form: &Form, refusal: Option<&Refusal>, status: StatusCode) -> Page {
    let texts = scene.texts;
    let (heading, button) = match visit.reconnects() {
        true => (texts.reconnect, texts.reconnect_button),
        false => (texts.connect, texts.connect_button),
    };
    let heading = heading.replace("{system}", &form.system_name);
    let mut content = intro(scene, visit, &heading);
    if let Some(refusal) = refusal {
        content.push_str(&summary(texts, form, refusal));
    }
    if visit.reconnects() {
        content.push_str(&format!("<p>{}</p>\n", escape(texts.reconnect_note)));
    }
    content.push_str(&methods(scene, form));
    let more = attributes(scene, visit, form);
    content.push_str(&format!("<form method=\"post\" action=\"{}\"{more} novalidate>\n", scene.to(&[])));
    for (name, value) in [("system", &form.system), ("auth", &form.auth)] {
        content.push_str(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escape(value)));
    }
    for field in &form.fields {
        let wrong = refusal.and_then(|refusal| refusal.fields.iter().find(|(name, _)| *name == field.name));
        content.push_str(&entry(texts, field, wrong.map(|(_, message)| message.as_str())));
    }
    for offer in &form.offers {
        content.push_str(&choosing(texts, offer));
    }
    let (button, note) = match form.consents {
        true if scene.is_framed() => (texts.continue_button, texts.consent_window),
        true => (texts.continue_button, texts.consent_note),
        false => (button, texts.asked_once),
    };
    let (button, note) = (escape(button), escape(note));
    content.push_str(&format!("<button class=\"main\">{button}</button>\n<p class=\"help\">{note}</p>\n</form>\n"));
    if visit.chooses_system() {
        content.push_str(&format!("<p><a href=\"{}\">{}</a></p>\n", scene.to(&[]), escape(texts.another_system)));
    }
    let title = if refusal.is_some() { texts.problem.replace("{heading}", &heading) } else { heading };
    let here = vec![("system", form.system.clone()), ("auth", form.auth.clone())];
    let page = Page::new(scene, status, &title, content);
    Page { leads_to: Some(visit.redirect_origin()), here: Some(here), ..page }
}

fn intro(scene: &Scene, visit: &Visit, heading: &str) -> String {
    let strong = |text: &str| format!("<strong>{}</strong>", escape(text));
    let (application, customer) = (strong(&scene.brand.name), strong(visit.customer()));
    let asks = filled(scene.texts.asks, &[("application", &application), ("customer", &customer)]);
    format!("<p class=\"who\">{asks}</p>\n<h1>{}</h1>\n", escape(heading))
}

/// The ways to log in, if there are several.
fn methods(scene: &Scene, form: &Form) -> String {
    let chosen = form.methods.iter().find(|method| method.auth == form.auth);
    let help = chosen.map_or(String::new(), |method| format!("<p class=\"help\">{}</p>\n", said_by(&method.help)));
    if form.methods.len() < 2 {
        return help;
    }
    let link = |method: &Method| {
        let current = if method.auth == form.auth { " aria-current=\"true\"" } else { "" };
        let to = scene.to(&[("system", &form.system), ("auth", &method.auth)]);
        format!("<li><a href=\"{to}\"{current}>{}</a></li>\n", said_by(&method.label))
    };
    let links: String = form.methods.iter().map(link).collect();
    format!("<nav aria-label=\"{}\"><ul class=\"methods\">\n{links}</ul></nav>\n{help}", escape(scene.texts.ways))
}

/// On the way to the system, where the customer consents.
pub(super) fn leaving(scene: &Scene, address: &str) -> Page {
    let texts = scene.texts;
    let content = format!(
        "<h1>{}</h1>\n<p>{} <a href=\"{}\">{}</a></p>\n",
        escape(texts.leaving),
        escape(texts.leaving_note),
        escape(address),
        escape(texts.leaving_link)
    );
    let page = Page::new(scene, StatusCode::OK, texts.leaving, content);
    Page { moves_to: Some(address.to_owned()), here: None, ..page }
}

/// Back from the system, without success.
pub(super) fn returned(scene: &Scene, refusal: &Refusal, again: &str) -> Page {
    let texts = scene.texts;
    let (title, advice) = words(texts, &refusal.why);
    let content = format!(
        "<h1>{}</h1>\n<p>{}</p>\n{}<p><a href=\"{}\">{}</a></p>\n",
        escape(title),
        escape(advice),
        said(texts, refusal),
        escape(again),
        escape(texts.try_again)
    );
    Page { here: None, ..Page::new(scene, StatusCode::UNPROCESSABLE_ENTITY, title, content) }
}

fn entry(texts: &Texts, field: &FormField, wrong: Option<&str>) -> String {
    let name = escape(&field.name);
    let optional = match field.required {
        true => String::new(),
        false => format!(" <span class=\"optional\">{}</span>", escape(texts.optional)),
    };
    let mut html =
        format!("<div class=\"field\">\n<label for=\"f-{name}\">{}{optional}</label>\n", said_by(&field.label));
    html.push_str(&format!("<p class=\"help\" id=\"h-{name}\">{}</p>\n", said_by(&field.help)));
    let mut describes = format!("h-{name}");
    let mut state = String::new();
    if let Some(message) = wrong {
        html.push_str(&format!("<p class=\"wrong\" id=\"e-{name}\">{}</p>\n", escape(&texts.wrong(message))));
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
