//! Groups and identity providers of organizations, and organizations that come with a realm.

use serde_json::{Value, json};

use super::admin_organizations::{Realm, message};
use super::support;

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_an_organization_are_its_own() {
    for server in support::servers().await {
        let realm = Realm::new(&server, json!({})).await;
        let id = realm.organization(json!({ "name": "acme" })).await;
        let (ann, bob) = (realm.user("ann").await, realm.user("bob").await);
        realm
            .send("POST", &format!("/organizations/{id}/members"), json!(ann), 201)
            .await;
        let all = format!("/organizations/{id}/groups");
        let staff = json!({ "name": "staff", "description": "d", "attributes": { "a": ["b"] } });
        let staff = realm.send("POST", &all, staff, 201).await;
        let staff = format!("{all}/{}", staff.as_str().unwrap());
        let again = realm.send("POST", &all, json!({ "name": "staff" }), 409).await;
        assert_eq!(again, message("Group with the given name already exists."));
        assert_eq!(
            realm.send("POST", &all, json!({}), 400).await,
            message("Group name is missing")
        );
        let legal = realm
            .send("POST", &format!("{staff}/children"), json!({ "name": "legal" }), 201)
            .await;
        let again = realm
            .send("POST", &format!("{staff}/children"), json!({ "name": "legal" }), 409)
            .await;
        assert_eq!(again, message("Sibling group with the given name already exists"));
        assert_eq!(realm.names(&all, "path").await, ["/staff"]);
        assert_eq!(
            realm.names(&format!("{all}?search=LEG"), "path").await,
            ["/staff/legal"]
        );
        assert_eq!(realm.names(&format!("{all}?q=a:b"), "path").await, ["/staff"]);
        assert_eq!(realm.names(&format!("{staff}/children"), "name").await, ["legal"]);
        assert_eq!(
            realm.get(&format!("{all}/group-by-path/staff/legal")).await["id"],
            legal
        );
        assert_eq!(realm.get(&staff).await["attributes"], json!({ "a": ["b"] }));
        let missing = realm.send("GET", &format!("{all}/nope"), Value::Null, 404).await;
        assert_eq!(missing, message("Group does not exist"));
        realm.send("PUT", &staff, json!({ "name": "crew" }), 204).await;

        let members = format!("{staff}/members");
        realm.send("PUT", &format!("{members}/{ann}"), Value::Null, 204).await;
        let again = realm.send("PUT", &format!("{members}/{ann}"), Value::Null, 409).await;
        assert_eq!(again, message("User is already a member of the group"));
        let other = realm.send("PUT", &format!("{members}/{bob}"), Value::Null, 400).await;
        assert_eq!(other, message("User is not member of the organization"));
        let nobody = realm.send("PUT", &format!("{members}/nope"), Value::Null, 404).await;
        assert_eq!(nobody, message("User does not exist"));
        assert_eq!(realm.names(&members, "username").await, ["ann"]);
        assert_eq!(
            realm
                .names(&format!("/organizations/{id}/members/{ann}/groups"), "path")
                .await,
            ["/crew"]
        );

        realm.send("POST", "/roles", json!({ "name": "captain" }), 201).await;
        let role = realm.get("/roles/captain").await;
        let mapped = format!("{staff}/role-mappings");
        realm.send("POST", &format!("{mapped}/realm"), json!([role]), 204).await;
        assert_eq!(realm.names(&format!("{mapped}/realm"), "name").await, ["captain"]);
        assert_eq!(realm.get(&mapped).await["realmMappings"][0]["name"], "captain");
        let of_ann = realm.get(&format!("/users/{ann}/role-mappings/realm/composite")).await;
        assert!(
            !of_ann.to_string().contains("captain"),
            "the realm's roles are given by the realm's groups only"
        );

        let plain = staff.rsplit('/').next().unwrap();
        assert_eq!(realm.get("/groups").await, json!([]));
        let refused = realm
            .send("DELETE", &format!("/groups/{plain}"), Value::Null, 400)
            .await;
        let told = "Cannot manage organization related group via non Organization API.";
        assert_eq!(refused, message(told));
        let refused = realm
            .send("PUT", &format!("/users/{bob}/groups/{plain}"), Value::Null, 400)
            .await;
        let told = "Cannot access organization related group via non Organization API.";
        assert_eq!(refused, message(told));
        realm.send("DELETE", &staff, Value::Null, 204).await;
        assert_eq!(realm.get(&format!("{all}?search=legal")).await, json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_belongs_to_one_organization() {
    for server in support::servers().await {
        let realm = Realm::new(&server, json!({})).await;
        let acme = realm
            .organization(json!({ "name": "acme", "domains": [{ "name": "acme.example" }] }))
            .await;
        let beta = realm.organization(json!({ "name": "beta" })).await;
        let all = format!("/organizations/{acme}/identity-providers");
        let provider = json!({ "alias": "op", "providerId": "oidc" });
        realm
            .send("POST", "/identity-provider/instances", provider.clone(), 201)
            .await;
        let missing = realm.send("POST", &all, json!("nope"), 400).await;
        assert_eq!(missing, message("Identity provider not found with the given alias"));
        realm.send("POST", &all, json!("op"), 204).await;
        let again = realm.send("POST", &all, json!("op"), 409).await;
        assert_eq!(
            again,
            message("Identity provider already associated to the organization")
        );
        let other = format!("/organizations/{beta}/identity-providers");
        let refused = realm.send("POST", &other, json!("op"), 400).await;
        let told = "Identity provider already associated with a different organization";
        assert_eq!(refused, message(told));
        let missing = realm.send("GET", &format!("{other}/op"), Value::Null, 404).await;
        assert_eq!(
            missing,
            message("Identity provider not associated with the organization")
        );
        assert_eq!(realm.get(&format!("{all}/op")).await["organizationId"], json!(acme));
        assert_eq!(
            realm.get("/identity-provider/instances?realmOnly=true").await,
            json!([])
        );
        assert_eq!(
            realm.names("/organizations?identityProvider=op", "name").await,
            ["acme"]
        );

        let mut led = provider.clone();
        led["config"] = json!({ "kc.org.domain": "zz.example" });
        let refused = realm
            .send("PUT", "/identity-provider/instances/op", led.clone(), 400)
            .await;
        assert_eq!(
            refused,
            message("Domain does not match any domain from the organization")
        );
        led["config"] = json!({ "kc.org.domain": "acme.example" });
        realm.send("PUT", "/identity-provider/instances/op", led, 204).await;
        assert_eq!(realm.get(&all).await[0]["config"]["kc.org.domain"], "acme.example");

        realm
            .send("PUT", &format!("{all}/op"), json!({ "autoMembership": true }), 204)
            .await;
        let links = realm.get(&format!("{all}/op")).await["organizationLinks"].clone();
        assert_eq!(links, json!([{ "organizationId": acme, "autoMembership": true }]));
        realm.send("DELETE", &format!("{all}/op"), Value::Null, 204).await;
        realm.send("DELETE", &format!("{all}/op"), Value::Null, 404).await;
        realm.send("POST", &other, json!("op"), 204).await;
        realm
            .send("DELETE", &format!("/organizations/{beta}"), Value::Null, 204)
            .await;
        assert!(
            realm
                .get("/identity-provider/instances/op")
                .await
                .get("organizationId")
                .is_none()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_comes_with_its_organizations() {
    for server in support::servers().await {
        let realm = Realm::new(
            &server,
            json!({
                "users": [{ "username": "ann", "enabled": true }, { "username": "bob", "enabled": true }],
                "identityProviders": [{ "alias": "op", "providerId": "oidc" }],
                "organizations": [{
                    "name": "Acme", "alias": "acme", "domains": [{ "name": "acme.example", "verified": true }],
                    "members": [
                        { "username": "ann", "membershipType": "MANAGED" }, { "username": "bob", "membershipType": "UNMANAGED" }
                    ],
                    "identityProviders": [{ "alias": "op" }]
                }]
            }),
        )
        .await;
        let found = realm.get("/organizations").await;
        let id = found[0]["id"].as_str().unwrap();
        assert_eq!(
            found[0]["domains"],
            json!([{ "name": "acme.example", "verified": true }])
        );
        let members = realm.get(&format!("/organizations/{id}/members")).await;
        let kinds: Vec<&str> = members
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["membershipType"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["MANAGED", "UNMANAGED"]);
        assert_eq!(
            realm
                .names(&format!("/organizations/{id}/identity-providers"), "alias")
                .await,
            ["op"]
        );
        let refused =
            json!({ "realm": "refused", "organizations": [{ "name": "a", "members": [{ "username": "nobody" }] }] });
        assert_eq!(server.admin("POST", "", refused).await.status, 400);
    }
}
