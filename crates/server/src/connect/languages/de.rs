//! German.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    code: "de",
    name: "Deutsch",
    languages: "Sprache",
    asks: "{application} bittet im Namen von {customer} um Zugriff.",
    privacy: "Datenschutzerklärung von {application} (öffnet ein neues Fenster)",

    choose: "Ihr System verbinden",
    search: "Systeme durchsuchen",
    search_button: "Suchen",
    none_found: "Kein System hat das in seinem Namen.",
    show_all: "Alle zeigen",

    connect: "{system} verbinden",
    reconnect: "{system} neu verbinden",
    reconnect_note: "Geben Sie die Zugangsdaten ein, die jetzt gelten. Ihre Daten und deren Zeitplan bleiben, wie sie sind.",
    problem: "Problem: {heading}",
    ways: "Arten der Anmeldung",
    optional: "(freiwillig)",
    connect_button: "Verbinden",
    reconnect_button: "Neu verbinden",
    continue_button: "Weiter",
    asked_once: "Das System wird sofort und nur einmal gefragt. Das kann eine Minute dauern.",
    consent_note: "Es geht beim System selbst weiter: Sie melden sich dort an, stimmen zu und kommen dann zurück.",
    consent_window: "Es öffnet sich ein Fenster. Dort melden Sie sich beim System an und stimmen zu; dann schließt es sich.",
    another_system: "Ein anderes System wählen",

    history: "Wie weit zurück sollen Daten gelesen werden?",
    history_help: "Einmal, beim ersten Abgleich. Danach wird gelesen, was sich geändert hat.",
    nothing_old: "Nichts, was älter ist als heute",
    last_day: "Der letzte Tag",
    last_days: "Die letzten {count} Tage",
    everything: "Alles",
    interval: "Wie oft sollen Änderungen gelesen werden?",
    interval_help: "Je öfter, desto mehr Anfragen bekommt Ihr System.",
    every_day: "Jeden Tag",
    every_days: "Alle {count} Tage",
    every_hour: "Jede Stunde",
    every_hours: "Alle {count} Stunden",
    every_minute: "Jede Minute",
    every_minutes: "Alle {count} Minuten",
    every_second: "Jede Sekunde",
    every_seconds: "Alle {count} Sekunden",
    when_asked: "Nur auf Anforderung",
    suggested: "(empfohlen)",

    arrived: "Verbunden",
    arrived_note: "Sie können dieses Fenster schließen.",
    leaving: "Weiter zum System",
    leaving_note: "Dort melden Sie sich an und stimmen zu.",
    leaving_link: "Weiter, falls nichts geschieht",
    answer: "Die Antwort war: {answer}",
    try_again: "Noch einmal versuchen",

    unknown: "Dieser Link ist nicht bekannt",
    unknown_advice: "Prüfen Sie, ob die Adresse vollständig ist, oder bitten Sie um einen neuen Link.",
    used: "Dieser Link wurde schon verwendet",
    used_advice: "Ein Link gilt einmal. Wenn Sie nicht verbunden sind, bitten Sie um einen neuen.",
    expired: "Dieser Link ist abgelaufen",
    expired_advice: "Bitten Sie den, der ihn geschickt hat, um einen neuen.",
    exhausted: "Zu viele Versuche",
    exhausted_advice: "Über diesen Link wird nichts mehr an das System geschickt. Suchen Sie die richtigen Werte und bitten Sie \
                       dann um einen neuen Link.",
    foreign: "Dieses Formular kam von einer anderen Website",
    foreign_advice: "Öffnen Sie den Link selbst und füllen Sie das Formular dort aus.",
    nobody_waits: "Darauf wartet hier niemand",
    nobody_waits_advice: "Es hat zu lange gedauert, ist schon erledigt, hat in einem anderen Browser begonnen, oder dieser Browser \
                          hat kein Cookie angenommen. Öffnen Sie den \
                          Link, den Sie bekommen haben, noch einmal.",

    no_system: "Wählen Sie zuerst ein System.",
    no_system_advice: "Gehen Sie zurück zur Liste der Systeme.",
    not_on_offer: "Was gewählt wurde, steht nicht zur Wahl.",
    not_on_offer_advice: "Wählen Sie noch einmal: Die Seite bietet die Werte an, die möglich sind.",
    not_set_up: "Diese Art der Anmeldung ist noch nicht eingerichtet.",
    not_set_up_advice: "Wer Sie hierher geschickt hat, muss sich erst beim System anmelden. Sagen Sie dort Bescheid, oder wählen \
                        Sie eine andere Art der Anmeldung.",
    values: "Einige Angaben stimmen noch nicht.",
    values_advice: "Es wurde noch nichts verbunden.",
    credentials: "Das System hat diese Zugangsdaten abgelehnt.",
    credentials_advice: "Prüfen Sie sie Zeichen für Zeichen und versuchen Sie es noch einmal. Es gab einen Anmeldeversuch; nach \
                         mehreren falschen sperrt das System womöglich das Konto.",
    permission: "Die Anmeldung klappt, aber dem Benutzer fehlt ein Recht.",
    permission_advice: "Bitten Sie die Verwaltung des Systems, diesem Benutzer das unten genannte Recht zu geben, und versuchen \
                        Sie es dann noch einmal.",
    unreachable: "Das System hat nicht geantwortet.",
    unreachable_advice: "Prüfen Sie die Adresse. Wenn sie stimmt, ist das System vielleicht nicht in Betrieb, oder eine Firewall \
                         oder sein Zertifikat ist im Weg.",
    slow_down: "Das System bittet um langsamere Anfragen.",
    slow_down_advice: "Warten Sie eine Minute und versuchen Sie es dann noch einmal.",
    unexpected: "Das System hat etwas Unerwartetes geantwortet.",
    unexpected_advice: "Prüfen Sie, ob die Adresse zu diesem Produkt gehört, und versuchen Sie es noch einmal.",
    denied: "Der Zugriff wurde nicht erlaubt.",
    denied_advice: "Es wurde nichts verbunden. Wenn das ein Versehen war, versuchen Sie es noch einmal und stimmen Sie auf der \
                    Seite des Systems zu.",
    not_granted: "Das System hat keinen Zugriff gegeben.",
    not_granted_advice: "Es wurde nichts verbunden. Versuchen Sie es noch einmal, oder sagen Sie dem Bescheid, der Sie hierher \
                         geschickt hat.",
    busy: "Ein anderer Versuch läuft noch.",
    busy_advice: "Warten Sie, bis er zu Ende ist, höchstens zwei Minuten, und versuchen Sie es dann noch einmal.",
    other: "Es hat nicht geklappt.",

    wrong: &[
        ("is required", "fehlt"),
        ("must be a text", "muss ein Text sein"),
        ("is not a field of this form", "gehört nicht zu diesem Formular"),
        ("is longer than", "ist zu lang"),
        (
            "must not contain line breaks or other control characters",
            "darf keine Zeilenumbrüche oder anderen Steuerzeichen enthalten",
        ),
        ("must not contain a colon", "darf keinen Doppelpunkt enthalten"),
        ("must be an address such as https://erp.example.com", "muss eine Adresse sein wie https://erp.example.com"),
        ("must name a host, as https://erp.example.com does", "muss einen Server nennen wie https://erp.example.com"),
        ("must begin with https://", "muss mit https:// beginnen"),
        ("must not contain a user or a password", "darf weder Benutzer noch Passwort enthalten"),
        ("must end before any ? or #", "muss vor jedem ? oder # enden"),
        (
            "certificate and private key cannot be read, or do not belong together",
            "Zertifikat und privater Schlüssel sind nicht lesbar oder gehören nicht zusammen",
        ),
        (
            "holds a private key; give only the certificate here",
            "enthält einen privaten Schlüssel; hier gehört nur das Zertifikat hin",
        ),
        ("is no certificate in PEM form", "ist kein Zertifikat in PEM-Form (-----BEGIN CERTIFICATE-----)"),
        (
            "this key is in the old EC form",
            "der Schlüssel hat die alte EC-Form; wandeln Sie ihn um mit `openssl pkcs8 -topk8 -nocrypt`",
        ),
        (
            "the private key is protected by a passphrase",
            "der private Schlüssel hat ein Kennwort; geben Sie ihn ohne eines ein",
        ),
        (
            "this is the public part; the private key is needed",
            "das ist der öffentliche Teil; nötig ist der private Schlüssel",
        ),
        (
            "this private key cannot be used",
            "dieser private Schlüssel geht nicht; möglich sind RSA ab 2048 Bit und EC auf P-256 oder P-384",
        ),
        (
            "this is no private key in PEM form",
            "das ist kein privater Schlüssel in PEM-Form (-----BEGIN PRIVATE KEY-----)",
        ),
        ("is not in a network that this server may call", "liegt in keinem Netz, in dem dieser Server anfragen darf"),
        ("nothing was found there", "dort wurde nichts gefunden"),
    ],
};
