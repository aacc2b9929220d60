"""Every page and dialog of the console, by a short name: where it is below an environment's address, or whole."""

from __future__ import annotations

from console.story import CUSTOMER, Story


def every_page(story: Story) -> dict[str, str]:
    customer = f"/customers/{CUSTOMER}"
    wallet = "currencyId=tokens"
    return {
        "overview": "",
        "customers": "/customers",
        "customers-nobody": "/customers?search=nobody",
        "customer-new": "/new/customer",
        "wallets": customer,
        "usage": f"{customer}/usage?groupBy=model",
        "grants": f"{customer}/grants",
        "ledger": f"{customer}/ledger",
        "balance": f"{customer}/balance",
        "reservations": f"{customer}/reservations",
        "recharge": f"{customer}/auto-recharge",
        "recharge-edit": f"{customer}/auto-recharge/edit?{wallet}",
        "customer-invoices": f"{customer}/invoices",
        "customer-edit": f"{customer}/edit",
        "customer-archive": f"{customer}/archive",
        "grant-new": f"{customer}/grants/new",
        "grant": f"{customer}/grants/{story.grant}",
        "grant-void": f"{customer}/grants/{story.voidable}/void",
        "consume": f"{customer}/consumption/new",
        "refund": f"{customer}/consumption/refund?{wallet}&consumptionKey=request-1",
        "invoices": "/invoices",
        "invoice": f"/invoices/{story.invoice}",
        "invoice-mark-paid": f"/invoices/{story.invoice}/mark-paid",
        "invoice-cancel": f"/invoices/{story.invoice}/cancel",
        "currencies": "/currencies",
        "currency-new": "/new/currency",
        "currency-archive": "/currencies/tokens/archive",
        "webhooks": "/webhooks",
        "webhook-new": "/new/webhook",
        "webhook": f"/webhooks/{story.webhook}",
        "webhook-switch": f"/webhooks/{story.webhook}/switch",
        "webhook-remove": f"/webhooks/{story.webhook}/remove",
        "webhook-test": f"/webhooks/{story.webhook}/test",
        "api-keys": "/api-keys",
        "api-key-new": "/new/api-key",
        "audit-log": "/audit-log",
        "people": "/people",
        "person-new": "/new/person",
        "revenue": "/revenue",
        "me": "/console/sign-in/me",
        "settings": "/settings",
        "clock": "/settings/clock",
    }
