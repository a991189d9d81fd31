-- name: PaymentsOfAppointment :many
SELECT id, provider, amount_cents, status FROM payments WHERE appointment_id = ?;

-- name: FindByProviderReference :one
-- The payment provider's webhook asks this for every event.
SELECT id, appointment_id, status FROM payments WHERE provider = ? AND provider_reference = ?;

-- name: LatestPayments :many
SELECT id, amount_cents, created_at FROM payments ORDER BY created_at DESC LIMIT 25;

-- name: RefundedOfShop :many
SELECT p.id, p.amount_cents, p.refunded_at
FROM payments AS p
JOIN appointments AS a ON a.id = p.appointment_id
WHERE a.barber_id = ? AND p.status = 'refunded';
