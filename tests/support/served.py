"""Which of the SDK's operations are served today. An operation moves in here with the change that builds it."""

from __future__ import annotations

from support.sdk_operations import Operation, all_operations

# Method, path, and the status of success.
SERVED: dict[str, int] = {
    "POST /api/v1/credits/grants": 201,
    "GET /api/v1/credits/grants": 200,
    "POST /api/v1/credits/grants/{}/void": 200,
    "POST /api/v1/credits/reservations/{}/release": 200,
    "POST /api/v1/credits/consumption": 200,
    "POST /api/v1/credits/consumption/async": 202,
    "GET /api/v1/credits/ledger": 200,
    "GET /api/v1/credits/usage": 200,
    "GET /api/v1/credits/auto-recharge": 200,
    "POST /api/v1/credits/custom-currencies": 201,
    "GET /api/v1/credits/custom-currencies": 200,
    "PATCH /api/v1/credits/custom-currencies/{}": 200,
    "POST /api/v1/credits/custom-currencies/{}/archive": 200,
    "POST /api/v1/credits/custom-currencies/{}/unarchive": 200,
    "GET /api/v1/credits/custom-currencies/{}/associated-entities": 200,
    "POST /api/v1/customers": 201,
    "GET /api/v1/customers": 200,
    "GET /api/v1/customers/{}": 200,
    "PATCH /api/v1/customers/{}": 200,
    "POST /api/v1/customers/{}/archive": 200,
    "POST /api/v1/customers/{}/unarchive": 200,
    "POST /api/v1/customers/import": 200,
    "GET /api/v1/customers/{}/resources": 200,
    "GET /api/v1/customers/{}/invoices": 200,
    "POST /api/v1/customers/{}/payment-method": 200,
    "DELETE /api/v1/customers/{}/payment-method": 200,
    "GET /api/v1/customers/{}/integrations": 200,
    "POST /api/v1/customers/{}/integrations": 201,
    "GET /api/v1/customers/{}/integrations/{}": 200,
    "PATCH /api/v1/customers/{}/integrations/{}": 200,
    "DELETE /api/v1/customers/{}/integrations/{}": 200,
    "GET /api/v1/customers/{}/entitlements": 200,
    "GET /api/v1/customers/{}/entitlements/check": 200,
}

# What the official API lacks: served under the same prefix.
EXTENSIONS: dict[str, int] = {
    "GET /api/v1/credits/grants/{}": 200,
    "PATCH /api/v1/credits/grants/{}": 200,
    "GET /api/v1/credits/balances": 200,
    "GET /api/v1/credits/balances/explain": 200,
    "POST /api/v1/credits/reservations": 200,
    "GET /api/v1/credits/reservations": 200,
    "GET /api/v1/credits/reservations/{}": 200,
    "POST /api/v1/credits/reservations/{}/extend": 200,
    "POST /api/v1/credits/consumption/refund": 200,
    "GET /api/v1/credits/ledger/export": 200,
    "GET /api/v1/events-log": 200,
    "PUT /api/v1/credits/auto-recharge": 200,
    "PUT /api/v1/credits/recurring-grants/{}": 200,
    "GET /api/v1/credits/recurring-grants/{}": 200,
    "DELETE /api/v1/credits/recurring-grants/{}": 200,
    "GET /api/v1/credits/recurring-grants": 200,
    "GET /api/v1/invoices": 200,
    "GET /api/v1/invoices/{}": 200,
    "POST /api/v1/invoices/{}/mark-paid": 200,
    "POST /api/v1/invoices/{}/cancel": 200,
    "POST /api/v1/invoices/{}/refund": 200,
    "POST /api/v1/invoices/{}/retry": 200,
    "POST /api/v1/test-clock": 200,
    "GET /api/v1/test-clock": 200,
    "POST /api/v1/webhooks": 201,
    "GET /api/v1/webhooks": 200,
    "GET /api/v1/webhooks/{}": 200,
    "PATCH /api/v1/webhooks/{}": 200,
    "POST /api/v1/webhooks/{}/rotate-secret": 200,
    "POST /api/v1/webhooks/{}/test": 200,
    "GET /api/v1/webhooks/{}/deliveries": 200,
    "GET /api/v1/webhooks/{}/deliveries/{}": 200,
    "POST /api/v1/webhooks/{}/deliveries/{}/redeliver": 200,
    "DELETE /api/v1/webhooks/{}": 200,
    "POST /api/v1/api-keys": 201,
    "GET /api/v1/api-keys": 200,
    "GET /api/v1/api-keys/{}": 200,
    "PATCH /api/v1/api-keys/{}": 200,
    "DELETE /api/v1/api-keys/{}": 200,
    "POST /api/v1/api-keys/{}/rotate-secret": 200,
    "POST /api/v1/people": 201,
    "GET /api/v1/people": 200,
    "GET /api/v1/people/{}": 200,
    "PATCH /api/v1/people/{}": 200,
    "DELETE /api/v1/people/{}": 200,
    "POST /api/v1/people/{}/sign-in-link": 201,
    "GET /api/v1/people/{}/sessions": 200,
    "DELETE /api/v1/people/{}/sessions/{}": 200,
    "GET /api/v1/audit-log": 200,
    # Together, and the last: while there is a provider, nothing else is as it was.
    "POST /api/v1/providers/stripe/{}/events": 200,
    "GET /api/v1/payment-provider": 200,
    "PUT /api/v1/payment-provider": 200,
    "DELETE /api/v1/payment-provider": 200,
}


def served() -> list[Operation]:
    operations = all_operations()
    return [operations[name] for name in SERVED]


def not_served() -> list[Operation]:
    return [operation for name, operation in sorted(all_operations().items()) if name not in SERVED]
