-- name: ClientByEmail :one
SELECT id, name, phone FROM clients WHERE email = ?;

-- name: ClientByPhone :one
SELECT id, name, email FROM clients WHERE phone = ?;

-- name: BarbersOfShop :many
SELECT id, name FROM barbers WHERE shop_id = ? AND active ORDER BY name;

-- name: LatestReviewsOfBarber :many
SELECT rating, body, created_at FROM reviews WHERE barber_id = ? ORDER BY created_at DESC LIMIT 10;

-- name: ReviewsOfBarbersRecentClients :many
-- Reviews written by clients who came in the last weeks.
SELECT r.rating, c.name
FROM reviews AS r
JOIN appointments AS a ON a.id = r.appointment_id
JOIN clients AS c ON c.id = a.client_id
WHERE a.barber_id = ? AND a.start_time > ?;
