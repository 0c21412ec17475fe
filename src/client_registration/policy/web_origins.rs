//! `registration-web-origins`: pages in browsers that may register. It refuses nobody, it lets more in.

use crate::store::realm::Component;

/// The origins.
pub(super) fn of(component: &Component) -> impl Iterator<Item = &str> {
    super::list(component, "web-origins")
}
