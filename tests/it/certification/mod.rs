//! The test modules by which the OpenID Foundation certifies a provider, each as a test of its name, read for what it checks and
//! written anew (`docs/certification.md`): warnings count as failures here.
//!
//! A module runs with every response type, response mode and way to authenticate that the plans combine it with ([`Variant`]), against
//! a realm as the documentation says that one is to be set up ([`Op`]), with applications that register themselves ([`rp::Rp`]).

mod answers;
mod authentication;
mod checks;
mod config;
mod flow;
mod grants;
mod objects;
mod registration;
mod requests;
mod rp;
mod scopes;
mod setup;
mod signing_out;

use crate::support::{Browser, Server};
use flow::Outcome;
use rp::{Request, Rp};
use setup::Op;

/// How an application proves itself at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Auth {
    Basic,
    Post,
    PrivateKey,
}

/// What the plans vary.
#[derive(Debug, Clone, Copy)]
struct Variant {
    response_type: &'static str,
    auth: Auth,
    form_post: bool,
}

/// The variant in which a module runs that does not depend on it.
const CODE: Variant = Variant {
    response_type: "code",
    auth: Auth::Basic,
    form_post: false,
};

impl Variant {
    fn has(self, part: &str) -> bool {
        self.response_type.split(' ').any(|one| one == part)
    }

    /// Whether userinfo can be asked.
    fn has_access(self) -> bool {
        self.has("code") || self.has("token")
    }

    /// Whether the answer comes in the query.
    fn in_query(self) -> bool {
        self.response_type == "code" && !self.form_post
    }
}

/// Those of the basic, hybrid and implicit plans, and of the form post plans.
fn common() -> Vec<Variant> {
    let mut all = Vec::new();
    for form_post in [false, true] {
        all.extend(RESPONSE_TYPES.map(|response_type| Variant {
            response_type,
            form_post,
            ..CODE
        }));
    }
    all
}

/// Those of the plans for signing out and for third parties, which may be run with any response type.
fn usual() -> Vec<Variant> {
    common().into_iter().filter(|variant| !variant.form_post).collect()
}

/// Those of the dynamic plan, which may be run with any response type.
fn dynamic() -> Vec<Variant> {
    let of = |response_type| Variant {
        response_type,
        auth: Auth::PrivateKey,
        ..CODE
    };
    RESPONSE_TYPES.map(of).to_vec()
}

/// Those of both.
fn every() -> Vec<Variant> {
    [common(), dynamic()].concat()
}

const RESPONSE_TYPES: [&str; 6] = [
    "code",
    "code id_token",
    "code token",
    "code id_token token",
    "id_token",
    "id_token token",
];

/// Runs a module in these variants, on each database.
async fn each(variants: Vec<Variant>, module: impl AsyncFn(&Op, Variant)) {
    for op in Op::all().await {
        for variant in &variants {
            // Shown if the module fails.
            println!("{variant:?}");
            module(&op, *variant).await;
        }
    }
}

/// An application of a variant, and what somebody's browser brings back for a request of it.
async fn signed_in(op: &Op, variant: Variant, change: impl FnOnce(&mut Request)) -> (Rp<'_>, Outcome) {
    let rp = Rp::register(op, variant).await;
    let mut request = rp.request();
    change(&mut request);
    let outcome = flow::run(&rp, &mut Browser::new(&op.server), &request).await;
    (rp, outcome)
}
