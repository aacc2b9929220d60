"""A browser goes to an issuer of OpenID Connect and comes back signed in."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect
from support.issuer import CLIENT, issuing
from support.server import running

from console.signing_in import EMAIL, signed_in


def test_somebody_goes_to_the_issuer_and_comes_back_signed_in(browser: Browser, directory: Path) -> None:
    with issuing(EMAIL) as issuer:
        arguments = ("--oidc-issuer", issuer.name, "--oidc-client-id", CLIENT, "--oidc-name", "Example Login")
        with running(directory, arguments=arguments) as server:
            signed_in(browser, server)
            context = browser.new_context()
            page = context.new_page()
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            wanted = f"{server.url}/console/sandbox/customers?search=a%26b"
            page.goto(wanted)
            page.get_by_text("Sign in with Example Login").click()
            expect(page.get_by_role("heading", name="Customers")).to_be_visible()
            assert page.url == wanted
            assert issuer.asked.count("/authorize") == issuer.asked.count("/token") == 1
            assert complaints == []
            context.close()
