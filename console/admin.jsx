// Keycloak's Admin Console.
import { AdminUi, KeycloakProvider, routes } from "@keycloak/keycloak-admin-ui";
import "@keycloak/keycloak-admin-ui/styles.css";
import { createHashRouter } from "react-router-dom";
import { environment, start } from "./start.jsx";

const Root = () => (
  <KeycloakProvider environment={environment}>
    <AdminUi />
  </KeycloakProvider>
);

start("admin", createHashRouter([{ path: "/", element: <Root />, children: routes }]));
