"""A small month to look at: a customer with grants of every state, usage by model, a deficit and an invoice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from support.wire import Wire

CUSTOMER = "acme"
CURRENCY = "tokens"
RETIRED = "trial-minutes"


@dataclass(frozen=True)
class Story:
    """What the pages are about."""

    grant: str
    voidable: str
    invoice: str
    webhook: str


def told(wire: Wire) -> Story:
    now = datetime.now(UTC)

    def after(**time: float) -> str:
        return (now + timedelta(**time)).isoformat()

    wire.post("/api/v1/credits/custom-currencies", {
        "id": CURRENCY, "displayName": "AI tokens", "symbol": "T", "description": "What models count",
        "units": {"singular": "token", "plural": "tokens"},
    }).raise_for_status()
    for index, name in enumerate(["Aurora Labs", "Birch & Sons", "Cobalt Freight", "Dovetail Studio"]):
        wire.post("/api/v1/customers", {
            "id": f"customer-{index}", "name": name, "email": f"billing@{index}.example.com",
        }).raise_for_status()
    wire.post("/api/v1/customers", {
        "id": CUSTOMER, "name": "Acme", "email": "billing@acme.example.com", "metadata": {"plan": "enterprise"},
    }).raise_for_status()

    def granted(name: str, amount: float, **members: object) -> dict:
        body = {"customerId": CUSTOMER, "currencyId": CURRENCY, "displayName": name, "amount": amount,
                "grantType": "PROMOTIONAL"} | members
        answer = wire.post("/api/v1/credits/grants", body)
        answer.raise_for_status()
        return answer.json()["data"]

    pack = granted("Starter pack", 1_000, grantType="PAID", cost={"amount": 49, "currency": "usd"},
                   paymentCollectionMethod="NONE", expireAt=after(days=365))
    granted("Welcome credits", 250, priority=10, expireAt=after(days=20))
    granted("Anniversary gift", 100, effectiveAt=after(days=7))
    mistake = granted("Granted by mistake", 500, priority=90)
    invoiced = granted("Team pack", 5_000, grantType="PAID", cost={"amount": 199, "currency": "usd"},
                       paymentCollectionMethod="INVOICE")
    granted("For the support desk", 75, resourceId="support-desk")
    models = [("large", 12.5), ("medium", 4), ("small", 0.75)]
    for number in range(90):
        model, amount = models[number % 3]
        wire.post("/api/v1/credits/consumption", {
            "customerId": CUSTOMER, "currencyId": CURRENCY, "amount": amount * (1 + number % 5),
            "idempotencyKey": f"request-{number}", "createdAt": after(days=-(number % 30), minutes=-5),
            "dimensions": {"model": model},
        }).raise_for_status()
    wire.post("/api/v1/credits/consumption", {
        "customerId": "customer-1", "currencyId": CURRENCY, "amount": 40, "idempotencyKey": "too-much",
    }).raise_for_status()
    wire.post("/api/v1/credits/reservations", {
        "customerId": CUSTOMER, "currencyId": CURRENCY, "reservationId": "job-1", "amount": 30, "ttlSeconds": 86_000,
    }).raise_for_status()
    wire.put("/api/v1/credits/recurring-grants/support-desk-plan", {
        "customerId": CUSTOMER, "currencyId": CURRENCY, "resourceId": "support-desk", "displayName": "Monthly plan",
        "amount": 150, "cadence": "MONTH",
    }).raise_for_status()
    wire.post("/api/v1/credits/custom-currencies", {"id": RETIRED, "displayName": "Trial minutes"}).raise_for_status()
    wire.post(f"/api/v1/credits/custom-currencies/{RETIRED}/archive").raise_for_status()
    webhook = wire.post("/api/v1/webhooks", {"url": "https://example.com/scrip", "description": "The warehouse"})
    webhook.raise_for_status()
    return Story(pack["id"], mistake["id"], invoiced["invoiceId"], webhook.json()["data"]["id"])
