//! `keycloak` of crates.io, unmodified, over all its resources but those of features that are off.
//!     BASE=http://localhost:8080 ADMIN=admin PASSWORD=admin cargo run

#![allow(deprecated)] // what is deprecated is still there, and called

mod reads;
mod world;
mod writes;

use std::process::ExitCode;

use keycloak::types::{GroupRepresentation, OrganizationRepresentation};
use world::{Admin, REALM, Report, World};

#[tokio::main]
async fn main() -> ExitCode {
    let admin = world::connect().await;
    let world = world::make(&admin).await;
    let mut report = Report::default();
    reads::all(&admin, &world, &mut report).await;
    writes::back(&admin, &world, &mut report).await;
    writes::lives(&admin, &mut report).await;
    writes::acts(&admin, &world, &mut report).await;
    reads::all(&admin, &world, &mut report).await;
    organizations(&admin, &world, &mut report).await;
    report.note("delete the realm", admin.realm_delete(REALM).await.map(drop));
    for wrong in &report.wrong {
        eprintln!("{wrong}");
    }
    let failed = report.wrong.len();
    println!("{} passed, {failed} failed", report.called - failed.min(report.called));
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// An organization with a member and a group, read and written.
async fn organizations(admin: &Admin, world: &World, report: &mut Report) {
    let acme = OrganizationRepresentation {
        name: Some("acme".into()),
        ..Default::default()
    };
    let id = match admin.realm_organizations_post(REALM, acme).await {
        Ok(answer) => answer.to_id().unwrap_or_default().to_owned(),
        Err(error) => return report.note("make an organization", Err(error)),
    };
    let member = admin
        .realm_organizations_with_org_id_members_post(REALM, &id, world.user.clone())
        .await;
    report.note("add a member", member.map(drop));
    let link = admin
        .realm_organizations_with_org_id_identity_providers_post(REALM, &id, "far".into())
        .await;
    report.note("link a provider", link.map(drop));
    let crew = GroupRepresentation {
        name: Some("staff".into()),
        ..Default::default()
    };
    let group = match admin
        .realm_organizations_with_org_id_groups_post(REALM, &id, crew)
        .await
    {
        Ok(answer) => answer.to_id().unwrap_or_default().to_owned(),
        Err(error) => return report.note("make a group", Err(error)),
    };
    reads::organizations(admin, world, report, &id, &group).await;
    match admin.realm_organizations_with_org_id_get(REALM, &id).await {
        Ok(read) => report.note(
            "write it back",
            admin
                .realm_organizations_with_org_id_put(REALM, &id, read)
                .await
                .map(drop),
        ),
        Err(error) => report.note("read it", Err(error)),
    }
    report.note(
        "delete it",
        admin.realm_organizations_with_org_id_delete(REALM, &id).await.map(drop),
    );
}
