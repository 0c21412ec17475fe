//! Hands a mail over to an SMTP server.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::settings::{Protection, Settings};
use crate::egress::Egress;
use crate::profile::address;
use crate::theme::email::Letter;

/// How long connecting and each answer of the server may take.
const STEP: Duration = Duration::from_secs(10);

/// How long all of it may take.
const WHOLE: Duration = Duration::from_secs(30);

/// Sends one mail now. `id` is the left part of its Message-ID: the same for each attempt, so that a mail that arrives
/// twice can be known for one.
///
/// # Errors
///
/// Why it was not accepted, for the operator.
pub async fn send_now(egress: &Egress, settings: &Settings, to: &str, id: &str, letter: &Letter) -> Result<(), String> {
    let (envelope, message) = compose(settings, to, id, letter)?;
    let transport = transport(egress, settings)?;
    let sending = transport.send_raw(&envelope, &message);
    let why = match tokio::time::timeout(WHOLE, sending).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(e)) => described(&e),
        Err(_) => format!("it took longer than {} s", WHOLE.as_secs()),
    };
    Err(format!("{}:{}: {why}", settings.host, settings.port))
}

/// An error with its causes.
fn described(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

fn compose(settings: &Settings, to: &str, id: &str, letter: &Letter) -> Result<(Envelope, Vec<u8>), String> {
    let bad = |what: &str| format!("{what} is not an address that mail can be sent to");
    let parse = |text: &str, what: &str| -> Result<Address, String> {
        let ascii = address::for_envelope(text).ok_or_else(|| bad(what))?;
        ascii.parse().map_err(|_| bad(what))
    };
    let from = parse(&settings.from, "smtpServer.from")?;
    let recipient = parse(to, "the recipient")?;
    let domain = from.domain().to_owned();
    let mut head = Message::builder()
        .from(Mailbox::new(settings.from_name.clone(), from.clone()))
        .to(Mailbox::new(None, recipient.clone()))
        .subject(letter.subject.clone())
        .message_id(Some(format!("<{id}@{domain}>")));
    if let Some(reply_to) = &settings.reply_to {
        let reply_to = parse(reply_to, "smtpServer.replyTo")?;
        head = head.reply_to(Mailbox::new(settings.reply_to_name.clone(), reply_to));
    }
    let body = MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone());
    let message = head.multipart(body).map_err(|e| described(&e))?;
    let sender = match &settings.envelope_from {
        Some(path) => parse(path, "smtpServer.envelopeFrom")?,
        None => from,
    };
    let envelope = Envelope::new(Some(sender), vec![recipient]).map_err(|e| described(&e))?;
    Ok((envelope, message.formatted()))
}

fn transport(egress: &Egress, settings: &Settings) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let tls = match settings.protection {
        Protection::None => Tls::None,
        Protection::StartTls | Protection::Tls => {
            let mut parameters = TlsParameters::builder(settings.host.clone());
            for root in egress.roots() {
                let root = Certificate::from_der(root.to_vec()).map_err(|e| described(&e))?;
                parameters = parameters.add_root_certificate(root);
            }
            let parameters = parameters.build().map_err(|e| described(&e))?;
            if settings.protection == Protection::Tls {
                Tls::Wrapper(parameters)
            } else {
                Tls::Required(parameters)
            }
        }
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.clone())
        .port(settings.port)
        .tls(tls)
        .timeout(Some(STEP));
    if let Some((user, password)) = &settings.login {
        builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
    }
    Ok(builder.build())
}
