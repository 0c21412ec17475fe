// Keycloak's Account Console.
import { Header, KeycloakProvider, PageNav, routes } from "@keycloak/keycloak-account-ui";
import "account-ui.css";
import { Page, Spinner } from "@patternfly/react-core";
import { Suspense } from "react";
import { createBrowserRouter, Outlet } from "react-router-dom";
import { environment, start } from "./start.jsx";

const Root = () => (
  <KeycloakProvider environment={environment}>
    <Page header={<Header />} sidebar={<PageNav />} isManagedSidebar>
      <Suspense fallback={<Spinner />}>
        <Outlet />
      </Suspense>
    </Page>
  </KeycloakProvider>
);

const home = decodeURIComponent(new URL(environment.baseUrl).pathname);
start("account", createBrowserRouter([{ path: home, element: <Root />, children: routes }]));
